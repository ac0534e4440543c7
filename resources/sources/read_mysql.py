"""MySQL and MariaDB through ConnectorX, streamed; one statement and so one snapshot.

Zero dates, MySQL's other null, become null. TIMESTAMP is read in a UTC session; DATETIME has no zone. TIME spans more
than a day there and comes as text, as do JSON, sets, enums and geometries (as WKT).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urlencode

from agents.core.errors import AccessRefused, SourceError, UnknownSource, Unreachable
from resources.sources.conform import Conformer, Item, decimal_type
from resources.sources.engine import Engine, ReadRequest
from resources.sources.introspect import Column, TableInfo, tables_from_rows
from resources.sources.stream import BatchStream, sliced
from resources.sources.watermark import from_text

if TYPE_CHECKING:
    import pyarrow as pa

_TIMEOUT = 5
_UTC = "SET time_zone = '+00:00'"
_SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')"
_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 32, "int": 32, "integer": 32, "bigint": 64, "year": 32}
_GEOMETRIES = (
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection", "geomcollection",
)  # fmt: skip
_TABLES = """SELECT CAST(table_schema AS CHAR) AS `schema`, CAST(table_name AS CHAR) AS name,
  CAST(table_rows AS SIGNED) AS `rows`, CAST(table_comment AS CHAR) AS description, CAST(table_type AS CHAR) AS kind
FROM information_schema.tables WHERE {scope}"""
_COLUMNS = """SELECT CAST(table_schema AS CHAR) AS `schema`, CAST(table_name AS CHAR) AS name,
  CAST(column_name AS CHAR) AS `column`, CAST(data_type AS CHAR) AS kind, CAST(column_type AS CHAR) AS full,
  CAST(numeric_precision AS SIGNED) AS digits, CAST(numeric_scale AS SIGNED) AS scale,
  CAST(is_nullable AS CHAR) AS nullable
FROM information_schema.columns WHERE {scope} ORDER BY table_schema, table_name, ordinal_position"""
_KEYS = """SELECT CAST(table_schema AS CHAR) AS `schema`, CAST(table_name AS CHAR) AS name,
  CAST(index_name AS CHAR) AS `index`, CAST(column_name AS CHAR) AS `column`
FROM information_schema.statistics WHERE non_unique = 0 AND {scope}
ORDER BY table_schema, table_name, index_name <> 'PRIMARY', index_name, seq_in_index"""


class MySQLEngine(Engine):
    """A MySQL or MariaDB server; one database, or all of them when the URL names none."""

    def check(self) -> None:
        """Connect and ask for one row."""
        self._knock()
        self._ask("SELECT 1 AS one")

    def tables(self, only: str | None = None) -> list[TableInfo]:
        """Tables and views outside the server's own databases."""
        self._knock()
        database = self.config.located(self.secrets).database
        scope = f"table_schema = {literal(database)}" if database else f"table_schema NOT IN {_SYSTEM}"
        if only is not None:
            scope += f" AND CONCAT(table_schema, '.', table_name) = {literal(only)}"
        rows = self._ask(_TABLES.format(scope=scope))
        columns: dict[tuple[str, ...], list[Column]] = {}
        for row in self._ask(_COLUMNS.format(scope=scope)):
            columns.setdefault((row["schema"], row["name"]), []).append(_column(row))
        keys = self._ask(_KEYS.format(scope=scope))
        described = [row | {"description": "" if row["kind"] == "VIEW" else row["description"]} for row in rows]
        return tables_from_rows(described, _first_keys(keys), columns)

    def read(self, request: ReadRequest) -> BatchStream:
        """The rows; types that Arrow or the lake lacks come as text (see `item`)."""
        items = [item(column) for column in request.table.columns]
        conformer = Conformer(items, f"{self.where}, table {request.table.name}")
        sql = select(request, items)
        reader = self._guard(lambda: self._open(sql, request.batch_rows), request.table.name)
        batches = self._batches(reader, request.table.name)
        stream = sliced(conformer.all(batches), request.batch_rows)
        return BatchStream(conformer.schema, stream, close=reader.close, warnings=conformer.warnings)

    def _batches(self, reader: pa.RecordBatchReader, table: str) -> Iterator[pa.RecordBatch]:
        while True:
            batch = self._guard(lambda: next(reader, None), table)
            if batch is None:
                return
            yield batch

    def _ask(self, sql: str) -> list[dict[str, Any]]:
        return self._guard(lambda: self._open(sql, 10_000).read_all().to_pylist(), "")

    def _open(self, sql: str, batch_rows: int) -> Any:
        import connectorx

        at = self.config.located(self.secrets)
        user = f"{quote(at.user, safe='')}:{quote(at.password, safe='')}@" if at.user else ""
        options = f"?{urlencode(at.options, quote_via=quote)}" if at.options else ""
        url = f"mysql://{user}{at.host}:{at.port}/{quote(at.database or 'information_schema', safe='')}{options}"
        return connectorx.read_sql(
            url, sql, return_type="arrow_stream", batch_size=batch_rows, protocol="binary", pre_execution_query=_UTC
        )

    def _guard(self, action: Callable[[], Any], table: str) -> Any:
        """The action's result; the driver's errors and panics (which are no Exceptions) as ours, without their text."""
        try:
            return action()
        except (RuntimeError, OSError, ValueError) as error:
            self._fail(str(error), table)
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            self._fail("", table)

    def _fail(self, text: str, table: str) -> NoReturn:
        code = re.search(r"ERROR (\d{4})", text)
        if "Could not connect" in text:
            code = re.match(r"(\d+)", "2003")
        raise self._failure(int(code[1]) if code else 0, table) from None

    def _knock(self) -> None:
        """Connect with the small pure-Python driver first: ConnectorX tries a wrong password for 30 s."""
        if find_spec("pymysql") is None:
            return
        import pymysql

        at = self.config.located(self.secrets)
        try:
            pymysql.connect(
                host=at.host,
                port=at.port,
                user=at.user,
                password=at.password,
                database=at.database or None,
                connect_timeout=_TIMEOUT,
                read_timeout=_TIMEOUT,
            ).close()
        except pymysql.err.MySQLError as error:
            code = error.args[0] if error.args else 0
            raise self._failure(code if isinstance(code, int) else 0, "") from None
        except RuntimeError:  # an authentication method that needs `cryptography`: leave it to ConnectorX
            return

    def _failure(self, code: int, table: str) -> SourceError:
        where = f"{self.where}, table {table}" if table else self.where
        at = self.config.located(self.secrets)
        if code == 1049:
            return UnknownSource(f"no database {at.database!r}", where=where, fix="correct the database in the URL")
        if code in (1054, 1146):
            gone = "the table or a column is gone"
            return UnknownSource(gone, where=where, fix="refresh the catalog: adp catalog --refresh")
        if code in (1045, 1698, 1251):
            what = "the server refuses the user or its password"
            return AccessRefused(what, where=where, fix="check user and password in the secret")
        if code in (1044, 1142, 1143, 1227):
            return AccessRefused("no right to read it", where=where, fix="grant SELECT to the connection's user")
        if code in (1040, 2002, 2003, 2005, 2006, 2013):
            what = f"{at.host}:{at.port} does not answer"
            return Unreachable(what, where=where, fix="check host, port, network and that the server runs")
        return SourceError(
            f"the read failed (MySQL error {code or 'unknown'})", where=where, fix="see the server's log"
        )


