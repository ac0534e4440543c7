"""SQLite through the standard library: declared types where every value fits, else what the values are.

SQLite lets any value into any column. One pass inside the read's own transaction finds the declared types that hold
for all rows to be read; a column with a value that does not fit is read as text (or as the numbers it holds), nothing
is lost, and the lake's schema rule decides about the rows.

A table `_adp_keys (table_name, column_name, position)` may say which columns identify a row where no constraint does,
as sources often know a key that their history of duplicates forbids to enforce.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.core.errors import AccessRefused, SourceError, UnknownSource, Unreachable
from resources.sources.engine import Engine, ReadRequest
from resources.sources.introspect import Column, TableInfo
from resources.sources.sqlite_types import Fit, fits, quoted, to_array
from resources.sources.stream import BatchStream

if TYPE_CHECKING:
    import pyarrow as pa

KEYS_TABLE = "_adp_keys"
_TYPE = re.compile(r"^\s*([^(]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)\s*(.*))?$", re.DOTALL)


class SQLiteEngine(Engine):
    """A SQLite file."""

    @property
    def file(self) -> Path:
        """The database file."""
        return self.config.path(self.secrets)

    def version(self) -> str:
        """Size and time of the file."""
        try:
            stat = self.file.stat()
        except OSError:
            return "missing"
        return f"{stat.st_size}-{stat.st_mtime_ns}"

    def check(self) -> None:
        """Open the file and read its first page."""
        with self._open() as db:
            db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()

    def tables(self, only: str | None = None) -> list[TableInfo]:
        """Tables and views, keys from the constraints or from `_adp_keys`."""
        with self._open() as db:
            keys = _logical_keys(db)
            names = db.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_'"
            ).fetchall()
            return [_describe(db, name, keys.get(name, ())) for (name,) in names if _wanted(name, only)]

    def read(self, request: ReadRequest) -> BatchStream:
        """The rows; a timestamp watermark is compared as a moment, however its text is written."""
        import pyarrow as pa

        db = self._connect()
        try:
            db.execute("BEGIN")
            db.text_factory = bytes  # Arrow decodes many times faster
            condition, values = _condition(request)
            kinds = fits(db, request.table, condition, values)
            schema = pa.schema([pa.field(c.name, kinds[c.name].arrow) for c in request.table.columns])
            names = ", ".join(quoted(column.name) for column in request.table.columns)
            sql = f"SELECT {names} FROM {quoted(request.table.parts[-1])}{condition}"
            cursor = db.execute(sql, values)
        except sqlite3.Error as error:
            db.close()
            raise self._failure(error, request.table.name) from None
        except BaseException:
            db.close()
            raise
        return BatchStream(schema, self._batches(cursor, request, kinds, schema), close=db.close)

    def _batches(
        self, cursor: sqlite3.Cursor, request: ReadRequest, kinds: dict[str, Fit], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        while True:
            try:
                rows = cursor.fetchmany(request.batch_rows)
            except sqlite3.Error as error:
                raise self._failure(error, request.table.name) from None
            if not rows:
                return
            columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
            arrays = [to_array(values, kinds[name]) for name, values in zip(schema.names, columns, strict=True)]
            batch = _at_or_after(pa.RecordBatch.from_arrays(arrays, schema=schema), request)
            if batch.num_rows:
                yield batch

    def _connect(self) -> sqlite3.Connection:
        if not self.file.is_file():
            raise Unreachable(f"no file {self.file}", where=self.where, fix="check the path in the connections file")
        try:
            uri = f"{self.file.resolve().as_uri()}?mode=ro"
            db = sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._failure(error, "") from None
        return db

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        db = self._connect()
        try:
            yield db
        except sqlite3.Error as error:
            raise self._failure(error, "") from None
        finally:
            db.close()

    def _failure(self, error: sqlite3.Error, table: str) -> SourceError:
        where = f"{self.where}, table {table}" if table else self.where
        text = str(error)
        if "no such table" in text or "no such column" in text:
            return UnknownSource(text.split(":")[0], where=where, fix="refresh the catalog: adp catalog --refresh")
        if "unable to open" in text or "readonly" in text:
            return AccessRefused(
                "the file cannot be opened", where=where, fix="let this user read the file and its folder"
            )
        if "locked" in text or "busy" in text:
            return Unreachable("another process keeps the file locked", where=where, fix="try again when it is done")
        if "not a database" in text or "malformed" in text:
            return SourceError(f"{self.file} is no sound SQLite database", where=where, fix="restore the file")
        return SourceError(text, where=where, fix="try the same SELECT with the sqlite3 shell")


def _wanted(name: str, only: str | None) -> bool:
    return not name.startswith("_adp_") and only in (None, name)


def _logical_keys(db: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (KEYS_TABLE,)).fetchone():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for table, column in db.execute(f"SELECT table_name, column_name FROM {KEYS_TABLE} ORDER BY table_name, position"):
        found[table] = (*found.get(table, ()), column)
    return found


def _describe(db: sqlite3.Connection, name: str, logical: tuple[str, ...]) -> TableInfo:
    rows = db.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    columns = tuple(_column(row[1], row[2], not row[3]) for row in rows if row[6] != 1)
    primary = tuple(row[1] for row in sorted((r for r in rows if r[5]), key=lambda r: r[5]))
    key = primary or logical or _unique(db, name)
    return TableInfo(name, (name,), columns, key, _estimate(db, name))


def _column(name: str, declared: str, nullable: bool) -> Column:
    match = _TYPE.match(declared or "")
    bare, first, second, rest = match.groups() if match else (declared, None, None, None)
    kind = " ".join(f"{bare} {rest or ''}".lower().split()) or "blob"
    return Column(
        name, kind, declared.lower(), int(first) if first else None, int(second or 0) if first else None, nullable
    )


def _unique(db: sqlite3.Connection, name: str) -> tuple[str, ...]:
    for index in db.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
        if index[2] and not index[4]:
            parts = db.execute(f"PRAGMA index_info({quoted(index[1])})").fetchall()
            if all(part[2] is not None for part in parts):
                return tuple(part[2] for part in parts)
    return ()


def _estimate(db: sqlite3.Connection, name: str) -> int | None:
    """The highest row number: one step in the tree, right unless much was deleted. Views have none."""
    try:
        (count,) = db.execute(f"SELECT max(rowid) FROM {quoted(name)}").fetchone()
    except sqlite3.OperationalError:
        return None
    if count is None and db.execute(f"SELECT 1 FROM {quoted(name)} LIMIT 1").fetchone() is None:
        return 0
    return int(count) if isinstance(count, int) and count >= 0 else None


def _condition(request: ReadRequest) -> tuple[str, tuple[object, ...]]:
    """A condition an index can serve; it lets a little too much through for timestamps, `_at_or_after` not."""
    if request.watermark is None or request.since is None:
        return "", ()
    column = request.table.column(request.watermark)
    name, since = quoted(column.name), request.since
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ].*", since):
        from datetime import date, timedelta

        return f" WHERE {name} >= ?", ((date.fromisoformat(since[:10]) - timedelta(days=1)).isoformat(),)
    if re.fullmatch(r"-?\d+(\.\d+)?", since):
        return f" WHERE {name} >= CAST(? AS NUMERIC)", (since,)
    return f" WHERE {name} >= ?", (since,)


def _at_or_after(batch: pa.RecordBatch, request: ReadRequest) -> pa.RecordBatch:
    import pyarrow as pa
    import pyarrow.compute as pc

    from resources.sources.watermark import from_text

    if request.watermark is None or request.since is None:
        return batch
    column = batch.column(request.watermark)
    since = pa.scalar(from_text(request.since, column.type), column.type)
    return batch.filter(pc.call_function("greater_equal", [column, since]))
