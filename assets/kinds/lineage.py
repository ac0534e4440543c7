"""What a SQL table reads: its tables when definitions load, its columns' origins when it runs. DuckDB's dialect.

sqlglot takes 0.4 s to import, so it is imported by the first SQL table and not before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from agents.core.catalog import LAYERS
from agents.core.errors import SpecError

if TYPE_CHECKING:
    from sqlglot import exp

DIALECT = "duckdb"
SAFE_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})


@cache
def reads(sql: str) -> tuple[str, ...]:
    """The lake tables (`layer/table`, sorted) a SELECT reads. Raises SpecError for all but one SELECT over them."""
    from sqlglot import exp

    tree = select(sql)
    found: set[str] = set()
    for table in tree.find_all(exp.Table):
        if name := _lake_table(table):
            found.add(name)
    return tuple(sorted(found))


def reads_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The lake tables that an entry of `defs.yaml` is made from: what its SQL reads, or its masked view's base."""
    if entry.get("sql"):
        return reads(str(entry["sql"]))
    masked: Any = entry.get("masked")
    return (str(masked["source"]),) if isinstance(masked, Mapping) and masked.get("source") else ()


def select(sql: str) -> exp.Query:
    """The parsed statement. Raises SpecError when it does not parse or is not a single SELECT."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except SqlglotError as error:
        raise SpecError(
            f"the SQL does not parse: {_told(error)}", fix="write one SELECT in DuckDB's dialect"
        ) from error
    except RecursionError as error:
        raise SpecError("the SQL is nested too deeply", fix="split it into several tables") from error
    if len(statements) != 1 or not isinstance(tree := statements[0], exp.Query):
        kind = "nothing" if not statements else ", ".join(tree.key.upper() for tree in statements)
        raise SpecError(f"the SQL must be a single SELECT, found {kind}", fix="leave writing to the platform")
    writes = (
        tree.find(exp.Into, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create)
        if not isinstance(tree, exp.DDL)
        else None
    )
    if writes and not isinstance(writes, exp.Query):
        raise SpecError(f"the SQL must only read, found {writes.key.upper()}", fix="leave writing to the platform")
    return tree


def _told(error: Exception) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return str(error).split("\n")[0]
    first = details[0]
    return f"{first.get('description', '')} at line {first.get('line')}, column {first.get('col')} of the SQL"


def _lake_table(table: exp.Table) -> str | None:
    """`layer/table`, or None for a CTE or a harmless table function."""
    from sqlglot import exp

    if not isinstance(table.this, exp.Identifier):
        function = table.this.name if isinstance(table.this, exp.Anonymous) else table.this.key
        if function.lower().replace("generateseries", "generate_series") in SAFE_TABLE_FUNCTIONS:
            return None
        raise SpecError(f"the SQL calls {function.lower()}(), which is not a lake table", fix="read layer.table")
    layer, name = table.db.lower(), table.name.lower()
    if not layer and _is_cte(table):
        return None
    if table.catalog or not layer:
        raise SpecError(f"the SQL reads {table.sql(DIALECT)!r}, which is not a lake table", fix="name it layer.table")
    if layer not in LAYERS:
        raise SpecError(f"the SQL reads {layer}.{name}: no layer {layer!r}", fix=f"layers are {', '.join(LAYERS)}")
    return f"{layer}/{name}"


def _is_cte(table: exp.Table) -> bool:
    from sqlglot import exp

    name, node = table.name.lower(), table.parent
    while node is not None:
        with_ = node.args.get("with_") or node.args.get("with")
        if isinstance(with_, exp.With) and any(cte.alias.lower() == name for cte in with_.expressions):
            return True
        node = node.parent
    return False


def column_lineage(
    sql: str, schemas: Mapping[str, Mapping[str, str]], columns: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    """For each output column the (`layer/table`, column) pairs it comes from. `schemas`: `layer/table` to column types.

    A column whose origin cannot be told (a pivot, a table function) has none.
    """
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    nested: dict[str, Any] = {}
    for asset, types in schemas.items():
        layer, _, name = asset.partition("/")
        nested.setdefault(layer, {})[name] = dict.fromkeys(types, "VARCHAR")
    try:
        tree = select(sql)
        tree = qualify(tree, schema=nested, dialect=DIALECT, validate_qualify_columns=False)
        scope = build_scope(tree)
    except SqlglotError:
        return {column: [] for column in columns}
    found = _origins(tree, scope, nested, columns)
    return {column: found.get(column.lower(), []) for column in columns}


def _origins(
    tree: exp.Query, scope: Any, schema: dict[str, Any], columns: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    found: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        try:
            node = lineage(column, tree, schema=schema, dialect=DIALECT, scope=scope)
        except (SqlglotError, ValueError):
            continue
        pairs = {
            (f"{leaf.expression.db}/{leaf.expression.name}".lower(), leaf.name.rpartition(".")[2].strip('"'))
            for leaf in node.walk()
            if not leaf.downstream and isinstance(leaf.expression, exp.Table)
        }
        found[column.lower()] = sorted(pairs)
    return found
