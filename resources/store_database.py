"""The store's connections and transactions on SQLite or PostgreSQL. Imported late: SQLAlchemy is slow to load."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from agents.core.errors import ConfigError, StateError
from resources.store_tables import SCHEMA_LOCK, counters, metadata, version

VERSION = 5
GROWN = (1, 2, 3, 4)  # formats that lack nothing but tables
COUNTERS = ("goal", "request", "incident")
WAIT_SECONDS = 30
_WRITE = "adp_write"


class Database:
    """One open store: `write()` is a serialised transaction, `read()` a consistent view."""

    def __init__(self, url: str) -> None:
        self.pid = os.getpid()
        self._url = _parse(url)
        self.engine = _engine(self._url)
        self._create()

    @property
    def is_sqlite(self) -> bool:
        """SQLite has one writer at a time; PostgreSQL needs row and advisory locks."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that commits on leaving and undoes everything on an error."""
        with (
            self._guarded(),
            self.engine.connect() as connection,
            connection.execution_options(**{_WRITE: True}).begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads; its view does not change while it is open."""
        with self._guarded(), self.engine.connect() as connection, connection.begin():
            yield connection

    def lock(self, connection: Connection, number: int) -> None:
        """Hold a named lock until the transaction ends; on SQLite the write transaction is that lock."""
        if not self.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    def upsert(
        self, connection: Connection, table: sa.Table, values: Mapping[str, Any], update: Sequence[str] = ()
    ) -> bool:
        """Insert a row, or on a clash update the named columns (none: leave it). True when a row was written."""
        statement = _upsert(self.is_sqlite, table, tuple(update))
        # PostgreSQL's driver forgets the count of an insert unless told to keep it.
        return connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount > 0

    def next_number(self, connection: Connection, counter: str) -> int:
        """The counter's next value; never given twice, gaps are possible."""
        bump = counters.update().where(counters.c.name == counter).values(value=counters.c.value + 1)
        return int(connection.execute(bump.returning(counters.c.value)).scalar_one())

    def close(self) -> None:
        """Close the pooled connections; the next use opens new ones."""
        self.engine.dispose()

    @contextmanager
    def _guarded(self) -> Generator[None]:
        try:
            yield
        except DatabaseError as error:
            # Its other kinds are mistakes in our statements; the plain kind is a file that is no database.
            if isinstance(error, OperationalError) or type(error) is DatabaseError:
                raise self._unusable(error) from error
            raise

    def _unusable(self, error: DatabaseError) -> StateError:
        where = self._url.database if self.is_sqlite else f"{self._url.host}:{self._url.port or 5432}"
        detail = str(error.orig).split("\n")[0] if self.is_sqlite else type(error.orig).__name__
        return StateError(
            f"the store cannot be used ({detail})",
            where=f"store {where}",
            fix="free disk space, check the file's rights, end what holds it" if self.is_sqlite else "start the server",
        )

    def _create(self) -> None:
        """Make what is missing. Every process does this at its start, so it holds a lock and can be repeated."""
        if self.is_sqlite and self._current():
            return
        with self.write() as connection:
            self.lock(connection, SCHEMA_LOCK)
            metadata.create_all(connection)
            self.upsert(connection, version, {"one": 1, "version": VERSION})
            for name in COUNTERS:
                self.upsert(connection, counters, {"name": name, "value": 0})
            found = int(connection.execute(sa.select(version.c.version)).scalar_one())
            if found in GROWN:
                connection.execute(version.update().values(version=VERSION))
            elif found != VERSION:
                raise StateError(
                    f"the store has format {found}, this platform writes {VERSION}",
                    where=f"store {self._url.database}",
                    fix="use the platform version that wrote it, or another ADP_STORE_URL",
                )

    def _current(self) -> bool:
        with self.read() as connection:
            if not sa.inspect(connection).has_table(version.name):
                return False
            return connection.execute(sa.select(version.c.version)).scalar() == VERSION


@cache
def _upsert(is_sqlite: bool, table: sa.Table, update: tuple[str, ...]) -> Any:
    """Made once for each use: to put the statement together takes longer than to carry it out."""
    insert: Any = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    if not update:
        return insert.on_conflict_do_nothing()
    keys = [column.name for column in table.primary_key.columns]
    return insert.on_conflict_do_update(index_elements=keys, set_={name: insert.excluded[name] for name in update})


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("the store's URL cannot be read", where="ADP_STORE_URL", fix="sqlite:///FILE") from error
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    try:
        return sa.create_engine(url, pool_pre_ping=True, pool_size=5, isolation_level="READ COMMITTED")
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a PostgreSQL store needs the package {error.name}",
            where="ADP_STORE_URL",
            fix="pip install 'psycopg[binary]'",
        ) from error


def _sqlite(url: URL) -> Engine:
    if url.database:
        _make_folder(Path(url.database).parent)
    engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})

    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)
    return engine


def _connected(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late to be IMMEDIATE
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=NORMAL")


def _write_ahead(connection: Any) -> None:
    """Changing the journal does not wait for others that open a fresh file, so the wait is ours."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begun(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another writer came between.
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"the folder cannot be made ({error.strerror})", where=f"store {folder}", fix="check its rights"
        ) from error
