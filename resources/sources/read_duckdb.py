"""DuckDB files, opened read-only and read by DuckDB's own Arrow reader."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents.core.errors import SourceError, UnknownSource, Unreachable
from resources.sources.conform import MAX_PRECISION, Conformer, Item
from resources.sources.engine import Engine, ReadRequest
from resources.sources.introspect import Column, TableInfo, tables_from_rows
from resources.sources.stream import BatchStream, sliced
from resources.sources.watermark import from_text

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_TABLES = """SELECT schema_name AS schema, table_name AS name, estimated_size AS rows, comment AS description
FROM duckdb_tables() WHERE NOT internal AND database_name = current_database()
UNION ALL SELECT schema_name, view_name, NULL, comment FROM duckdb_views()
WHERE NOT internal AND database_name = current_database()"""
_COLUMNS = """SELECT schema_name AS schema, table_name AS name, column_name AS column, data_type AS kind,
  numeric_precision AS digits, numeric_scale AS scale, is_nullable AS nullable
FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()
ORDER BY schema_name, table_name, column_index"""
_KEYS = """SELECT schema_name AS schema, table_name AS name, constraint_column_names AS columns
FROM duckdb_constraints() WHERE database_name = current_database() AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')
ORDER BY constraint_type, constraint_index"""


class DuckDBEngine(Engine):
    """A DuckDB file."""

    def version(self) -> str:
        """Size and time of the file."""
        try:
            stat = self.config.path(self.secrets).stat()
        except OSError:
            return "missing"
        return f"{stat.st_size}-{stat.st_mtime_ns}"

    def check(self) -> None:
        """Open the file."""
        with self._open() as db:
            db.execute("SELECT 1").fetchall()

    def tables(self, only: str | None = None) -> list[TableInfo]:
        """Tables and views of all schemas."""
        with self._open() as db:
            rows, columns, keys = (_ask(db, sql) for sql in (_TABLES, _COLUMNS, _KEYS))
        columns_of: dict[tuple[str, ...], list[Column]] = {}
        for row in columns:
            columns_of.setdefault((row["schema"], row["name"]), []).append(_column(row))
        first: dict[tuple[str, ...], list[str]] = {}
        for row in keys:
            first.setdefault((row["schema"], row["name"]), list(row["columns"]))
        return tables_from_rows(rows, first, columns_of)

    def read(self, request: ReadRequest) -> BatchStream:
        """The rows; types that the lake lacks come as text, nested ones as JSON."""
        import duckdb

        items = [item(column) for column in request.table.columns]
        conformer = Conformer(items, f"{self.where}, table {request.table.name}")
        db = self._connect()
        try:
            sql, values = select(request, items)
            reader: Any = db.sql(sql, params=values).to_arrow_reader(request.batch_rows)
        except duckdb.Error as error:
            db.close()
            raise self._failure(error, request.table.name) from None
        except BaseException:
            db.close()
            raise
        batches = sliced(conformer.all(self._guarded(reader, request.table.name)), request.batch_rows)
        return BatchStream(conformer.schema, batches, close=db.close, warnings=conformer.warnings)

    def _guarded(self, reader: Iterator[pa.RecordBatch], table: str) -> Iterator[pa.RecordBatch]:
        import duckdb
        import pyarrow as pa

        while True:
            try:
                batch = next(reader, None)
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise self._failure(error, table) from None
            if batch is None:
                return
            yield batch

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        file = self.config.path(self.secrets)
        if not file.is_file():
            raise Unreachable(f"no file {file}", where=self.where, fix="check the path in the connections file")
        try:
            db = duckdb.connect(file, read_only=True)
            db.execute("SET TimeZone = 'UTC'")
        except duckdb.Error as error:
            raise self._failure(error, "") from None
        return db

    @contextmanager
    def _open(self) -> Generator[duckdb.DuckDBPyConnection]:
        import duckdb

        db = self._connect()
        try:
            yield db
        except duckdb.Error as error:
            raise self._failure(error, "") from None
        finally:
            db.close()

    def _failure(self, error: Exception, table: str) -> SourceError:
        import duckdb

        where = f"{self.where}, table {table}" if table else self.where
        if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
            gone = "the table or a column is gone"
            return UnknownSource(gone, where=where, fix="refresh the catalog: adp catalog --refresh")
        if isinstance(error, duckdb.IOException) and "lock" in str(error).lower():
            what = "another process has the file open for writing"
            return Unreachable(what, where=where, fix="close it there, or read a copy")
        what = f"DuckDB cannot read the file ({type(error).__name__})"
        return SourceError(what, where=where, fix="open it with the duckdb shell; check its version and your rights")


def _ask(db: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = db.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _column(row: dict[str, Any]) -> Column:
    full = str(row["kind"]).lower()
    bare = full if full.endswith("]") else full.split("(")[0]
    return Column(str(row["column"]), bare, full, row["digits"], row["scale"], bool(row["nullable"]))


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def item(column: Column) -> Item:
    """How a column is read."""
    import pyarrow as pa

    name, kind = quoted(column.name), column.full
    direct = {
        "boolean": pa.bool_(), "tinyint": pa.int8(), "smallint": pa.int16(), "integer": pa.int32(),
        "bigint": pa.int64(),
        "utinyint": pa.int16(), "usmallint": pa.int32(), "uinteger": pa.int64(), "ubigint": pa.decimal128(20, 0),
        "float": pa.float32(), "double": pa.float64(), "varchar": pa.string(), "blob": pa.binary(), "date": pa.date32(),
        "timestamp": pa.timestamp("us"), "timestamp_s": pa.timestamp("us"), "timestamp_ms": pa.timestamp("us"),
        "timestamp with time zone": pa.timestamp("us", "UTC"),
    }  # fmt: skip
    if kind in direct:
        return Item(column.name, name, direct[kind])
    if kind == "timestamp_ns":
        return Item(column.name, f"{name}::TIMESTAMP", pa.timestamp("us"))
    if kind.startswith("decimal") and not kind.endswith("]") and column.precision:
        return Item(column.name, name, pa.decimal128(column.precision, column.scale or 0))
    if kind in ("hugeint", "uhugeint"):
        return Item(column.name, f"{name}::VARCHAR", pa.decimal128(MAX_PRECISION, 0))
    if kind.endswith("]") or kind.startswith(("struct", "map", "union")):
        return Item(column.name, f"to_json({name})::VARCHAR", pa.string())
    return Item(column.name, f"{name}::VARCHAR", pa.string())


def select(request: ReadRequest, items: list[Item]) -> tuple[str, list[Any]]:
    """The statement of a read and its values."""
    columns = ", ".join(f"{one.sql} AS {quoted(one.name)}" for one in items)
    sql = f"SELECT {columns} FROM {'.'.join(quoted(part) for part in request.table.parts)}"
    if request.watermark is None or request.since is None:
        return sql, []
    column = request.table.column(request.watermark)
    from_text(request.since, item(column).arrow)
    return f"{sql} WHERE {quoted(column.name)} >= CAST(? AS {column.full})", [request.since]
