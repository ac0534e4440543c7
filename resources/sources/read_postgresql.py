"""PostgreSQL through ADBC: binary COPY straight into Arrow, one statement and so one snapshot."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from agents.core.errors import AccessRefused, SourceError, UnknownSource, Unreachable
from resources.sources.conform import Conformer, Item, decimal_type
from resources.sources.engine import Engine, ReadRequest
from resources.sources.introspect import Column, TableInfo, tables_from_rows
from resources.sources.stream import BatchStream, sliced
from resources.sources.watermark import from_text

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc
    import pyarrow as pa

_TIMEOUT = 5
_RELATIONS = """
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND ({name} IS NULL OR n.nspname || '.' || c.relname = {name})
"""
_TABLES = """SELECT n.nspname AS schema, c.relname AS name,
  obj_description(c.oid, 'pg_class') AS description,
  CASE WHEN c.reltuples >= 0 THEN c.reltuples::float8
       ELSE (SELECT s.n_live_tup::float8 FROM pg_stat_all_tables s WHERE s.relid = c.oid AND c.relkind = 'r')
       END AS rows"""
_COLUMNS = """SELECT t.schema, t.name, a.attname AS column,
  NOT a.attnotnull AS nullable,
  CASE WHEN b.typelem <> 0 AND b.typlen = -1 THEN 'array' WHEN b.typtype = 'e' THEN 'enum'
       WHEN b.typtype = 'c' THEN 'row' ELSE b.typname::text END AS kind,
  format_type(a.atttypid, NULL) AS shown,
  CASE WHEN b.oid = a.atttypid THEN a.atttypmod ELSE y.typtypmod END AS modifier
FROM (SELECT c.oid, n.nspname AS schema, c.relname AS name {relations}) t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END
ORDER BY t.schema, t.name, a.attnum"""
_KEYS = """SELECT t.schema, t.name, a.attname AS column, i.indexrelid::int8 AS id
FROM (SELECT c.oid, n.nspname AS schema, c.relname AS name {relations}) t
JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid
JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, position) ON k.position <= i.indnkeyatts
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
ORDER BY t.schema, t.name, i.indisprimary DESC, i.indnkeyatts, i.indexrelid, k.position"""
_SHOWN = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "bpchar": "char",
}  # fmt: skip


class PostgreSQLEngine(Engine):
    """A PostgreSQL database."""

    def check(self) -> None:
        """Connect and ask for one row."""
        with self._cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()

    def tables(self, only: str | None = None) -> list[TableInfo]:
        """Tables, views, materialized views, foreign tables and partitioned tables (not their partitions)."""
        relations = _RELATIONS.format(name="NULL::text" if only is None else literal(only))
        with self._cursor() as cursor:
            rows = _ask(cursor, _TABLES + relations)
            columns = _ask(cursor, _COLUMNS.format(relations=relations))
            keys = _ask(cursor, _KEYS.format(relations=relations))
        columns_of: dict[tuple[str, ...], list[Column]] = {}
        for row in columns:
            columns_of.setdefault((row["schema"], row["name"]), []).append(_column(row))
        return tables_from_rows(rows, _first_keys(keys), columns_of)

    def read(self, request: ReadRequest) -> BatchStream:
        """The rows; types that Arrow or the lake lacks come as text (see `item`)."""
        items = [item(column) for column in request.table.columns]
        sql = select(request, items)
        conformer = Conformer(items, f"{self.where}, table {request.table.name}")
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            reader = cursor.fetch_record_batch()
        except _errors() as error:
            connection.close()
            raise self._failure(error, request.table.name) from None
        except BaseException:
            connection.close()
            raise

        def close() -> None:
            reader.close()
            cursor.close()
            connection.close()

        batches = sliced(conformer.all(self._guarded(reader, request.table.name)), request.batch_rows)
        return BatchStream(conformer.schema, batches, close=close, warnings=conformer.warnings)

    def _guarded(self, reader: Iterator[pa.RecordBatch], table: str) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch = next(reader, None)
            except _errors() as error:
                raise self._failure(error, table) from None
            if batch is None:
                return
            yield batch

    def _connect(self) -> adbc.Connection:
        import adbc_driver_postgresql.dbapi as adbc

        at = self.config.located(self.secrets)
        options = {"connect_timeout": str(_TIMEOUT), "application_name": "agentic-data-platform", **at.options}
        user = f"{quote(at.user, safe='')}:{quote(at.password, safe='')}@" if at.user else ""
        host = f"[{at.host}]" if ":" in at.host else at.host
        url = f"postgresql://{user}{host}:{at.port}/{quote(at.database, safe='')}?{urlencode(options, quote_via=quote)}"
        try:
            return adbc.connect(url)
        except _errors() as error:
            raise self._failure(error, "") from None

    @contextmanager
    def _cursor(self) -> Generator[adbc.Cursor]:
        with closing(self._connect()) as connection, closing(connection.cursor()) as cursor:
            try:
                yield cursor
            except _errors() as error:
                raise self._failure(error, "") from None

    def _failure(self, error: Exception, table: str) -> SourceError:
        """The driver's error without its text, which may repeat a value or the address."""
        where = f"{self.where}, table {table}" if table else self.where
        at, text = self.config.located(self.secrets), str(error)
        state = getattr(error, "sqlstate", None) or ""
        if state in ("42P01", "42703", "3F000"):
            return UnknownSource(
                "the table or a column is gone", where=where, fix="refresh the catalog: adp catalog --refresh"
            )
        if state == "42501" or re.search("permission denied", text):
            return AccessRefused("no right to read it", where=where, fix="grant SELECT to the connection's user")
        if re.search(r'database ".*" does not exist', text):
            return UnknownSource(f"no database {at.database!r}", where=where, fix="correct the database in the URL")
        if re.search("authentication failed|pg_hba|role .* does not exist|not permitted to log in|no password", text):
            return AccessRefused(
                "the server refuses the user or its password", where=where, fix="check user and password in the secret"
            )
        if "Failed to connect" in text or state[:2] in ("08", "57") or "server closed the connection" in text:
            return Unreachable(
                f"{at.host}:{at.port} does not answer",
                where=where,
                fix="check host, port, network and that the server runs",
            )
        return SourceError(f"the read failed (SQLSTATE {state or 'unknown'})", where=where, fix="see the server's log")


