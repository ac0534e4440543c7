"""Profile a table: a pass for what every column has, a sample for shapes, a pass to count what shapes suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agents.tools.profiling.determined import determined
from agents.tools.profiling.draft import HORIZONS, Draft, future_of, negatives_of, tail_of
from agents.tools.profiling.facts import SAMPLE, TABLE, Facts, number_of
from agents.tools.profiling.pairs import ordered_pairs
from agents.tools.profiling.patterns import missing_together, periods
from agents.tools.profiling.profile import ColumnProfile, Format, Profile, Season
from agents.tools.profiling.readable import readable, refuse_twins
from agents.tools.profiling.sampling import only, sample_of
from agents.tools.profiling.seasons import seasons
from agents.tools.profiling.semantics import semantic_of
from agents.tools.profiling.tails import LEVELS, reach
from assets.kinds.rules.columns import TIMES, Column, columns_of, instant_literal, text_literal
from assets.kinds.rules.compiled import count_where
from assets.kinds.rules.regex import to_re2
from assets.kinds.rules.session import session

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from assets.kinds.rules.reading import Dataset

SAMPLE_ROWS = 50_000
BLANKS = ("", "-", "--", "?", "n/a", "na", "null", "none", "nan", "unknown", "tbd", "undefined", "#n/a")
_COLUMN = "column_"
_SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)


def profile_table(
    dataset: Dataset, *, key: Sequence[str] = (), now: datetime, sample_rows: int | None = None
) -> Profile:
    """The table's profile. Counts are of all rows; quantiles and formats are learnt from an even sample.

    Raises SourceError where a text is not UTF-8 or two columns share a name.
    """
    refuse_twins(columns_of(dataset.schema).values())
    with readable():
        return _profile(dataset, tuple(key), now, sample_rows)


def _profile(dataset: Dataset, key: tuple[str, ...], now: datetime, sample_rows: int | None) -> Profile:
    drafts = {name: Draft(column) for name, column in columns_of(dataset.schema).items()}
    with session() as con:
        con.register(TABLE, dataset)
        rows = int(con.execute(f"SELECT count(*) FROM {TABLE}").fetchall()[0][0])
        sample = sample_of(dataset, rows, sample_rows or SAMPLE_ROWS)
        con.register(SAMPLE, sample)
        _first_pass(con, drafts)
        _shapes(con, drafts, sample)
        _distincts(con, drafts, dataset)
        _second_pass(con, drafts, now)
        _blanks(con, drafts, dataset)
        volumes = seasons(con, drafts, dataset)
        columns = {name: _finish(draft, rows, volumes.get(name)) for name, draft in drafts.items()}
        keys = _keys(con, columns, key, rows)
        ordered = ordered_pairs(con, [draft.column for draft in drafts.values()])
    return Profile(rows, columns, keys, key, ordered, sample.num_rows, determined(drafts, sample))


def _first_pass(con: duckdb.DuckDBPyConnection, drafts: Mapping[str, Draft]) -> None:
    facts = Facts(con, TABLE)
    for name, draft in drafts.items():
        column = draft.column
        facts.ask(name, "present", count_where(column.present))
        if column.family == "other":
            continue
        facts.ask(name, "distinct", f"approx_count_distinct({column.value})")
        if column.family == "text":
            facts.ask(name, "shortest", f"min(length({column.sql}))")
            facts.ask(name, "longest", f"max(length({column.sql}))")
        elif column.family in TIMES:
            facts.ask(name, "min", f"CAST(min({column.sql}) AS VARCHAR)")
            facts.ask(name, "max", f"CAST(max({column.sql}) AS VARCHAR)")
        elif column.family != "null":
            value = number_of(column) if column.family == "float" else column.value
            facts.ask(name, "min", f"min({value})")
            facts.ask(name, "max", f"max({value})")
    for (name, fact), value in facts.answer().items():
        drafts[name].facts[fact] = value


def _shapes(con: duckdb.DuckDBPyConnection, drafts: Mapping[str, Draft], sample: pa.Table) -> None:
    facts = Facts(con, SAMPLE)
    upper = list(LEVELS)
    lower = [round(1 - level, 3) for level in LEVELS]
    for name, draft in drafts.items():
        number = number_of(draft.column)
        if number:
            for fact, levels in (("upper", upper), ("lower", lower), ("shown", _SHOWN)):
                facts.ask(name, fact, f"quantile_cont({number}, [{', '.join(map(str, levels))}])")
    for (name, fact), value in facts.answer().items():
        drafts[name].facts[fact] = value
    for name, draft in drafts.items():
        if draft.facts.get("upper") is not None:
            _tails(draft)
            draft.monotone = _rises(sample.column(name))
        draft.semantic = semantic_of(draft, sample)
        if draft.semantic == "category" and draft.column.family == "text":
            draft.monotone = periods(sample.column(name))
    for name in missing_together(sample):
        drafts[name].together = True


def _tails(draft: Draft) -> None:
    up, down = draft.facts["upper"], draft.facts["lower"]
    draft.middle, draft.quantiles = up[0], tuple(draft.facts["shown"])
    unit = 1.0 if draft.column.family == "integer" else 0.0
    draft.upper = reach(up, unit)
    mirrored = reach([-value for value in down], unit)
    draft.lower = None if mirrored is None else -mirrored


def _rises(values: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    there = values.drop_null().combine_chunks()
    if len(there) < 3:
        return False
    steps = pc.call_function("greater_equal", [there.slice(1), there.slice(0, len(there) - 1)])
    return steps.true_count == len(steps)


def _distincts(con: duckdb.DuckDBPyConnection, drafts: Mapping[str, Draft], dataset: Dataset) -> None:
    for draft in drafts.values():
        estimate, present, value = draft.facts.get("distinct", 0), draft.facts["present"], draft.column.value
        draft.distinct = (min(int(estimate), present), False)
        if draft.semantic in ("category", "identifier"):
            con.register(_COLUMN, only(dataset, [draft.column.name]))
        if draft.semantic == "category":
            found = con.execute(
                f"SELECT {value} AS v, count(*) AS n FROM {_COLUMN} WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v"
            ).fetchall()
            draft.top = tuple((str(v), int(n)) for v, n in found)
            draft.distinct = (len(found), True)
        elif draft.semantic == "identifier":
            sql = f"SELECT count(*) FROM (SELECT DISTINCT {value} AS v FROM {_COLUMN} WHERE v IS NOT NULL)"
            draft.distinct = (int(con.execute(sql).fetchall()[0][0]), True)


def _second_pass(con: duckdb.DuckDBPyConnection, drafts: Mapping[str, Draft], now: datetime) -> None:
    facts = Facts(con, TABLE)
    for name, draft in drafts.items():
        column, number = draft.column, number_of(draft.column)
        if column.family in TIMES:
            for days in HORIZONS:
                ahead = _moment(column, now + timedelta(days=days))
                facts.ask(name, f"ahead {days}", count_where(f"{column.sql} > {ahead}"))
        if number and draft.quantiles:
            _ask_tails(facts, draft, number)
        if draft.format:
            pattern = text_literal(to_re2(draft.format[1], name))
            facts.ask(name, "follows", count_where(f"regexp_matches({column.sql}, {pattern})"))
        if column.family == "text":
            facts.ask(name, "blanks", count_where(_is_blank(column)))
    for (name, fact), value in facts.answer().items():
        drafts[name].facts[fact] = value


def _blanks(con: duckdb.DuckDBPyConnection, drafts: Mapping[str, Draft], dataset: Dataset) -> None:
    for draft in drafts.values():
        if draft.facts.get("blanks"):
            con.register(_COLUMN, only(dataset, [draft.column.name]))
            sql = f"SELECT lower(trim({draft.column.sql})) AS v, count(*) FROM {_COLUMN}"
            found = con.execute(f"{sql} WHERE {_is_blank(draft.column)} GROUP BY v ORDER BY v").fetchall()
            draft.blanks = tuple((str(v), int(n)) for v, n in found)


def _is_blank(column: Column) -> str:
    words = ", ".join(text_literal(word) for word in BLANKS)
    return f"(length({column.sql}) <= 12 AND lower(trim({column.sql})) IN ({words}))"


def _moment(column: Column, at: datetime) -> str:
    """A moment in the column's own kind of time: a comparison across kinds costs a conversion for each row."""
    if column.family == "instant":
        return instant_literal(at)
    return f"TIMESTAMP '{at.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}'"


