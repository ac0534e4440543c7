"""Simple aggregations in plain words to DuckDB SQL: count, sum, average, min, max by columns and periods."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.core.catalog import snake
from agents.core.watermark import is_date
from agents.core.words import pieces, singular
from agents.roles.supervisor import vocabulary as v
from agents.roles.supervisor.entities import likeness

FUNCTIONS = {
    "count": "count", "number": "count", "many": "count", "counts": "count", "counting": "count", "total": "sum",
    "totals": "sum",
    "sum": "sum", "sums": "sum", "summed": "sum", "average": "avg", "averages": "avg", "avg": "avg", "mean": "avg",
    "minimum": "min", "min": "min", "lowest": "min", "smallest": "min", "earliest": "min", "cheapest": "min",
    "maximum": "max", "max": "max", "highest": "max", "largest": "max", "biggest": "max", "latest": "max",
    "peak": "max",
}  # fmt: skip
PERIODS = {
    "hour": "hour", "hourly": "hour", "day": "day", "daily": "day", "date": "day", "week": "week", "weekly": "week",
    "month": "month", "monthly": "month", "quarter": "quarter", "quarterly": "quarter", "year": "year",
    "yearly": "year",
    "annual": "year",
}  # fmt: skip
ADJECTIVES = {
    "hour": "hourly",
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
    "year": "yearly",
}
RICHER = re.compile(
    r"\b(?:join\w*|median|percent\w*|ratio|rank\w*|top \d+|bottom \d+|moving|rolling|cumulative|running (?:total|"
    r"sum)|year over year|"
    r"month over month|week over week|yoy|growth|trend|share of|rate of|standard deviation|variance|pivot\w*|"
    r"cohort\w*|per capita|"
    r"compared (?:to|with)|difference between|where|greater than|more than|less than|having|conversion rate|"
    r"retention rate|"
    r"deduplicat\w+|enrich\w*|combin\w+|merg\w+|union|histor(?:y|ical) of changes|scd|slowly changing)\b"
)
_NUMERIC = re.compile(r"int|dec|num|double|float|real|money|number|serial")
_RESERVED = v.word_set(
    "all and any array as asc both case cast check collate column constraint create cross default desc distinct do "
    "else end except false fetch for foreign from full grant group having in inner intersect into is join lateral "
    "leading "
    "left like limit natural not null offset on only or order outer pivot placing primary qualify references "
    "returning "
    "right select show some summarize symmetric table then to trailing true union unique unpivot using variadic when "
    "where window with"
)
_CHANGE = re.compile(r"modif|updat|chang|load|ingest|sync|valid|expir|creat")


@dataclass(frozen=True, slots=True)
class Measure:
    """A function over what the words after it say."""

    function: str
    nouns: tuple[str, ...] = ()
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """An aggregation as said: measures, the columns and the period they are grouped by."""

    measures: tuple[Measure, ...]
    groups: tuple[tuple[str, ...], ...]
    period: str | None


class Unclear(Exception):
    """The words do not settle on one column; `candidates` are those that would do."""

    def __init__(self, question: str, candidates: Sequence[str]) -> None:
        super().__init__(question)
        self.candidates = tuple(candidates)


def beyond(said: str) -> str:
    """The question for SQL that no plan can hold yet."""
    return (
        f"{said!r} needs SQL richer than counts, sums, averages, minima and maxima by columns and periods. "
        "Write the SQL in a spec or configure a language model; or which simple aggregation would do?"
    )


def column_for(nouns: Sequence[str], columns: Sequence[str], table_words: Sequence[str] = ()) -> list[str]:
    """The columns that a phrase names best: all of equal score, none if nothing is near."""
    wanted = [singular(noun) for noun in nouns if noun not in v.STOP]
    exact = [c for c in columns if pieces(c) and list(map(singular, pieces(c))) == wanted]
    if exact or not wanted:
        return exact
    scores: dict[str, float] = {}
    for column in columns:
        parts = [singular(piece) for piece in pieces(column)]
        kept = [part for part in parts if part not in ("id", "is", "has", "flag") and part not in table_words] or parts
        said = [max((likeness(noun, part) for part in parts), default=0.0) for noun in wanted]
        back = [max((likeness(noun, part) for noun in wanted), default=0.0) for part in kept]
        explained = [s or (0.7 if noun in table_words else 0.0) for s, noun in zip(said, wanted, strict=True)]
        if max(said) > 0:
            scores[column] = round(0.5 * sum(explained) / len(wanted) + 0.5 * sum(back) / len(kept), 3)
    best = max(scores.values(), default=0.0)
    return [column for column, score in scores.items() if score >= best - 0.04] if best >= 0.5 else []


def numeric(columns: Mapping[str, str], key: Sequence[str] = ()) -> list[str]:
    """Columns that hold amounts: numbers that are no identifiers."""
    return [
        c
        for c, kind in columns.items()
        if _NUMERIC.search(kind) and c not in key and pieces(c)[-1:] not in (("id",), ("no",), ("key",))
    ]


def moment_column(columns: Mapping[str, str], said: Sequence[str]) -> str:
    """The column whose date says to which period a row belongs."""
    dates = [column for column, kind in columns.items() if is_date(kind)]
    named = [
        c
        for c in dates
        if any(
            likeness(singular(noun), p) >= 0.9
            for noun in said
            for p in pieces(c)
            if p not in ("date", "day", "at", "on")
        )
    ]
    own = [column for column in named or dates if not _CHANGE.search(column.lower())]
    left = own or named or dates
    if len(left) != 1:
        raise Unclear("Which column says to which period a row belongs?", left or list(columns))
    return left[0]


def to_sql(
    summary: Summary,
    columns: Mapping[str, str],
    relation: str,
    key: Sequence[str],
    table_words: Sequence[str],
    said: Sequence[str] = (),
) -> str:
    """DuckDB SQL for the summary over a relation; raises Unclear where the columns are not settled."""
    selected: list[str] = []
    if summary.period:
        column = quoted(moment_column(columns, [*said, *(n for m in summary.measures for n in m.nouns)]))
        selected.append(
            f"CAST({column} AS DATE) AS day"
            if summary.period == "day"
            else f"date_trunc('{summary.period}', {column}) AS {summary.period}"
        )
    for group in summary.groups:
        found = column_for(group, list(columns), table_words)
        if len(found) != 1:
            raise Unclear(f"Which column is {' '.join(group)!r}?", found or list(columns))
        selected.append(quoted(found[0]))
    dimensions = len(selected)
    selected += list(dict.fromkeys(_measure(measure, columns, key, table_words) for measure in summary.measures))
    grouped = f" GROUP BY {', '.join(str(n + 1) for n in range(dimensions))}" if dimensions else ""
    return f"SELECT {', '.join(selected)} FROM {relation}{grouped}"


def _measure(measure: Measure, columns: Mapping[str, str], key: Sequence[str], table_words: Sequence[str]) -> str:
    names = [singular(noun) for noun in measure.nouns]
    same = [c for c in numeric(columns, key) if list(map(singular, pieces(c))) == names]
    whole = not (same and measure.function == "sum") and (
        not names
        or all(
            any(likeness(n, word) >= 0.8 for word in table_words) or n in ("row", "record", "entry", "line")
            for n in names
        )
    )
    if measure.function == "count" or (measure.function == "sum" and whole):
        if whole and not measure.distinct:
            return "count(*) AS " + snake("_".join([*names, "count"]) if names else "row_count")
        found = column_for(names, list(columns), table_words)
        rows = len(names) > 1 and any(likeness(names[-1], word) >= 0.8 for word in table_words)
        if rows and not measure.distinct and not any(names[-1] in map(singular, pieces(c)) for c in found):
            raise Unclear(f"Only all rows can be counted, not {' '.join(names)!r}. Count by which column?", found)
        if len(found) != 1:
            raise Unclear(f"Which column is {' '.join(names)!r}?", found or list(columns))
        inner = f"DISTINCT {quoted(found[0])}" if measure.distinct or found[0] not in key else quoted(found[0])
        return f"count({inner}) AS {snake('_'.join([*names, 'count']))}"
    pool = numeric(columns, key)
    if measure.function in ("min", "max"):
        pool += [column for column, kind in columns.items() if is_date(kind)]
    found = column_for(names, pool, table_words) if names else pool
    if len(found) != 1:
        raise Unclear(f"Which column is {' '.join(names) or 'the measure'!r}?", found or pool)
    prefix = {"sum": "total", "avg": "average"}.get(measure.function, measure.function)
    alias = snake("_".join([prefix, *(names or found)]))
    return f"{measure.function}({quoted(found[0])}) AS {alias}"


def quoted(name: str) -> str:
    """The identifier as DuckDB reads it."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in _RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def name_of(summary: Summary, table_words: Sequence[str]) -> str:
    """A table name that says what it holds: daily_revenue, average_salary_by_department."""
    parts = [ADJECTIVES[summary.period]] if summary.period else []
    said = list({measure.nouns for measure in summary.measures})
    shared = len(summary.measures) > 1 and len(said) == 1
    if shared:
        parts += [*map(singular, said[0]), "summary"]
    for measure in summary.measures[: 0 if shared else None]:
        nouns = [singular(n) for n in measure.nouns] or list(table_words[-1:])
        prefix = {"sum": "", "count": "", "avg": "average"}.get(measure.function, measure.function)
        parts += [*filter(None, [prefix]), *nouns, *(["count"] if measure.function == "count" else [])]
    for at, group in enumerate(summary.groups):
        parts += ["by" if at == 0 else "and", *map(singular, group)]
    return snake("_".join(dict.fromkeys(parts)))
