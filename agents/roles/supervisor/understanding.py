"""Everything a goal's words were understood as, each with its place: the one reading that the drafting works from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.core.catalog import LAYERS, Catalog, snake
from agents.core.words import singular
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.aggregation import Summary
from agents.roles.supervisor.amounts import Money, find_budget, find_days
from agents.roles.supervisor.attributes import (
    Located,
    find_environments,
    find_keys,
    find_layers,
    find_modes,
    find_watermarks,
)
from agents.roles.supervisor.coordination import join_continued, split_coordinated
from agents.roles.supervisor.entities import Finder
from agents.roles.supervisor.intents import PRIVATE, Action, Clause, find_actions, find_clauses, find_negations
from agents.roles.supervisor.mentions import (
    Mention,
    claim_destination,
    claim_names,
    claim_purpose,
    find_mentions,
    resolve,
)
from agents.roles.supervisor.reading import Reading, read
from agents.roles.supervisor.schedule import Schedule, find_schedules
from agents.roles.supervisor.summaries import find_summary
from agents.roles.supervisor.systems import find_connections, join_listed

_SPENDING = re.compile(
    r"\b(?:daily|weekly|monthly|quarterly|yearly|annual) (?:cloud )?(?:costs?|budget|bill|spend(?:ing)?|limit|cap|"
    r"expenses?)\b|\bper month\b|\ba month\b"
)
_SPAN = re.compile(
    r"\b(?:\d+|an?|one|half an?|couple of) ?-?(?:days?|weeks?|months?|years?|yrs?|quarters?|"
    r"decades?)\b"
)
_KEEPING = re.compile(
    r"\b(?:keep|kept|keeping|retain\w*|retention|older|archiv\w*|purg\w*|delet\w*|remov\w*|expir\w*|drop\w*|store|"
    r"hold|preserv\w*|discard\w*|eras\w*|age)\b"
)
_CALLED = re.compile(
    r"\b(?:called|named|(?:name|call) (?:it|this|the (?:table|result|dataset)))(?: the| it)? "
    r"(?P<name>(?:[a-z]+/)?[^\W\d]\w*(?: (?!in\b|to\b|from\b|every\b|"
    r"each\b|at\b|on\b|and\b|with\b|daily\b|hourly\b|weekly\b|monthly\b|nightly\b|by\b|for\b|refreshed\b|using\b|"
    r"layer\b|table\b|that\b)[^\W\d]\w*){0,4})"
)
_AS = re.compile(r"\b(?:as|into) (?P<name>[a-z]\w*_\w+)\b(?! (?:as|for)\b)")
_INTO = re.compile(
    r"\b(?:as|into|to|in|onto|under|at|table|be)(?: the| a)?(?: table)? (?P<name>(?:"
    + "|".join(LAYERS)
    + r")[/.][^\W\d]\w*)"
)


@dataclass(slots=True)
class Understanding:
    """The facts of one goal."""

    reading: Reading
    finder: Finder
    clauses: list[Clause]
    mentions: list[Mention]
    actions: list[Action]
    negations: list[range]
    connections: list[Located[frozenset[str]]]
    missing: list[str]
    schedules: list[Located[Schedule]]
    layers: list[Located[str]]
    modes: list[Located[str]]
    watermarks: list[Located[str]]
    keys: list[Located[tuple[str, ...]]]
    names: list[Located[str]]
    summaries: dict[int, Summary]
    environments: list[str]
    budget: Money | None
    to_lake: bool

    def words(self, clause: Clause) -> list[str]:
        """The words of a clause."""
        return [token.word for token in self.reading.tokens[clause.start : clause.end]]

    def text(self, clause: Clause) -> str:
        """The clause as one text."""
        return " ".join(self.words(clause))

    def negated(self, at: int) -> bool:
        """Whether a negation covers the token."""
        return any(at in stretch for stretch in self.negations)

    def clause_at(self, at: int) -> Clause:
        """The clause that holds a token."""
        return next((clause for clause in self.clauses if clause.start <= at < clause.end), self.clauses[-1])

    def in_clause(self, clause: Clause) -> list[Mention]:
        """The clause's mentions of tables."""
        return [mention for mention in self.mentions if clause.start <= mention.at < clause.end]