def _ask_tails(facts: Facts, draft: Draft, number: str) -> None:
    name = draft.column.name
    for side, limit, beyond, within in (("high", draft.upper, ">", "max"), ("low", draft.lower, "<", "min")):
        if limit is not None:
            nearest = "min" if within == "max" else "max"
            facts.ask(name, f"{side} count", count_where(f"{number} {beyond} {limit!r}"))
            facts.ask(name, f"{side} inside", f"{within}(CASE WHEN NOT {number} {beyond} {limit!r} THEN {number} END)")
            facts.ask(name, f"{side} outside", f"{nearest}(CASE WHEN {number} {beyond} {limit!r} THEN {number} END)")
    if draft.column.family in TIMES:
        return
    facts.ask(name, "negative", count_where(f"{number} < 0"))
    facts.ask(name, "negative middle", f"median(CASE WHEN {number} < 0 THEN -{number} END)")
    small = abs(draft.middle) * 0.1
    small = max(1.0, small) if draft.column.family == "integer" else small
    facts.ask(name, "small", count_where(f"{number} > 0 AND {number} <= {small!r}"))
    facts.ask(name, "small negative", count_where(f"{number} < 0 AND {number} >= {-small!r}"))


def _finish(draft: Draft, rows: int, season: Season | None) -> ColumnProfile:
    facts, column = draft.facts, draft.column
    formats = (Format(*draft.format, facts["follows"]),) if draft.format else ()
    future, horizon = future_of(facts)
    lengths = (facts["shortest"], facts["longest"]) if facts.get("longest") is not None else None
    return ColumnProfile(
        column.name,
        column.type,
        column.family,
        draft.semantic,
        rows,
        rows - facts["present"],
        *draft.distinct,
        minimum=facts.get("min"),
        maximum=facts.get("max"),
        quantiles=draft.quantiles,
        top=draft.top,
        blanks=draft.blanks,
        formats=formats,
        lengths=lengths,
        low=tail_of(draft, "low", draft.lower),
        high=tail_of(draft, "high", draft.upper),
        negatives=negatives_of(draft),
        future=future,
        horizon=horizon,
        monotone=draft.monotone,
        missing_together=draft.together,
        quantities=draft.quantities,
        season=season,
    )


def _keys(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, ColumnProfile], declared: tuple[str, ...], rows: int
) -> tuple[tuple[tuple[str, ...], int], ...]:
    found: list[tuple[tuple[str, ...], int]] = [
        ((name,), column.present - column.distinct)
        for name, column in columns.items()
        if column.semantic == "identifier" and column.distinct_exact and column.distinct >= 0.97 * rows > 0
    ]
    known = [name for name in declared if name in columns]
    if known and len(known) == len(declared) and (declared not in [names for names, _ in found]):
        refs = ", ".join(columns_sql(known, columns))
        distinct = con.execute(f"SELECT count(*) FROM (SELECT DISTINCT {refs} FROM {TABLE})").fetchall()[0][0]
        found.insert(0, (declared, rows - int(distinct)))
    return tuple(sorted(found, key=lambda entry: (entry[0] != declared, list(columns).index(entry[0][0]))))


def columns_sql(names: Sequence[str], columns: Mapping[str, ColumnProfile]) -> list[str]:
    """SQL references of columns by name."""
    return [Column(name, columns[name].type, columns[name].family).sql for name in names]
