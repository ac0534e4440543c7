"""All rules of a table in one pass over it, plus one for each uniqueness rule and each query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from agents.core.errors import PlatformError
from assets.kinds.rules.columns import Column, instant_literal, quote
from assets.kinds.rules.compiled import NOW, Aggregate, Compiled, Distinct, Query, RowCheck, SchemaCheck, Unique
from assets.kinds.rules.masking import shown
from assets.kinds.rules.result import RuleResult
from assets.kinds.rules.schema_checks import judge_schema
from assets.kinds.rules.session import session
from assets.kinds.spec import Rule

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as pads

    Dataset: TypeAlias = pa.Table | pads.Dataset
    Tables: TypeAlias = Callable[[str], Dataset]

VIEW = "batch_"
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A rule and what it was compiled to."""

    rule: Rule
    check: Compiled


class Evaluation:
    """One evaluation of a table at one moment."""

    def __init__(self, con: duckdb.DuckDBPyConnection, columns: Mapping[str, Column], now: datetime) -> None:
        self._con, self._columns, self._now = con, columns, now
        self._rows = 0

    def run(self, pairs: Sequence[Pair], tables: Tables | None) -> list[RuleResult]:
        """Results in the order of the rules; what fails in one rule fails that rule alone."""
        one_pass = [pair for pair in pairs if isinstance(pair.check, RowCheck | Aggregate)]
        results = dict(zip(map(id, one_pass), self._pass(one_pass), strict=True))
        for pair in pairs:
            if id(pair) not in results:
                results[id(pair)] = self._apart(pair, tables)
        return [results[id(pair)] for pair in pairs]

    def _row(self, sql: str) -> tuple[Any, ...]:
        return self._con.execute(sql.replace(NOW, instant_literal(self._now))).fetchall()[0]

    def _pass(self, pairs: Sequence[Pair]) -> list[RuleResult]:
        import duckdb

        parts = _Parts()
        for pair in pairs:
            for sql in _numbers(pair.check):
                parts.add(sql)
        try:
            numbers = dict(zip(parts.sql, self._row(f"SELECT {parts.select()} FROM {VIEW}"), strict=True))
        except duckdb.Error as error:
            if len(pairs) == 1:
                return [RuleResult(pairs[0].rule, False, error=_first_line(error))]
            # One of them cannot be computed: find out which by asking for each alone.
            return [result for pair in pairs for result in self._pass([pair])]
        self._rows = int(numbers[_ROWS])
        results = [_verdict(pair, numbers) for pair in pairs]
        return self._with_examples(pairs, results)

    def _with_examples(self, pairs: Sequence[Pair], results: list[RuleResult]) -> list[RuleResult]:
        failed = [i for i, result in enumerate(results) if result.unexpected_count and pairs[i].check.columns]
        wanted: list[str] = []
        for i in failed:
            column = self._columns[pairs[i].check.columns[0]]
            bad = pairs[i].check
            assert isinstance(bad, RowCheck)
            wanted.append(_smallest(column, bad.bad))
            wanted.append(f"approx_count_distinct({column.sql})" if column.family == "text" else "NULL")
        if not failed:
            return results
        found = self._row(f"SELECT {', '.join(wanted)} FROM {VIEW}")
        for place, i in enumerate(failed):
            column = self._columns[pairs[i].check.columns[0]]
            results[i] = replace(results[i], examples=self._shown(column, found[2 * place], found[2 * place + 1]))
        return results

    def _shown(self, column: Column, values: Sequence[str] | None, distinct: int | None) -> tuple[str, ...]:
        if column.family != "text":
            return tuple(dict.fromkeys(values or ()))[:EXAMPLES]
        category = distinct is not None and distinct <= 50 and self._rows >= max(100, 10 * distinct)
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
        assert isinstance(pair.check, SchemaCheck)
        return judge_schema(pair.rule, pair.check, self._columns)

    def _unique(self, rule: Rule, check: Unique) -> RuleResult:
        column = self._columns[check.columns[0]]
        keys = ", ".join(f"{value} AS k{i}" for i, value in enumerate(check.values))
        names = ", ".join(f"k{i}" for i in range(len(check.values)))
        groups = f"SELECT {names}, count(*) AS n FROM (SELECT {keys} FROM {VIEW} WHERE {check.counts}) GROUP BY {names}"
        counted, unexpected, examples, distinct, rows = self._row(
            f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE n > 1), 0), "
            f"{_smallest(replace(column, name='k0'), 'n > 1')}, count(*), (SELECT count(*) FROM {VIEW}) FROM ({groups})"
        )
        self._rows = int(rows)
        success = not counted or (counted - unexpected) / counted >= check.mostly
        return RuleResult(
            rule,
            bool(success),
            rows,
            int(unexpected),
            rows - int(counted),
            None,
            self._shown(column, examples, distinct),
        )

    def _distinct(self, rule: Rule, check: Distinct) -> RuleResult:
        distinct, counted = self._row(
            f"SELECT count(*), coalesce(sum(n), 0) FROM (SELECT {check.value} AS v, count(*) AS n FROM {VIEW} "
            f"WHERE {check.value} IS NOT NULL GROUP BY v)"
        )
        observed = (distinct / int(counted) if counted else 0) if check.share else distinct
        return RuleResult(rule, check.limits.hold(observed), observed=observed)

    def _query(self, rule: Rule, check: Query, tables: Tables | None) -> RuleResult:
        for name, registered in check.tables:
            if tables is None:
                return RuleResult(rule, False, error=f"the query reads {name}, and no other table can be read here")
            self._con.register(registered, tables(name))
        count, rows = self._row(f"SELECT (SELECT count(*) FROM ({check.sql})), (SELECT count(*) FROM {VIEW})")
        return RuleResult(rule, count == 0, rows, count, 0, None, self._rows_shown(check.sql) if count else ())

    def _rows_shown(self, sql: str) -> tuple[str, ...]:
        found = self._con.sql(sql.replace(NOW, instant_literal(self._now))).limit(EXAMPLES)
        names = found.columns[:6]
        return tuple(
            ", ".join(f"{name}={shown(cell, category=False)}" for name, cell in zip(names, row, strict=False))
            for row in found.fetchall()
        )


