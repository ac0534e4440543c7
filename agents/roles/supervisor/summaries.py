"""Aggregations as a goal says them: `average and maximum salary by department and month`."""

from __future__ import annotations

from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.aggregation import FUNCTIONS, PERIODS, Measure, Summary
from agents.roles.supervisor.intents import Clause
from agents.roles.supervisor.reading import Reading

_STOPS = v.word_set(
    "per by for from in over and , grouped group to into each every on as called named refreshed updated "
    "using based across with broken split of at . ; ! ? ( ) or out run stored then within between & plus"
)
_BEING = v.word_set("is are was were be been has have had do did does we i they that which")
_DISTINCT = frozenset(["unique", "distinct", "different"])
_MOVERS = v.word_set(
    "pipeline job sync load feed refresh copy import run update ingestion extract schedule process etl replication"
)


class _Parser:
    """One clause, read from left to right."""

    def __init__(self, reading: Reading, clause: Clause, columns: frozenset[str]) -> None:
        self.columns = columns
        self.tokens, self.at, self.end = reading.tokens, clause.start, clause.end
        self.measures: list[Measure] = []
        self.groups: list[tuple[str, ...]] = []
        self.period: str | None = None
        self.builds = False
        self.claimed: list[int] = []

    def word(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at].word if at < self.end and self.tokens[at].kind != "number" else ""

    def take(self) -> str:
        self.claimed.append(self.at)
        self.at += 1
        return self.tokens[self.at - 1].word

    def nouns(self) -> tuple[str, ...]:
        found: list[str] = []
        while self.at < self.end and self.word() and self.word() not in _STOPS and not self._is_measuring():
            if found and self.word() in _BEING:
                break
            word = self.take()
            if word not in v.STOP and word not in v.GENERIC:
                found += word.split("_")
            if (
                found
                and self.word() in ("of", "in", "to")
                and "".join([*found, self.word(), self.word(1)]) in self.columns
            ):
                found += [self.take(), self.take()]
        return tuple(found)

    def _is_measuring(self) -> bool:
        """Whether the word is a function, and not a column called like one (`order total by channel`)."""
        return self.word() in FUNCTIONS and not self._is_column()

    def _is_column(self) -> bool:
        ends = self.word(1) in _STOPS or self.word(1) == ""
        return ends and self.word(1) not in ("of", "and", ",", "&") and self.word() in self.columns

    def run(self) -> None:
        while self.at < self.end:
            word = self.word()
            if word in FUNCTIONS and self._is_function():
                self._measure()
            elif (word in ("per", "by", "across") or (word == "for" and self.word(1) in ("each", "every"))) and (
                self.measures or self.builds
            ):
                self._grouping()
            elif word in PERIODS and word.endswith(("ly", "al")) and self._adjective():
                self._adjective_measure()
            elif self.builds and not self.measures and self._plain():
                self.measures.append(Measure("sum", self.nouns()))
            else:
                self.builds = self.builds or word in v.BUILD
                self.at += 1

    def _is_function(self) -> bool:
        word, following = self.word(), self.word(1)
        if word in ("min", "max") and self.at > 0 and self.tokens[self.at - 1].kind == "number":
            return False
        if word in ("number", "many"):
            return following == "of" or (word == "many" and self.at > 0 and self.tokens[self.at - 1].word == "how")
        return word != "latest" or following not in ("", "data", "version")

    def _measure(self) -> None:
        functions, distinct = [FUNCTIONS[self.take()]], False
        while self.word() in (
            "of",
            "the",
            "and",
            ",",
            "or",
            "up",
            "all",
            "a",
            "its",
            "their",
            "&",
            *_DISTINCT,
            *FUNCTIONS,
        ):
            if self._is_column():
                break
            if self.word() in ("and", ",", "or", "&") and not (self.word(1) in FUNCTIONS or self.word(2) in FUNCTIONS):
                break
            word = self.take()
            distinct = distinct or word in _DISTINCT
            if word in FUNCTIONS:
                functions = [f for f in functions if not (f == "sum" and word in ("number", "count"))] + [
                    FUNCTIONS[word]
                ]
        nouns = self.nouns()
        if self.word() in FUNCTIONS and FUNCTIONS[self.word()] == "count" and self.word() != "number":
            self.take()
        self.measures += [Measure(function, nouns, distinct) for function in dict.fromkeys(functions)]

    def _grouping(self) -> None:
        self.take()
        while self.at < self.end:
            while self.word() in ("each", "every", "the", "and", ",", "per", "by", "&", "calendar", "their"):
                if self.word() in ("and", ",", "&") and self._new_thought(self.word(1)):
                    return
                self.take()
            nouns = self.nouns()
            if not nouns:
                return
            if len(nouns) == 1 and nouns[0] in PERIODS:
                self.period = self.period or PERIODS[nouns[0]]
            else:
                self.groups.append(nouns)
            if self.word() not in ("and", ",", "per", "by", "&"):
                return

    def _new_thought(self, word: str) -> bool:
        """Whether a word after `and` no longer lists what to group by."""
        return (word in FUNCTIONS or word in v.INGEST or word in v.STOP) and word not in ("by", "per", "the")

    def _plain(self) -> bool:
        """`revenue by day` after a verb that builds."""
        ahead = 0
        while (
            self.word(ahead)
            and self.word(ahead) not in _STOPS
            and self.word(ahead) not in v.STOP | v.GENERIC | _MOVERS | v.BUILD
        ):
            ahead += 1
        return 0 < ahead < 4 and self.word(ahead) in ("by", "per") and self.word(ahead + 1) not in ("", "the", "using")

    def _adjective(self) -> bool:
        rest = [self.word(ahead) for ahead in range(1, 4)]
        if not rest[0] or rest[0] in _MOVERS or rest[0] in _STOPS or rest[0] in v.STOP:
            return False
        return self.builds or rest[0] in FUNCTIONS or rest[1] in FUNCTIONS or rest[2] in FUNCTIONS

    def _adjective_measure(self) -> None:
        self.period = self.period or PERIODS[self.take()]
        if self.word() in FUNCTIONS:
            return
        nouns = self.nouns()
        if self.word() in FUNCTIONS:
            self.measures.append(Measure(FUNCTIONS[self.take()], nouns))
        elif nouns and nouns[-1] not in (
            "summary",
            "overview",
            "report",
            "aggregate",
            "aggregation",
            "rollup",
            "table",
        ):
            self.measures.append(Measure("sum", nouns))


def find_summary(reading: Reading, clause: Clause, columns: frozenset[str]) -> Summary | None:
    """The aggregation a clause asks for, its words claimed; None where it asks for none."""
    words = [token.word for token in reading.tokens[clause.start : clause.end]]
    if any(word in v.TRAIN for word in words) or any(
        word in ("cost", "costs", "budget", "spend", "spending", "alert", "notify")
        for word in words[:8]
        if not set(words) & v.BUILD
    ):
        return None
    parser = _Parser(reading, clause, columns)
    parser.run()
    grouped = bool(parser.groups or parser.period)
    if not parser.measures or not (grouped or parser.builds):
        return None
    if set(words) & (v.INGEST - {"get", "put", "land", "refresh", "refreshed", "feed", "bring", "load"}) and not (
        grouped and parser.builds
    ):
        return None
    for at in parser.claimed:
        reading.tokens[at].claim = "measure"
    return Summary(tuple(dict.fromkeys(parser.measures)), tuple(dict.fromkeys(parser.groups)), parser.period)
