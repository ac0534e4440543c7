"""What the ledger holds: entries, their scrubbed rows, and the hash that chains them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from agents.core.digest import canonical_json
from agents.core.errors import StateError
from resources.ledger_head import Head
from resources.scrub import scrub, scrub_text

TEXTS = ("at", "kind", "who", "what", "subject", "why", "digest", "trace", "facts")
COLUMNS = ("seq", *TEXTS, "hash")


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


def scrubbed(entry: Entry) -> tuple[str, ...]:
    """The entry's texts after `at`. People are named by `who` and `subject`: an address there stays readable."""
    try:
        facts = canonical_json(scrub(entry.facts))
    except (TypeError, ValueError) as error:
        raise StateError(f"facts are not JSON: {error}", where=f"ledger entry {entry.kind}") from error
    texts = (
        entry.kind,
        scrub_text(entry.who, emails=False),
        scrub_text(entry.what),
        scrub_text(entry.subject, emails=False),
        scrub_text(entry.why),
        entry.digest,
        entry.trace,
        facts,
    )
    return tuple(map(_storable, texts))


def chained(entries: Iterable[tuple[str, ...]], last: Head) -> list[tuple[Any, ...]]:
    """The rows that follow the last record. Call it under the lock, so that times rise as numbers do."""
    at, head, rows = datetime.now(UTC).isoformat(timespec="microseconds"), last.hash, list[tuple[Any, ...]]()
    for seq, texts in enumerate(entries, last.seq + 1):
        head = hash_of(seq, (at, *texts), head)
        rows.append((seq, at, *texts, head))
    return rows


def hash_of(seq: int, texts: Sequence[Any], previous: str) -> str:
    """SHA-256 of the canonical JSON list `[previous, seq, at, kind, ...]`; `facts` is already canonical text.

    orjson writes such a list byte for byte as `canonical_json` does, several times faster.
    """
    return hashlib.sha256(orjson.dumps([previous, seq, *texts])).hexdigest()


def record_of(row: tuple[Any, ...]) -> Record:
    """The record that a row holds."""
    seq, at, kind, who, what, subject, why, digest, trace, facts, sha = row
    return Record(seq, at, Entry(kind, who, what, subject, why, digest, trace, json.loads(facts)), sha)


def _storable(text: str) -> str:
    """Without the characters that no store takes: a hostile text must not keep a record out."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
