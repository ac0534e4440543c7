"""The ledger: append-only, hash-chained record of goals, plans, decisions and tool calls.

Each record's hash is the SHA-256 of its content in canonical JSON and the hash before it, so a record that was
changed, removed, inserted or moved shows. The last hash also stands in a file outside the store, the anchor, so that
a tail cut off or a store put back to an older copy shows too. The anchor follows each commit; it stops following a
store that lacks what was anchored, until somebody accepts that.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agents.core.errors import StateError
from resources.ledger_export import write_jsonl, write_parquet
from resources.ledger_head import GENESIS, Head, LedgerHead
from resources.ledger_records import COLUMNS, Entry, Record, chained, hash_of, record_of, scrubbed
from resources.store import Store
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from resources.ledger_sqlite import Appender
    from resources.store_database import Database

__all__ = ["Entry", "Head", "Ledger", "Record", "Verification"]

_PAGE = 10_000
_BELOW = -(2**62)  # ours start at 1: a record put in before them must show


@dataclass(frozen=True, slots=True)
class Verification:
    """`first_bad` is the number of the first record that is not as it was written; None when all are."""

    records: int
    ok: bool
    first_bad: int | None
    anchored: bool


class Ledger:
    """The audit records of one store. Appends of all processes are serialised."""

    def __init__(self, store: Store, head: Path) -> None:
        self._store = store
        self._head = LedgerHead(head)
        self._sqlite: Appender | None = None

    def append(
        self,
        kind: str,
        who: str,
        what: str,
        *,
        subject: str = "",
        why: str = "",
        digest: str = "",
        trace: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> int:
        """Record one thing that happened; gives its number."""
        return self.append_many([Entry(kind, who, what, subject, why, digest, trace, facts or {})])[0]

    def append_many(self, entries: Sequence[Entry]) -> list[int]:
        """Record many things at once, all or none; gives their numbers."""
        if not entries:
            return []
        database = self._store.database()
        if database.is_sqlite:
            head = self._appender(database).append(list(map(scrubbed, entries)))
        else:
            with database.write() as connection:
                head = self.record(connection, entries)
            self._head.advance(head)
        return list(range(head.seq - len(entries) + 1, head.seq + 1))

    def record(self, connection: Connection, entries: Sequence[Entry]) -> Head:
        """Record within somebody's write transaction; gives the head to `anchor` once that has committed.

        Other appends wait until the transaction ends: record last, and commit at once. Raises StateError when the
        anchor is damaged.
        """
        last, head = self._insert(connection, list(map(scrubbed, entries)))
        return replace(head, sound=self._head.follows(last, lambda seq: _hash_at(connection, seq)))

    def anchor(self, head: Head) -> None:
        """Remember outside the store how far the ledger reaches; for what `record` gave, after the commit."""
        self._head.advance(head)

    def check_tail(self) -> None:
        """Raise StateError when records are gone that were anchored: the store was put back, cut or exchanged.

        Reads one row. What was changed further back is for `verify`.
        """
        anchor = self._head.read()  # before the store: what is anchored is committed
        with self._store.database().read() as connection:
            last = _last(connection)
            if anchor is None and last.seq:  # somebody wrote the first record meanwhile, and anchored it before
                anchor = self._head.read()
            found = _hash_at(connection, anchor.seq) if anchor and anchor.seq else GENESIS
        if anchor is None and last.seq == 0:
            return
        if anchor is None or found != anchor.hash:
            at = f"record {anchor.seq}" if anchor else "its head file"
            raise StateError(
                f"the store is not the one that was written last: {at} is missing or differs, it ends at {last.seq}",
                where="ledger",
                fix="put the newer store back; if it is lost, `adp ledger accept` says why",
            )

    def accept(self, by: str, why: str) -> None:
        """Go on with the store as it is after records were lost: `by` and `why` become a record, and are anchored.

        Raises StateError when there is nothing to accept, or no reason is given.
        """
        if not (by.strip() and why.strip()):
            raise StateError("who accepts it, and why?", where="ledger", fix="give both")
        try:
            self.check_tail()
        except StateError as error:
            lost = error.what
        else:
            raise StateError("nothing is missing at the ledger's end", where="ledger", fix="see `adp ledger verify`")
        entry = Entry("ledger", by, "accepted the store as it is", "ledger", why, facts={"found": lost})
        with self._store.database().write() as connection:
            _, head = self._insert(connection, [scrubbed(entry)])
        with self._head.locked() as file:
            file.write(head)

    def _appender(self, database: Database) -> Appender:
        """The one for the database that is open now: a forked process has another."""
        if self._sqlite is None or self._sqlite.database is not database:
            from resources.ledger_sqlite import Appender

            self._sqlite = Appender(database, self._head)
        return self._sqlite

    def _insert(self, connection: Connection, texts: Sequence[tuple[str, ...]]) -> tuple[Head, Head]:
        """Chain texts to the last record; gives the last record before and after."""
        self._store.database().lock(connection, tables().LEDGER_LOCK)
        last = _last(connection)
        rows = chained(texts, last)
        if rows:
            connection.execute(tables().ledger.insert(), [dict(zip(COLUMNS, row, strict=True)) for row in rows])
        return last, Head(last.seq + len(rows), rows[-1][-1] if rows else last.hash)

    def records(self, *, subject: str | None = None, kind: str | None = None, after: int = 0) -> Iterator[Record]:
        """Records in order, of one subject or kind when given; read page by page."""
        for row in self._rows(after, subject=subject, kind=kind):
            yield record_of(row)

    def verify(self) -> Verification:
        """Recompute the whole chain against the store and the head file."""
        anchor = self._head.read()
        count, expected, head, bad = 0, 1, GENESIS, None
        for row in self._rows(_BELOW):
            count += 1
            if bad is not None:
                continue
            seq, *texts, stored = row
            head = hash_of(seq, texts, head)
            if seq != expected or stored != head or (anchor and seq == anchor.seq and head != anchor.hash):
                bad = expected
            expected += 1
        if bad is None and anchor is not None and anchor.seq >= expected:
            bad = expected
        return Verification(count, bad is None and (anchor is not None or not count), bad, anchor is not None)

    def export(self, path: Path, format: Literal["jsonl", "parquet"] = "jsonl") -> int:  # noqa: A002 - the field's term
        """Write all records to a file; gives their number."""
        writers = {"jsonl": write_jsonl, "parquet": write_parquet}
        if format not in writers:
            raise StateError(f"unknown format {format!r}", where=str(path), fix="use jsonl or parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        return writers[format](path, self._rows(_BELOW))

    def _rows(self, after: int, *, subject: str | None = None, kind: str | None = None) -> Generator[tuple[Any, ...]]:
        """Plain rows `(seq, *texts, hash)`; each page is a short read, so that writers' log can be folded in."""
        table = tables().ledger
        columns = [table.c[name] for name in COLUMNS]
        query = table.select().with_only_columns(*columns).order_by(table.c.seq).limit(_PAGE)
        if subject is not None:
            query = query.where(table.c.subject == subject)
        if kind is not None:
            query = query.where(table.c.kind == kind)
        while True:
            with self._store.database().read() as connection:
                page = connection.execute(query.where(table.c.seq > after)).fetchall()
            for row in page:
                yield tuple(row)
            if len(page) < _PAGE:
                return
            after = page[-1][0]


def _last(connection: Connection) -> Head:
    table = tables().ledger
    query = table.select().with_only_columns(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def _hash_at(connection: Connection, seq: int) -> str | None:
    table = tables().ledger
    return connection.execute(table.select().with_only_columns(table.c.hash).where(table.c.seq == seq)).scalar()
