"""The ledger's last number and hash in a file outside the store: the anchor.

The file has two slots of one size, each with a checksum, written in turn and in place. Whoever is killed while
writing leaves the other slot, which is older: the anchor can be behind the store, never ahead of it.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson

from agents.core.errors import StateError

GENESIS = "0" * 64
WAIT_SECONDS = 30
_SLOT = 192
_PAUSE_SECONDS = 0.0003


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of a record. `sound` is False where the records before it are not those anchored earlier."""

    seq: int
    hash: str
    sound: bool = True


class LedgerHead:
    """The anchor file. A plain `read` needs no lock: a slot that is being written is no slot yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Head | None:
        """The anchored head, or None when nothing was anchored here yet. Raises StateError when it was damaged."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError("the ledger's head file cannot be read", where=str(self._path)) from error
        return _latest(_slots(data), not data, self._path)

    def advance(self, head: Head) -> None:
        """Anchor a sound head unless a later one is anchored already."""
        with self.locked() as file:
            file.advance(head)

    def follows(self, last: Head, hash_at: Callable[[int], str | None]) -> bool:
        """Whether a store whose last record is `last` holds what was anchored. Call it in the store's transaction.

        A new ledger is anchored at nothing, so that a lost file can be told from one that never was.
        """
        file = self._open()
        try:
            return HeadFile(file, self._path).follows(last, hash_at)
        finally:
            os.close(file)

    @contextmanager
    def locked(self) -> Generator[HeadFile]:
        """The file, held against all threads and processes. Raises StateError when somebody does not let go."""
        file = self._open()
        try:
            self._wait(file)
            yield HeadFile(file, self._path)
        finally:
            os.close(file)  # which unlocks it

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            try:
                return os.open(self._path, flags, 0o600)
            except FileNotFoundError:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                return os.open(self._path, flags, 0o600)
        except OSError as error:
            raise StateError(
                f"the ledger's head file cannot be opened ({error.strerror})",
                where=str(self._path),
                fix="check its rights",
            ) from error

    def _wait(self, file: int) -> None:
        """Blocking would be simpler, but a process that was stopped while it holds the lock would stop all others."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise StateError(
                        "somebody holds the ledger's head file", where=str(self._path), fix="end that process"
                    ) from error
            time.sleep(_PAUSE_SECONDS)


class HeadFile:
    """The open anchor file. Only who holds the lock may write, or the store's write transaction of a new ledger."""

    def __init__(self, file: int, path: Path) -> None:
        data = os.pread(file, 2 * _SLOT, 0)
        self._file, self._path, self._slots, self._empty = file, path, _slots(data), not data

    def read(self) -> Head | None:
        """As `LedgerHead.read`."""
        return _latest(self._slots, self._empty, self._path)

    def follows(self, last: Head, hash_at: Callable[[int], str | None]) -> bool:
        """As `LedgerHead.follows`."""
        known = self.read()
        if known is None and last.seq == 0:
            self.write(last)
            return True
        if known is None or known.seq > last.seq:
            return False
        if known.seq == last.seq:
            return known.hash == last.hash
        return known.seq == 0 or hash_at(known.seq) == known.hash

    def advance(self, head: Head) -> None:
        """Anchor a sound head unless a later one is anchored already."""
        known = self.read()
        if head.sound and (known is None or known.seq < head.seq):
            self.write(head)

    def write(self, head: Head) -> None:
        """Anchor a head, whatever was anchored before, in the slot that does not hold the present one."""
        turn = max((slot.turn for slot in self._slots), default=0) + 1
        text = orjson.dumps({"turn": turn, "seq": head.seq, "hash": head.hash, "check": _check(turn, head)})
        os.pwrite(self._file, text.ljust(_SLOT - 1) + b"\n", turn % 2 * _SLOT)
        self._slots, self._empty = [_Slot(turn, head)], False


@dataclass(frozen=True, slots=True)
class _Slot:
    turn: int
    head: Head


def _latest(slots: list[_Slot], empty: bool, path: Path) -> Head | None:
    if slots:
        return max(slots, key=lambda slot: slot.turn).head
    if empty:
        return None
    raise StateError(
        "the ledger's head file is damaged",
        where=str(path),
        fix="compare the ledger with a backup, then `adp ledger accept`",
    )


def _slots(data: bytes) -> list[_Slot]:
    """The slots that are whole. The first format was one plain line without turn and checksum."""
    found = _slot(data[:_SLOT]), _slot(data[_SLOT : 2 * _SLOT])
    return [slot for slot in found if slot]


@lru_cache(maxsize=8)  # one of the two slots is as it was the last time
def _slot(text: bytes) -> _Slot | None:
    try:
        values = orjson.loads(text.strip(b"\0 \n"))
        slot = _Slot(int(values.get("turn", 0)), Head(int(values["seq"]), str(values["hash"])))
        return None if slot.turn and values["check"] != _check(slot.turn, slot.head) else slot
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _check(turn: int, head: Head) -> int:
    return zlib.crc32(f"{turn} {head.seq} {head.hash}".encode())