def understand(text: str, catalog: Catalog, custom: Mapping[str, Mapping[str, Sequence[str]]]) -> Understanding:
    """Read a goal against a catalog."""
    finder = Finder(catalog)
    reading = read(text, finder.known, lambda word: _correct(finder, word))
    clauses = find_clauses(reading)
    names = _names(reading, finder)
    summaries = {
        clause.start: summary
        for clause in clauses
        if (summary := find_summary(reading, clause, finder.spelled_columns))
    }
    taken = claim_names(reading, finder)
    clauses = join_continued(reading, find_clauses(reading) or clauses, summaries)
    budget = find_budget(reading)
    for _, where in list(reading.find(_SPENDING)):
        reading.claim(where, "spending")
    _claim_spans(reading)
    watermarks = find_watermarks(reading, finder.columns)
    keys = find_keys(reading)
    modes = find_modes(reading)
    clauses = split_coordinated(reading, finder, clauses, _times_left(reading))
    schedules = _schedules(reading, clauses)
    environments = find_environments(reading)
    layers = find_layers(reading)
    to_lake = claim_destination(reading)
    connections, missing = find_connections(reading, finder)
    _release_spending(reading)
    actions = find_actions(reading, {a: {k: tuple(p) for k, p in m.items()} for a, m in custom.items()})
    negations = find_negations(reading, clauses)
    for action in actions:
        after = [token.word for token in reading.tokens[action.at + 1 : action.at + 2]]
        action.negated = any(action.at in stretch for stretch in negations) or after in (["nothing"], ["none"])
    _claim_private(reading, finder, actions, clauses)
    _claim_rest(reading, finder, actions, clauses)
    claim_purpose(reading)
    mentions = _systems(finder, find_mentions(reading, finder, taken), connections)
    connections = join_listed(reading, connections)
    return Understanding(
        reading, finder, clauses, mentions, actions, negations, connections, missing, schedules, layers, modes,
        watermarks, keys, names, _still(summaries, clauses), environments, budget, to_lake,
    )  # fmt: skip


def _systems(finder: Finder, mentions: list[Mention], connections: list[Located[frozenset[str]]]) -> list[Mention]:
    """Phrases that name no table but describe a connection (`what the agency uploads`) name that connection."""
    kept: list[Mention] = []
    for mention in mentions:
        unknown = not mention.exact and not resolve(finder, mention, lambda _: True)[0]
        plain = unknown and all(map(str.isalpha, mention.nouns))
        names = finder.connections_like(mention.nouns, 0.95) if plain else []
        if names:
            connections.append(Located(mention.at, frozenset(names)))
        else:
            kept.append(mention)
    connections.sort(key=lambda located: located.at)
    return kept


def _still(summaries: dict[int, Summary], clauses: list[Clause]) -> dict[int, Summary]:
    """Summaries by the start of the clause that now holds them."""
    return {next((c.start for c in clauses if c.start <= start < c.end), start): s for start, s in summaries.items()}


def _correct(finder: Finder, word: str) -> str:
    if word in v.STOP or word in v.COMMON:
        return word
    return finder.speller.correct(word)


def _names(reading: Reading, finder: Finder) -> list[Located[str]]:
    """Names the goal gives to what it makes: `layer/name` or a bare name."""
    found: list[Located[str]] = []
    for pattern in (_INTO, _CALLED, _AS):
        for match, _ in reading.find(pattern):
            if pattern is _AS and (match["name"] in finder.exact or match["name"] in finder.columns):
                continue
            where = reading.covered(match.start("name"), match.end("name"))
            name = match["name"]
            layer, slash, bare = name.replace(".", "/", 1).partition("/")
            found.append(Located(where[0], f"{layer}/{snake(bare)}" if slash else snake(name)))
            reading.claim(where, "name")
    return sorted(found, key=lambda located: located.at)


def _claim_spans(reading: Reading) -> None:
    """Spans of time belong to retention where their sentence is about keeping; `every 2 days` is a schedule."""
    for match, where in list(reading.find(_SPAN)):
        before = reading.flat[: match.start()].rsplit(" . ", 1)[-1]
        if re.search(r"\b(?:every|each|once|twice|times|next|per) ?$", before):
            continue
        after = reading.flat[match.end() : match.end() + 30]
        if _KEEPING.search(before) or _KEEPING.search(after):
            reading.claim(where, "span")


