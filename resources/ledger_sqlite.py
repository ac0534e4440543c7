"""Appends to a ledger on SQLite: plain statements that the driver keeps prepared, on a connection kept for them.

All who append queue at the head file's lock, which wakes the next one soon; SQLite's own wait for a writer sleeps
in steps of milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DatabaseError

from agents.core.errors import StateError
from resources.ledger_head import GENESIS, Head, HeadFile, LedgerHead
from resources.ledger_records import COLUMNS, chained
from resources.store_database import Database

_LAST = "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"
_HASH = "SELECT hash FROM ledger WHERE seq = ?"
_INSERT = f"INSERT INTO ledger ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


class Appender:
    """Appends to the ledger of one open store, whose pool costs more than a short transaction does."""

    def __init__(self, database: Database, head: LedgerHead) -> None:
        self.database = database
        self._head = head
        self._idle: Any = None
        event.listen(database.engine, "engine_disposed", self._close)

    def append(self, texts: Sequence[tuple[str, ...]]) -> Head:
        """Chain these texts to the last record, all or none, and anchor them; gives the new head."""
        with self._head.locked() as anchor:
            try:
                with self._connection() as connection:
                    made = _insert(connection, anchor, texts)
            except (sqlite3.DatabaseError, DatabaseError) as error:
                raise StateError(
                    f"the ledger cannot be written ({str(error).splitlines()[0]})",
                    where=f"store {self.database.engine.url.database}",
                    fix="free disk space, check the file's rights, end what holds it",
                ) from error
            anchor.advance(made)
        return made

    @contextmanager
    def _connection(self) -> Generator[Any]:
        """The idle connection or a new one. Closed after an error, which undoes what was not committed."""
        connection, self._idle = self._idle, None
        if connection is None:
            pooled = self.database.engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
        try:
            yield connection
            self._idle, connection = connection, None
        finally:
            if connection is not None:
                connection.close()

    def _close(self, _engine: object) -> None:
        """The store was closed: an open connection would write to files that may be exchanged now."""
        connection, self._idle = self._idle, None
        if connection is not None:
            connection.close()


def _insert(connection: Any, anchor: HeadFile, texts: Sequence[tuple[str, ...]]) -> Head:
    connection.execute("BEGIN IMMEDIATE")
    found = connection.execute(_LAST).fetchone()
    last = Head(found[0], found[1]) if found else Head(0, GENESIS)
    sound = anchor.follows(last, lambda seq: _hash_at(connection, seq))
    rows = chained(texts, last)
    connection.executemany(_INSERT, rows)
    connection.execute("COMMIT")
    return Head(rows[-1][0], rows[-1][-1], sound)


def _hash_at(connection: Any, seq: int) -> str | None:
    found = connection.execute(_HASH, (seq,)).fetchone()
    return found[0] if found else None