_ROWS = "count(*)"


class _Parts:
    """Expressions of one SELECT, each computed once however many rules ask for it."""

    def __init__(self) -> None:
        self.sql: list[str] = [_ROWS]

    def add(self, sql: str) -> None:
        if sql not in self.sql:
            self.sql.append(sql)

    def select(self) -> str:
        return ", ".join(self.sql)


def evaluate(
    pairs: Sequence[Pair], dataset: Dataset, columns: Mapping[str, Column], tables: Tables | None, now: datetime
) -> list[RuleResult]:
    """Evaluate compiled rules over a table that can be read more than once."""
    with session() as con:
        con.register(VIEW, dataset)
        gone = {id(pair): lost for pair in pairs if (lost := [c for c in pair.check.columns if c not in columns])}
        there = [pair for pair in pairs if id(pair) not in gone]
        found = dict(zip(map(id, there), Evaluation(con, columns, now).run(there, tables), strict=True))
        return [
            found.get(id(pair)) or RuleResult(pair.rule, False, error=f"no column {quote(gone[id(pair)][0])} any more")
            for pair in pairs
        ]


def _smallest(column: Column, condition: str) -> str:
    """SQL for the smallest values as text, more than are shown since some repeat; none for types we do not know."""
    if column.family == "other":
        return "NULL"
    return f"CAST(min({column.sql}, {20 * EXAMPLES}) FILTER (WHERE {condition}) AS VARCHAR[])"


def _numbers(check: Compiled) -> tuple[str, ...]:
    if isinstance(check, Aggregate):
        return (check.sql,)
    assert isinstance(check, RowCheck)
    missing = (f"count(*) FILTER (WHERE {check.missing})",) if check.missing else ()
    return (f"count(*) FILTER (WHERE {check.bad})", *missing)


def _verdict(pair: Pair, numbers: Mapping[str, Any]) -> RuleResult:
    rows = int(numbers[_ROWS])
    first, *rest = (numbers[sql] for sql in _numbers(pair.check))
    if isinstance(pair.check, Aggregate):
        holds = first is not None and pair.check.limits.hold(first)
        return RuleResult(pair.rule, holds, rows, observed=first)
    assert isinstance(pair.check, RowCheck)
    unexpected, missing = int(first), int(rest[0]) if rest else 0
    counted = rows - missing
    success = not counted or (counted - unexpected) / counted >= pair.check.mostly
    return RuleResult(pair.rule, success, rows, unexpected, missing)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]