def _schedules(reading: Reading, clauses: Sequence[Clause]) -> list[Located[Schedule]]:
    tokens = reading.tokens
    text = _times_left(reading)
    breaks = [
        tokens[c.start].start
        for at, c in enumerate(clauses)
        if at and (c.sentence != clauses[at - 1].sentence or tokens[c.start - 1].claim == "joint")
    ]
    found: list[Located[Schedule]] = []
    for schedule in find_schedules(text, breaks):
        if schedule.problem and "'next " in schedule.problem and any(token.word in v.TRAIN for token in tokens):
            continue
        for span in schedule.spans:
            reading.claim(reading.covered(*span), "schedule")
        found.append(Located(reading.covered(*schedule.spans[0])[0], schedule))
    return found


def _times_left(reading: Reading) -> str:
    return reading.hidden("table", "column", "money", "spending", "span", "measure", "name", "watermark", "key", "mode")


def _release_spending(reading: Reading) -> None:
    for token in reading.tokens:
        if token.claim == "spending":
            token.claim = ""


def _claim_private(reading: Reading, finder: Finder, actions: list[Action], clauses: list[Clause]) -> None:
    """What is to be masked or looked for (`emails`, `phone numbers`) names no table."""
    for action in actions:
        if action.action not in ("mask", "scan_pii"):
            continue
        home = next(clause for clause in clauses if clause.start <= action.at < clause.end)
        first, last = reading.tokens[home.start].start, reading.tokens[home.end - 1].end
        for match in PRIVATE.finditer(reading.flat, first, last):
            where = reading.covered(*match.span())
            if not any(reading.tokens[at].claim for at in where) and match.group() not in finder.spelled:
                reading.claim(where, "rest")


_AUDIENCE = re.compile(
    r"\b(?:alert|notify|warn|tell|page|email|inform|ping|message|slack)(?:s|ing)? (?P<who>(?:the |our )?\w+(?: "
    r"\w+){0,2}?) "
    r"(?=(?:(?:on|via|by|in|through|at) \w+ (?:\w+ )?)?(?:when|if|whenever|about|once|as soon|in case)\b)"
)
_REST = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, v.RESOURCES), key=len, reverse=True))}|pii|phi|personal|personally|"
    rf"sensitive|private|confidential|identifiable|"
    r"costs?|spend(?:ing)?|money|bills?|budget|cloud|azure|expenses?|limit|cap|late|delayed|fails?|failed|failing|"
    r"failures?|breaks?|broken|stale|fresh|errors?|"
    r"max|maximum|bad|invalid|wrong|stuck|hung|hanging|crashed|corrupt(?:ed)?|older|schedules?|scheduled|utc|gmt|resources?|"
    r"environment|incidents?|anomal\w+|changed|"
    r"changes|"
    r"compliant|compliance|privacy|watermark|incremental|monthly|daily|weekly|hourly|nightly|fresh|freshness|issues?|"
    r"problems?|slo|sla|outages?)\b"
)


def _of(clauses: list[Clause], at: int) -> range:
    return next((range(clause.start, clause.end) for clause in clauses if clause.start <= at < clause.end), range(0))


def _claim_rest(reading: Reading, finder: Finder, actions: list[Action], clauses: list[Clause]) -> None:
    """Words that qualify actions name no table."""
    for match in _AUDIENCE.finditer(reading.flat):
        for at in reading.covered(match.start("who"), match.end("who")):
            reading.tokens[at].claim = reading.tokens[at].claim or "audience"
    told = {at for a in actions if a.agent in ("monitoring", "incident") for at in _of(clauses, a.at)}
    for match, where in list(reading.find(_REST)):
        if where[0] in told or singular(match.group()) not in finder.spelled:
            reading.claim(where, "rest")
    for token in reading.tokens:
        if (
            not token.claim
            and token.word
            in v.PROVISION - {"order", "orders"} | v.DESTROY | v.BUILD | {"stay", "exceed", "below", "above"}
            and token.kind == "word"
        ):
            token.claim = "rest"


def find_days_in(understanding: Understanding, clause: Clause) -> int | None:
    """The span of time a clause names, in days."""
    tokens = understanding.reading.tokens
    found = find_days(understanding.reading, tokens[clause.start].start, tokens[clause.end - 1].end)
    return found[0] if found else None
