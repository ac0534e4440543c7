"""The SQL that SQL Server is asked: its catalog, and a table's rows by type. Pure text, tested without a server."""

from __future__ import annotations

import re
from typing import Any

from resources.sources.conform import Item, decimal_type
from resources.sources.engine import ReadRequest
from resources.sources.introspect import Column
from resources.sources.watermark import from_text

_SCOPE = """FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND s.name NOT IN ('sys', 'INFORMATION_SCHEMA')"""
_MONEY = {"money": (19, 4), "smallmoney": (10, 4)}
_SIZES = {"tinyint": 16, "smallint": 16, "int": 32, "bigint": 64}
_NAIVE = ("datetime2", "datetime", "smalldatetime")


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return "[" + name.replace("]", "]]") + "]"


def literal(text: str) -> str:
    """A string in SQL."""
    return "N'" + text.replace("'", "''") + "'"


def _scope(only: str | None) -> str:
    return _SCOPE if only is None else f"{_SCOPE} AND CONCAT(s.name, '.', o.name) = {literal(only)}"


def tables(only: str | None = None) -> str:
    """Tables and views with row counts (from the partitions' metadata) and the MS_Description property."""
    return f"""SELECT CAST(s.name AS nvarchar(128)) AS [schema], CAST(o.name AS nvarchar(128)) AS [name],
(SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)) AS [rows],
CAST((SELECT TOP (1) e.value FROM sys.extended_properties AS e WHERE e.class = 1 AND e.major_id = o.object_id
AND e.minor_id = 0 AND e.name = 'MS_Description') AS nvarchar(2000)) AS [description]
{_scope(only)}"""


def columns(only: str | None = None) -> str:
    """Columns in order; a type of the user's own is seen as what it is made of."""
    return f"""SELECT t.[schema], t.[name], CAST(c.name AS nvarchar(128)) AS [column],
CAST(COALESCE(b.name, y.name) AS nvarchar(128)) AS [kind], CAST(c.precision AS int) AS [digits],
CAST(c.scale AS int) AS [scale], CAST(c.is_nullable AS int) AS [nullable]
FROM (SELECT o.object_id, CAST(s.name AS nvarchar(128)) AS [schema], CAST(o.name AS nvarchar(128)) AS [name]
{_scope(only)}) AS t
JOIN sys.columns AS c ON c.object_id = t.object_id
JOIN sys.types AS y ON y.user_type_id = c.user_type_id
LEFT JOIN sys.types AS b ON b.user_type_id = c.system_type_id AND y.is_user_defined = 1 AND y.is_assembly_type = 0
ORDER BY t.[schema], t.[name], c.column_id"""


def keys(only: str | None = None) -> str:
    """Columns of unique indexes, the primary key's first, then the narrowest."""
    return f"""SELECT t.[schema], t.[name], CAST(c.name AS nvarchar(128)) AS [column], CAST(i.index_id AS int) AS [id]
FROM (SELECT o.object_id, CAST(s.name AS nvarchar(128)) AS [schema], CAST(o.name AS nvarchar(128)) AS [name]
{_scope(only)}) AS t
JOIN sys.indexes AS i ON i.object_id = t.object_id AND i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0
JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.is_included_column = 0
JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
ORDER BY t.[schema], t.[name], i.is_primary_key DESC, (SELECT COUNT(*) FROM sys.index_columns AS n
WHERE n.object_id = i.object_id AND n.index_id = i.index_id AND n.is_included_column = 0), i.index_id, k.key_ordinal"""


def column(row: dict[str, Any]) -> Column:
    """A column from a row of `columns`."""
    kind = "rowversion" if row["kind"] == "timestamp" else str(row["kind"]).lower()
    decimal = kind in ("decimal", "numeric")
    digits, scale = (row["digits"], row["scale"]) if decimal else _MONEY.get(kind, (None, None))
    return Column(row["column"], kind, kind, digits, scale, bool(row["nullable"]))


def item(column: Column) -> Item:
    """How a column is read."""
    import pyarrow as pa

    name, kind = quoted(column.name), column.type
    if kind in _SIZES:
        return Item(column.name, name, {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[_SIZES[kind]])
    if kind == "bit":
        return Item(column.name, name, pa.bool_())
    if kind in ("float", "real"):
        return Item(column.name, name, pa.float64() if kind == "float" else pa.float32())
    if kind in ("decimal", "numeric"):
        return Item(column.name, f"CONVERT(varchar(41), {name})", decimal_type(column.precision, column.scale))
    if kind in _MONEY:
        exact = f"CONVERT(varchar(41), CONVERT(decimal(19, 4), {name}))"
        return Item(column.name, exact, decimal_type(*_MONEY[kind]))
    return _other(column, name, kind)


def _other(column: Column, name: str, kind: str) -> Item:
    import pyarrow as pa

    if kind == "date":
        return Item(column.name, f"CONVERT(char(10), {name}, 23)", pa.date32())
    if kind in _NAIVE:
        return Item(column.name, _cut(name), pa.timestamp("us"))
    if kind == "datetimeoffset":
        utc = f"SWITCHOFFSET({name}, '+00:00')"
        return Item(column.name, f"{_cut(utc)} + 'Z'", pa.timestamp("us", "UTC"))
    if kind in ("binary", "varbinary", "image"):
        return Item(column.name, f"CONVERT(varbinary(max), {name})", pa.binary())
    if kind == "rowversion":
        return Item(column.name, f"CONVERT(varbinary(8), {name})", pa.binary())
    if kind == "uniqueidentifier":
        return Item(column.name, f"LOWER(CONVERT(char(36), {name}))", pa.string())
    if kind == "time":
        return Item(column.name, f"LEFT(CONVERT(varchar(16), {name}), 15)", pa.string())
    if kind in ("geography", "geometry", "hierarchyid"):
        return Item(column.name, f"{name}.ToString()", pa.string())
    return Item(column.name, f"CONVERT(nvarchar(max), {name})", pa.string())


def _cut(moment: str) -> str:
    """`YYYY-MM-DD HH:MM:SS.ffffff`; style 121 always writes the fraction, its seventh digit is cut."""
    return f"LEFT(CONVERT(varchar(27), CONVERT(datetime2(7), {moment}), 121), 26)"


def select(request: ReadRequest, items: list[Item]) -> str:
    """The statement of a read."""
    names = ", ".join(f"{one.sql} AS {quoted(one.name)}" for one in items)
    sql = f"SELECT {names} FROM {'.'.join(quoted(part) for part in request.table.parts)}"
    if request.watermark is None or request.since is None:
        return sql
    return f"{sql} WHERE {_at_or_after(request.table.column(request.watermark), request.since)}"


def _at_or_after(column: Column, since: str) -> str:
    name, kind = quoted(column.name), column.type
    value = from_text(since, item(column).arrow)
    if kind in (*_SIZES, *_MONEY, "decimal", "numeric", "float", "real"):
        return f"{name} >= {value}"
    if kind in _NAIVE or kind == "datetimeoffset":
        moment = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", since)
        if kind == "datetimeoffset":
            return f"{name} >= CAST({literal(moment + '+00:00')} AS datetimeoffset(7))"
        return f"{name} >= CAST({literal(moment)} AS datetime2(7))"
    if kind == "date":
        return f"{name} >= CAST({literal(since)} AS date)"
    if isinstance(value, bytes):
        return f"{name} >= 0x{value.hex()}"
    return f"{name} >= {literal(since)}"
