"""The ledger's last number and hash in a file outside the store."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agents.core.errors import StateError


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of the last record."""

    seq: int
    hash: str


class LedgerHead:
    """The anchor file. It only advances, also when two processes write it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Head | None:
        """The anchored head, or None when nothing was anchored here yet. Raises StateError when it was damaged."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            data = json.loads(text)
            return Head(int(data["seq"]), str(data["hash"]))
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                "the ledger's head file is damaged", where=str(self._path), fix="compare the ledger with a backup"
            ) from error

    def advance(self, head: Head) -> None:
        """Anchor a head unless a later one is anchored already."""
        from filelock import FileLock

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._path}.lock"):
            known = self.read()
            if known is None or known.seq < head.seq:
                self._write(head)

    def _write(self, head: Head) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps({"seq": head.seq, "hash": head.hash}))
        Path(name).replace(self._path)