def _first_keys(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], list[str]]:
    """The columns of each table's first unique index: the primary key where there is one."""
    first: dict[tuple[str, ...], str] = {}
    keys: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        table = (row["schema"], row["name"])
        if first.setdefault(table, row["index"]) == row["index"] and row["column"] is not None:
            keys.setdefault(table, []).append(row["column"])
    return keys


def _column(row: dict[str, Any]) -> Column:
    full = row["full"].lower()
    bits = re.match(r"bit\((\d+)\)", full)
    digits = int(bits[1]) if bits else row["digits"]
    return Column(row["column"], row["kind"].lower(), full, digits, row["scale"], row["nullable"] == "YES")


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string in SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def item(column: Column) -> Item:
    """How a column is read."""
    import pyarrow as pa

    name, kind = quoted(column.name), column.type
    if kind in _INTEGERS:
        return Item(column.name, name, _integer(_INTEGERS[kind], "unsigned" in column.full))
    if kind in ("decimal", "numeric"):
        return Item(column.name, f"CAST({name} AS CHAR)", decimal_type(column.precision, column.scale))
    if kind == "bit":
        bits = column.precision or 1
        arrow = pa.bool_() if bits == 1 else _integer(64, unsigned=bits == 64)
        return Item(column.name, f"{name} + 0", arrow)
    if kind in ("date", "datetime", "timestamp"):
        moments = {"date": pa.date32(), "datetime": pa.timestamp("us"), "timestamp": pa.timestamp("us", "UTC")}
        sound = f"IF(DAYOFMONTH({name}) = 0 OR MONTH({name}) = 0, NULL, {name})"
        return Item(column.name, sound, moments[kind])
    if kind in ("blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary"):
        return Item(column.name, name, pa.binary())
    if kind in ("float", "double"):
        return Item(column.name, name, pa.float32() if kind == "float" else pa.float64())
    if kind in _GEOMETRIES:
        return Item(column.name, f"ST_AsText({name})", pa.string())
    plain = kind in ("char", "varchar", "text", "tinytext", "mediumtext", "longtext")
    return Item(column.name, name if plain else f"CAST({name} AS CHAR)", pa.string())


def _integer(bits: int, unsigned: bool) -> pa.DataType:
    """The signed type that holds all values; the lake has no unsigned ones."""
    import pyarrow as pa

    if not unsigned:
        return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[bits]
    return {8: pa.int16(), 16: pa.int32(), 32: pa.int64(), 64: pa.decimal128(20, 0)}[bits]


def select(request: ReadRequest, items: list[Item]) -> str:
    """The statement of a read."""
    columns = ", ".join(f"{one.sql} AS {quoted(one.name)}" for one in items)
    sql = f"SELECT {columns} FROM {'.'.join(quoted(part) for part in request.table.parts)}"
    if request.watermark is None or request.since is None:
        return sql
    column = request.table.column(request.watermark)
    value = from_text(request.since, item(column).arrow)
    if column.type in (*_INTEGERS, "decimal", "numeric", "float", "double"):
        return f"{sql} WHERE {quoted(column.name)} >= {value}"
    if column.type in ("datetime", "timestamp"):
        moment = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", request.since.replace("T", " "))
        return f"{sql} WHERE {quoted(column.name)} >= CAST({literal(moment)} AS DATETIME(6))"
    return f"{sql} WHERE {quoted(column.name)} >= {literal(request.since)}"
