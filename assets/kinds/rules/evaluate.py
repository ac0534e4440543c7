"""All rules of a table in one pass over it, plus one for each uniqueness rule and each query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agents.core.errors import PlatformError
from assets.kinds.rules.columns import Column, instant_literal, quote
from assets.kinds.rules.compiled import (
    NOW,
    Aggregate,
    Broken,
    Compiled,
    Distinct,
    Foreign,
    Query,
    RowCheck,
    SchemaCheck,
    Unique,
    count_where,
)
from assets.kinds.rules.foreign import run_foreign
from assets.kinds.rules.masking import SHOWN, shape, shown
from assets.kinds.rules.reading import Dataset, Tables, local_files, offer, rows_of
from assets.kinds.rules.result import RuleResult
from assets.kinds.rules.schema_checks import judge_schema
from assets.kinds.rules.session import session
from assets.kinds.rules.uniqueness import repeats
from assets.kinds.spec import Rule

if TYPE_CHECKING:
    import duckdb

VIEW = "batch_"
EXAMPLES = 5
CATEGORIES = 50
"""Up to so many distinct texts a column is a category, whose values may be shown."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A rule and what it was compiled to."""

    rule: Rule
    check: Compiled


class Evaluation:
    """One evaluation of a table at one moment."""

    def __init__(self, con: duckdb.DuckDBPyConnection, columns: Mapping[str, Column], now: datetime, rows: int) -> None:
        self._con, self._columns, self._now, self._rows = con, columns, now, rows

    def run(self, pairs: Sequence[Pair], dataset: Dataset, tables: Tables | None) -> list[RuleResult]:
        """Results in the order of the rules; what fails in one rule fails that rule alone."""
        results: dict[int, RuleResult] = {}
        for where, some in _by_rows([pair for pair in pairs if isinstance(pair.check, RowCheck | Aggregate)]).items():
            results.update(zip(map(id, some), self._pass(some, where), strict=True))
        for where, some in _by_rows([pair for pair in pairs if isinstance(pair.check, Foreign)]).items():
            results.update(zip(map(id, some), self._foreign(some, where, dataset), strict=True))
        for pair in pairs:
            if id(pair) not in results:
                results[id(pair)] = self._apart(pair, tables)
        return [results[id(pair)] for pair in pairs]

    def _frozen(self, sql: str) -> str:
        return sql.replace(NOW, instant_literal(self._now))

    def _row(self, sql: str) -> tuple[Any, ...]:
        return self._con.execute(self._frozen(sql)).fetchall()[0]

    def _foreign(self, pairs: Sequence[Pair], where: str, dataset: Dataset) -> list[RuleResult]:
        import duckdb

        checks = [pair.check for pair in pairs if isinstance(pair.check, Foreign)]
        if where:
            names = ", ".join(quote(name) for name in dict.fromkeys(name for one in checks for name in one.columns))
            try:
                dataset = self._con.sql(f"SELECT {names} FROM {_source(where)}").to_arrow_table()
            except duckdb.Error as error:
                return [RuleResult(pair.rule, False, error=_first_line(error)) for pair in pairs]
        return run_foreign([pair.rule for pair in pairs], checks, dataset)

    def _pass(self, pairs: Sequence[Pair], where: str) -> list[RuleResult]:
        import duckdb

        # Expressions of one SELECT, each computed once however many rules ask for it.
        wanted = list(dict.fromkeys(sql for pair in pairs for sql in self._numbers(pair.check)))
        if not wanted:
            return []
        try:
            numbers = dict(zip(wanted, self._row(f"SELECT {', '.join(wanted)} FROM {_source(where)}"), strict=True))
            return self._with_examples(pairs, [self._verdict(pair, numbers) for pair in pairs], numbers)
        except duckdb.Error as error:
            if len(pairs) == 1:
                return [RuleResult(pairs[0].rule, False, error=_first_line(error))]
            # One of them cannot be computed: halve until it is found.
            middle = len(pairs) // 2
            return [*self._pass(pairs[:middle], where), *self._pass(pairs[middle:], where)]

    def _numbers(self, check: Compiled) -> tuple[str, ...]:
        """SQL for what a verdict needs: the rows, and a number; or how many are unexpected and how many are missing."""
        if isinstance(check, Aggregate):
            return ("count(*)", check.sql)
        assert isinstance(check, RowCheck)
        rows = count_where(check.where) if check.where else "count(*)"
        numbers = rows, count_where(check.bad), self._missing(check)
        # Where a row costs much to judge, its examples are taken along; else a second pass looks for those that failed.
        return (*numbers, self._least(check)) if "regexp_" in check.bad else numbers

    def _missing(self, check: RowCheck) -> str:
        column = self._columns[check.columns[0]] if check.columns else None
        if column and column.family != "float" and check.missing == f"NOT {column.present}":
            return f"count(*) - count({column.sql})"
        return count_where(check.missing) if check.missing else "0"

    def _least(self, check: RowCheck) -> str:
        return _smallest(self._columns[check.columns[0]], check.bad) if check.columns else "NULL"

    def _verdict(self, pair: Pair, numbers: Mapping[str, Any]) -> RuleResult:
        check = pair.check
        rows, first, *rest = (numbers[sql] for sql in self._numbers(check))
        if isinstance(check, Aggregate):
            holds = first is not None and check.limits.hold(first)
            observed = shown(first, category=False) if isinstance(first, str) else first
            return RuleResult(pair.rule, holds, rows, observed=observed)
        assert isinstance(check, RowCheck)
        counted = rows - rest[0]
        success = not counted or (counted - first) / counted >= check.mostly
        return RuleResult(pair.rule, success, rows, first, rest[0])

    def _with_examples(
        self, pairs: Sequence[Pair], results: Sequence[RuleResult], numbers: Mapping[str, Any]
    ) -> list[RuleResult]:
        """The results with their examples as they may be shown."""
        failed = {
            id(result): (self._columns[pair.check.columns[0]], self._least(pair.check))
            for pair, result in zip(pairs, results, strict=True)
            if result.unexpected_count and isinstance(pair.check, RowCheck) and pair.check.columns
        }
        wanted = list(dict.fromkeys(least for _, least in failed.values() if least not in numbers))
        more = self._row(f"SELECT {', '.join(wanted)} FROM {VIEW}") if wanted else ()
        found = {**numbers, **dict(zip(wanted, more, strict=True))}
        distinct = self._distinct_texts([column.sql for column, _ in failed.values() if column.family == "text"])
        shown_of = {
            one: self._shown(column, found[least], distinct.get(column.sql)) for one, (column, least) in failed.items()
        }
        return [replace(result, examples=shown_of.get(id(result), ())) for result in results]

    def _distinct_texts(self, texts: Sequence[str]) -> dict[str, int]:
        """About how many distinct values columns have, for those that have few."""
        few = list(dict.fromkeys(texts))
        found: dict[str, int] = {}
        for source in (f"(SELECT * FROM {VIEW} LIMIT 20000)", VIEW):  # most say so at their beginning
            if few:
                counts = self._row(f"SELECT {', '.join(f'approx_count_distinct({sql})' for sql in few)} FROM {source}")
                found = {sql: n for sql, n in zip(few, counts, strict=True) if n <= CATEGORIES}
                few = list(found)
        return found

    def _shown(self, column: Column, values: Sequence[str] | None, distinct: int | None) -> tuple[str, ...]:
        if column.family != "text":
            return tuple(dict.fromkeys(values or ()))[:EXAMPLES]
        category = distinct is not None and distinct <= CATEGORIES and self._rows >= max(100, 10 * distinct)
        return tuple(dict.fromkeys(shown(value, category=category) for value in values or ()))[:EXAMPLES]

    def _apart(self, pair: Pair, tables: Tables | None) -> RuleResult:
        import duckdb

        try:
            if isinstance(pair.check, Unique):
                return self._unique(pair.rule, pair.check)
            if isinstance(pair.check, Distinct):
                return self._distinct(pair.rule, pair.check)
            if isinstance(pair.check, Query):
                return self._query(pair.rule, pair.check, tables)
        except (duckdb.Error, PlatformError) as error:
            return RuleResult(pair.rule, False, error=_first_line(error))
        if isinstance(pair.check, Broken):
            return RuleResult(pair.rule, False, error=pair.check.error)
        assert isinstance(pair.check, SchemaCheck)
        return judge_schema(pair.rule, pair.check, self._columns)

    def _unique(self, rule: Rule, check: Unique) -> RuleResult:
        column = self._columns[check.columns[0]]
        rows = self._row(f"SELECT count(*) FROM {_source(check.where)}")[0] if check.where else self._rows
        found = repeats(self._con, VIEW, check, rows, self._frozen)
        success = not found.counted or (found.counted - found.repeated) / found.counted >= check.mostly
        examples = ()
        if found.repeated:
            smallest = _smallest(replace(column, name="k0"), "n > 1")
            (values,) = self._row(f"SELECT {smallest} FROM ({found.groups})")
            examples = self._shown(column, values, found.distinct)
        return RuleResult(rule, success, rows, found.repeated, rows - found.counted, None, examples)

    def _distinct(self, rule: Rule, check: Distinct) -> RuleResult:
        distinct, counted = self._row(
            f"SELECT count(*), coalesce(sum(n), 0) FROM (SELECT {check.value} AS v, count(*) AS n "
            f"FROM {_source(check.where)} WHERE {check.value} IS NOT NULL GROUP BY v)"
        )
        observed = (distinct / int(counted) if counted else 0) if check.share else distinct
        return RuleResult(rule, check.limits.hold(observed), observed=observed)

    def _query(self, rule: Rule, check: Query, tables: Tables | None) -> RuleResult:
        for name, registered in check.tables:
            if tables is None:
                return RuleResult(rule, False, error=f"the query reads {name}, and no other table can be read here")
            self._con.register(registered, tables(name))
        (count,) = self._row(f"SELECT count(*) FROM ({check.sql})")
        return RuleResult(rule, count == 0, self._rows, count, 0, None, self._rows_shown(check.sql) if count else ())

    def _rows_shown(self, sql: str) -> tuple[str, ...]:
        found = self._con.sql(sql.replace(NOW, instant_literal(self._now))).limit(EXAMPLES)
        names = found.columns[:6]
        return tuple(
            ", ".join(f"{name}={shown(cell, category=False)}" for name, cell in zip(names, row, strict=False))
            for row in found.fetchall()
        )