def _errors() -> tuple[type[Exception], ...]:
    """What the driver raises, from a statement or from the stream behind it."""
    import adbc_driver_manager as manager
    import pyarrow as pa

    return manager.Error, pa.ArrowException, OSError


def _ask(cursor: adbc.Cursor, sql: str) -> list[dict[str, Any]]:
    cursor.execute(sql)
    return cursor.fetch_arrow_table().to_pylist()


def _first_keys(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], list[str]]:
    """The columns of each table's first index: the primary key, else the narrowest unique one."""
    first: dict[tuple[str, ...], int] = {}
    keys: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        table = (row["schema"], row["name"])
        if first.setdefault(table, row["id"]) == row["id"]:
            keys.setdefault(table, []).append(row["column"])
    return keys


def _column(row: dict[str, Any]) -> Column:
    kind, modifier = row["kind"], row["modifier"]
    precision = scale = None
    if kind == "numeric" and modifier >= 4:
        precision, scale = (modifier - 4) >> 16, (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    shown = row["shown"] if kind in ("array", "enum", "row") else _SHOWN.get(kind, kind)
    return Column(row["column"], shown.lower(), kind, precision, scale, bool(row["nullable"]))


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string in SQL, whatever `standard_conforming_strings` says."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def item(column: Column) -> Item:
    """How a column is read. `full` of a PostgreSQL column is its base type's name, or array, enum, row."""
    import pyarrow as pa

    name = quoted(column.name)
    direct = {
        "bool": pa.bool_(), "int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64(), "float4": pa.float32(),
        "float8": pa.float64(), "text": pa.string(), "varchar": pa.string(), "bpchar": pa.string(), "name": pa.string(),
        "bytea": pa.binary(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", "UTC"),
        "json": pa.string(), "jsonb": pa.string(),
    }  # fmt: skip
    if column.full in direct:
        return Item(column.name, name, direct[column.full])
    if column.full == "numeric":
        return Item(column.name, name, decimal_type(column.precision, column.scale))
    if column.full == "money":
        return Item(column.name, f"{name}::numeric", pa.decimal128(21, 4))
    if column.full == "oid":
        return Item(column.name, f"{name}::int8", pa.int64())
    if column.full in ("array", "row"):
        return Item(column.name, f"to_json({name})::text", pa.string())
    return Item(column.name, f"{name}::text", pa.string())


def select(request: ReadRequest, items: list[Item]) -> str:
    """The statement of a read."""
    columns = ", ".join(f"{one.sql} AS {quoted(one.name)}" for one in items)
    sql = f"SELECT {columns} FROM {'.'.join(quoted(part) for part in request.table.parts)}"
    if request.watermark is None or request.since is None:
        return sql
    column = request.table.column(request.watermark)
    from_text(request.since, item(column).arrow)
    cast = {"array": "", "enum": "", "row": ""}.get(column.full, f"::{quoted(column.full)}")
    return f"{sql} WHERE {quoted(column.name)} >= {literal(request.since)}{cast}"
