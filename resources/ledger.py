"""The ledger: append-only, hash-chained record of goals, plans, decisions and tool calls.

Each record's hash is the SHA-256 of its content in canonical JSON and the hash before it, so a record that was
changed, removed, inserted or moved shows. The last hash also stands in a file outside the store, so that a tail
cut off shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agents.core.digest import canonical_json
from agents.core.errors import StateError
from resources.ledger_head import Head, LedgerHead
from resources.scrub import scrub, scrub_text
from resources.store import Store
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

GENESIS = "0" * 64
_TEXTS = ("at", "kind", "who", "what", "subject", "why", "digest", "trace", "facts")
_PAGE = 10_000
_BELOW = -(2**62)  # ours start at 1: a record put in before them must show


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded. `who` did `what` to `subject` because of `why`; `digest` names the plan or grant."""

    kind: str
    who: str
    what: str
    subject: str = ""
    why: str = ""
    digest: str = ""
    trace: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as it stands in the ledger; `at` is UTC in ISO 8601."""

    seq: int
    at: str
    entry: Entry
    hash: str


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
        with self._store.database().write() as connection:
            head = self.record(connection, entries)
        self.anchor(head)
        return list(range(head.seq - len(entries) + 1, head.seq + 1))

    def record(self, connection: Connection, entries: Sequence[Entry]) -> Head:
        """Record within somebody's write transaction; gives the head to `anchor` once that has committed.

        Other appends wait until the transaction ends: record last, and commit at once.
        """
        database, db = self._store.database(), tables()
        rows = [_row(entry) for entry in entries]
        database.lock(connection, db.LEDGER_LOCK)
        last = _last(connection)
        # The time is taken under the lock, so that times rise as numbers do.
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        head = last.hash
        for seq, row in enumerate(rows, last.seq + 1):
            row["seq"], row["at"] = seq, at
            row["hash"] = head = _hash(seq, [row[name] for name in _TEXTS], head)
        if rows:
            connection.execute(db.ledger.insert(), rows)
        return Head(last.seq + len(rows), head)

    def anchor(self, head: Head) -> None:
        """Remember outside the store how far the ledger reaches; for what `record` gave, after the commit."""
        self._head.advance(head)

    def records(self, *, subject: str | None = None, kind: str | None = None, after: int = 0) -> Iterator[Record]:
        """Records in order, of one subject or kind when given; read page by page."""
        for row in self._rows(after, subject=subject, kind=kind):
            yield _record(row)

    def verify(self) -> Verification:
        """Recompute the whole chain against the store and the head file."""
        anchor = self._head.read()
        count, expected, head, bad = 0, 1, GENESIS, None
        for row in self._rows(_BELOW):
            count += 1
            if bad is not None:
                continue
            seq, *texts, stored = row
            head = _hash(seq, texts, head)
            if seq != expected or stored != head or (anchor and seq == anchor.seq and head != anchor.hash):
                bad = expected
            expected += 1
        if bad is None and anchor is not None and anchor.seq >= expected:
            bad = expected
        return Verification(count, bad is None, bad, anchor is not None)

    def export(self, path: Path, format: Literal["jsonl", "parquet"] = "jsonl") -> int:  # noqa: A002 - the field's term
        """Write all records to a file; gives their number."""
        writers = {"jsonl": _write_jsonl, "parquet": _write_parquet}
        if format not in writers:
            raise StateError(f"unknown format {format!r}", where=str(path), fix="use jsonl or parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        return writers[format](path, self._rows(_BELOW))

    def _rows(self, after: int, *, subject: str | None = None, kind: str | None = None) -> Generator[tuple[Any, ...]]:
        """Plain rows `(seq, *texts, hash)`; each page is a short read, so that writers' log can be folded in."""
        table = tables().ledger
        columns = [table.c.seq, *(table.c[name] for name in _TEXTS), table.c.hash]
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


def _row(entry: Entry) -> dict[str, Any]:
    """The entry's columns, scrubbed. People are named by `who` and `subject`: an address there stays readable."""
    try:
        facts = canonical_json(scrub(entry.facts))
    except (TypeError, ValueError) as error:
        raise StateError(f"facts are not JSON: {error}", where=f"ledger entry {entry.kind}") from error
    return {
        "kind": entry.kind,
        "who": scrub_text(entry.who, emails=False),
        "what": scrub_text(entry.what),
        "subject": scrub_text(entry.subject, emails=False),
        "why": scrub_text(entry.why),
        "digest": entry.digest,
        "trace": entry.trace,
        "facts": facts,
    }


def _last(connection: Connection) -> Head:
    table = tables().ledger
    query = table.select().with_only_columns(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def _hash(seq: int, texts: Sequence[Any], previous: str) -> str:
    """Content as a canonical JSON list `[previous, seq, at, kind, ...]`; `facts` is already canonical text."""
    return hashlib.sha256(canonical_json([previous, seq, *texts]).encode()).hexdigest()


def _record(row: tuple[Any, ...]) -> Record:
    seq, at, kind, who, what, subject, why, digest, trace, facts, sha = row
    return Record(seq, at, Entry(kind, who, what, subject, why, digest, trace, json.loads(facts)), sha)


def _write_jsonl(path: Path, rows: Iterator[tuple[Any, ...]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            named = dict(zip(("seq", *_TEXTS, "hash"), row, strict=True))
            named["facts"] = json.loads(named["facts"])
            file.write(canonical_json(named) + "\n")
            count += 1
    return count


def _write_parquet(path: Path, rows: Iterator[tuple[Any, ...]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("seq", pa.int64()), *((name, pa.string()) for name in _TEXTS), ("hash", pa.string())])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        while page := list(islice(rows, _PAGE)):
            columns = [list(column) for column in zip(*page, strict=True)]
            writer.write_table(pa.table(columns, schema=schema))
            count += len(page)
    return count
