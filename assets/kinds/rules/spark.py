"""A table's rules as Spark SQL, for tables that have outgrown one machine: the same conditions, transpiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from assets.kinds.rules.columns import instant_literal
from assets.kinds.rules.compiled import NOW, Aggregate, Broken, Distinct, Foreign, Query, RowCheck, Unique, count_where
from assets.kinds.rules.evaluate import VIEW, Pair

if TYPE_CHECKING:
    from assets.kinds.rules.compile import RuleSet


@dataclass(frozen=True, slots=True)
class SparkRules:
    """The rules of a table in Spark's dialect, each under its check name.

    `one_pass` is one SELECT with one row: `row_count`, and for each rule `<name>__unexpected` and `<name>__missing`, or
    `<name>__observed`; and `<name>__rows` where a rule is about some rows only. `apart` are SELECTs with one row:
    `unexpected` and `missing`, or `observed`. `not_expressed` says why a rule is in neither.
    """

    one_pass: str
    apart: Mapping[str, str]
    not_expressed: Mapping[str, str]


def spark_sql(rules: RuleSet, table: str, *, now: datetime) -> SparkRules:
    """What Spark has to run over `table`, a name as Spark SQL reads it (`silver.orders`)."""
    columns: list[str] = ["count(*) AS row_count"]
    apart: dict[str, str] = {}
    lacking: dict[str, str] = {}
    for name, pair in zip(rules.names, rules.pairs, strict=True):
        if isinstance(pair.check, RowCheck) or (isinstance(pair.check, Aggregate) and not pair.check.where):
            found = [f"{sql} AS {name}__{what}" for what, sql in _numbers(pair.check).items()]
            problem = _problem(f"SELECT {', '.join(found)} FROM {VIEW}")
            columns += [] if problem else found
        else:
            sql, problem = _apart(pair)
            problem = problem or _problem(sql)
            if not problem:
                others = dict(pair.check.tables) if isinstance(pair.check, Query) else {}
                apart[name] = _transpiled(sql, table, now, others)
        if problem:
            lacking[name] = problem
    return SparkRules(_transpiled(f"SELECT {', '.join(columns)} FROM {VIEW}", table, now), apart, lacking)


def _numbers(check: RowCheck | Aggregate) -> dict[str, str]:
    if isinstance(check, Aggregate):
        return {"observed": check.sql}
    missing = count_where(check.missing) if check.missing else "0"
    rows = {"rows": count_where(check.where)} if check.where else {}
    return {"unexpected": count_where(check.bad), "missing": missing, **rows}


def _apart(pair: Pair) -> tuple[str, str]:
    """SQL of a rule that takes a pass of its own, or why there is none."""
    check = pair.check
    if isinstance(check, Aggregate):
        return f"SELECT {check.sql} AS observed FROM {VIEW} WHERE {check.where}", ""
    if isinstance(check, Unique):
        keys = ", ".join(f"{value} AS k{i}" for i, value in enumerate(check.values))
        names = ", ".join(f"k{i}" for i in range(len(check.values)))
        groups = f"SELECT {names}, count(*) AS n FROM keyed_ WHERE counts GROUP BY {names}"
        keyed = f"SELECT {keys}, {check.counts} AS counts FROM {VIEW}{_where(check)}"
        missing = f"(SELECT {count_where('NOT counts')} FROM keyed_)"
        unexpected = "coalesce(sum(CASE WHEN n > 1 THEN n END), 0)"
        return (
            f"WITH keyed_ AS ({keyed}) SELECT {unexpected} AS unexpected, {missing} AS missing FROM ({groups})",
            "",
        )
    if isinstance(check, Distinct):
        count = f"count(DISTINCT {check.value})"
        number = f"{count} / count({check.value})" if check.share else count
        return f"SELECT {number} AS observed FROM {VIEW}{_where(check)}", ""
    if isinstance(check, Query):
        return f"SELECT count(*) AS unexpected, 0 AS missing FROM ({check.sql})", ""
    if isinstance(check, Foreign):
        return "", "it runs in Great Expectations itself"
    return "", check.error if isinstance(check, Broken) else "it is decided from the table's schema, without SQL"


def _where(check: Unique | Distinct) -> str:
    return f" WHERE {check.where}" if check.where else ""


def _problem(sql: str) -> str:
    """What Spark has no word for; empty where it has."""
    import sqlglot
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        return f"Spark SQL cannot say it: {str(error).splitlines()[0]}"
    return ""


def _transpiled(sql: str, table: str, now: datetime, others: Mapping[str, str] | None = None) -> str:
    """The statement in Spark's dialect; `others` are lake tables, `layer/name`, by the name they have in it."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql.replace(NOW, instant_literal(now)), dialect="duckdb")
    names = {registered: name for name, registered in (others or {}).items()}
    for node in tree.find_all(exp.Table):
        if node.name == VIEW:
            node.replace(exp.alias_(exp.to_table(table, dialect="spark"), node.alias or VIEW, table=True))
        elif node.name in names:
            layer, _, bare = names[node.name].partition("/")
            node.set("db", exp.to_identifier(layer))
            node.set("this", exp.to_identifier(bare, quoted=True))
    return tree.sql(dialect="spark")
