"""Appends to a ledger on SQLite: plain statements that the driver keeps prepared.

All who append queue at the head file's lock, which wakes the next one at once; SQLite's own wait for a writer sleeps
in steps of milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DatabaseError

from agents.core.errors import StateError
from resources.ledger_head import GENESIS, Head, HeadFile, LedgerHead
from resources.ledger_records import COLUMNS, chained
from resources.store_database import Database

_LAST = "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"
_HASH = "SELECT hash FROM ledger WHERE seq = ?"
_INSERT = f"INSERT INTO ledger ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def append_rows(database: Database, head: LedgerHead, texts: Sequence[tuple[str, ...]]) -> Head:
    """Chain these texts to the last record, all or none, and anchor them; gives the new head."""
    with head.locked() as anchor:
        try:
            made = _insert(database, anchor, texts)
        except (sqlite3.DatabaseError, DatabaseError) as error:
            raise StateError(
                f"the ledger cannot be written ({str(error).splitlines()[0]})",
                where=f"store {database.engine.url.database}",
                fix="free disk space, check the file's rights, end what holds it",
            ) from error
        anchor.advance(made)
    return made


def _insert(database: Database, anchor: HeadFile, texts: Sequence[tuple[str, ...]]) -> Head:
    pooled = database.engine.raw_connection()
    try:
        connection: Any = pooled.driver_connection
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute(_LAST).fetchone()
        last = Head(found[0], found[1]) if found else Head(0, GENESIS)
        sound = anchor.follows(last, lambda seq: _hash_at(connection, seq))
        rows = chained(texts, last)
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")
        return Head(rows[-1][0], rows[-1][-1], sound)
    finally:
        pooled.close()  # back to the pool, which undoes what was not committed


def _hash_at(connection: Any, seq: int) -> str | None:
    found = connection.execute(_HASH, (seq,)).fetchone()
    return found[0] if found else None