def evaluate(
    pairs: Sequence[Pair], dataset: Dataset, columns: Mapping[str, Column], tables: Tables | None, now: datetime
) -> list[RuleResult]:
    """Evaluate compiled rules over a table that can be read more than once."""
    files = local_files(dataset)
    with session(files=files) as con:
        offer(con, VIEW, dataset, files)
        gone = {id(pair): lost for pair in pairs if (lost := [c for c in pair.check.columns if c not in columns])}
        there = [pair for pair in pairs if id(pair) not in gone]
        results = Evaluation(con, columns, now, rows_of(dataset)).run(there, dataset, tables)
        found = dict(zip(map(id, there), results, strict=True))
        return [
            found.get(id(pair)) or RuleResult(pair.rule, False, error=f"no column {quote(gone[id(pair)][0])} any more")
            for pair in pairs
        ]


def _source(where: str) -> str:
    """The rows a rule is about, to select from."""
    return f"(SELECT * FROM {VIEW} WHERE {where})" if where else VIEW


def _by_rows(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """The pairs by the rows they read; a check of rows leaves out the others itself, so it shares the one pass."""
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        where = pair.check.where if isinstance(pair.check, Aggregate | Foreign) else ""
        found.setdefault(where, []).append(pair)
    return found


def _smallest(column: Column, condition: str) -> str:
    """SQL for the smallest values as text, more than are shown since some repeat; none for types we do not know."""
    if column.family == "other":
        return "NULL"
    # The start of a text is enough to show, and a cell may hold megabytes.
    value = f"left({column.sql}, {SHOWN})" if column.family == "text" else column.sql
    return f"CAST(min(CASE WHEN {condition} THEN {value} END, {20 * EXAMPLES}) AS VARCHAR[])"


def _first_line(error: Exception) -> str:
    """What went wrong, without the cell or the path that DuckDB quotes."""
    if "unicode" in str(error) or "string encoding" in str(error):
        return "a text of its columns is not valid UTF-8; fix: mend the encoding where the data comes from"
    return re.sub(r"'([^']*)'", lambda quoted: shape(quoted[1]), str(error).strip().splitlines()[0][:300])
