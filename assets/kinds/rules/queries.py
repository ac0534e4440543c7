"""`unexpected_rows_expectation`: a query whose rows are the wrong ones, over this table and others of the lake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agents.core.catalog import LAYERS
from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.columns import quote
from assets.kinds.rules.compiled import NOW, Query, RowCheck
from assets.kinds.rules.registry import rule_type

if TYPE_CHECKING:
    from sqlglot import exp

BATCH = "batch_"
"""The name this table has while its rules are evaluated."""


@rule_type("unexpected_rows_expectation", "unexpected_rows_query")
def unexpected_rows(given: Arguments) -> Query | RowCheck:
    tree = _parse(given)
    _freeze_time(tree)
    predicate = _row_predicate(tree)
    if predicate is not None:
        used = _columns_of(given, tree)
        return RowCheck(used, f"coalesce({predicate}, FALSE)", None, 1.0)
    tables = _qualify(given, tree)
    return Query(tree.sql(dialect="duckdb"), tables)


def _parse(given: Arguments) -> exp.Query:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    text = given.text("unexpected_rows_query").rstrip("; \t\r\n")
    if "{batch}" not in text:
        raise given.error("the query does not read {batch}", "write FROM {batch}, which stands for this table")
    plain = text.replace("{batch}", BATCH).replace("{{", "{").replace("}}", "}")
    try:
        trees = sqlglot.parse(plain, dialect="duckdb")
    except SqlglotError as error:
        reason = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()[0]
        raise given.error(f"the query does not parse: {reason}", "write one SELECT in DuckDB's dialect") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise given.error("the query is not one SELECT", "write one SELECT in DuckDB's dialect")
    return trees[0]


def _freeze_time(tree: exp.Query) -> None:
    """Put a mark where the query asks for the time, so that one evaluation has one moment."""
    from sqlglot import exp

    clock = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentDatetime)
    for node in list(tree.find_all(*clock)):
        mark = exp.column(NOW)
        node.replace(exp.cast(mark, "date") if isinstance(node, exp.CurrentDate) else mark)


def _row_predicate(tree: exp.Query) -> str | None:
    """The condition of a plain `SELECT * FROM {batch} WHERE ...`: it can be decided row by row."""
    from sqlglot import exp

    if not isinstance(tree, exp.Select) or not tree.is_star:
        return None
    clauses = {name for name, value in tree.args.items() if value}
    tables = list(tree.find_all(exp.Table))
    if clauses - {"expressions", "from", "from_", "where"} or len(tables) != 1 or tables[0].name != BATCH:
        return None
    source = tree.args.get("from_") or tree.args.get("from")
    if not isinstance(source, exp.From) or source.this is not tables[0]:
        return None  # it reads what another SELECT made of the table
    where = tree.args.get("where")
    if where is None or any(where.find(kind) for kind in (exp.Query, exp.AggFunc, exp.Window)):
        return None
    for column in where.find_all(exp.Column):
        column.set("table", None)
    return where.this.sql(dialect="duckdb")


def _columns_of(given: Arguments, tree: exp.Query) -> tuple[str, ...]:
    from sqlglot import exp

    by_lower = {name.lower(): name for name in given.columns}
    used: dict[str, None] = {}
    for column in tree.find_all(exp.Column):
        if column.name != NOW and not isinstance(column.this, exp.Star):
            used[given.named(by_lower.get(column.name.lower(), column.name)).name] = None
    return tuple(used)


def _qualify(given: Arguments, tree: exp.Query) -> tuple[tuple[str, str], ...]:
    """Name each lake table as it is registered: `silver.orders` and `silver_orders` mean `silver/orders`."""
    from sqlglot import exp

    local = {cte.alias_or_name for cte in tree.find_all(exp.CTE)} | {BATCH}
    found: dict[str, str] = {}
    for table in tree.find_all(exp.Table):
        if table.name in local and not table.db:
            continue
        layer, name = (table.db, table.name) if table.db else _split(table.name)
        if layer not in LAYERS or table.catalog or not name:
            raise given.error(
                f"unknown table {table.sql(dialect='duckdb')!r}", "name other tables as layer.table, this one {batch}"
            )
        alias = table.alias or table.name
        found[f"{layer}/{name}"] = registered = f"{layer}__{name}"
        table.replace(exp.alias_(exp.to_table(quote(registered), dialect="duckdb"), alias, table=True))
    return tuple(found.items())


def _split(name: str) -> tuple[str, str]:
    layer = next((layer for layer in LAYERS if name.startswith(f"{layer}_")), "")
    return layer, name[len(layer) + 1 :] if layer else ""
