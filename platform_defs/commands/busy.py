"""That a long command is still at work, and how far it is: on standard error, and only where it takes its time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

# Seconds until the first word and between words: a line that a terminal writes over, a line now and then in a log.
TERMINAL, LOG = (2.0, 1.0), (10.0, 60.0)


class Busy:
    """What is being done, and how much of it is done."""

    def __init__(self, what: str) -> None:
        self._what, self._done, self._total = what, 0, 0
        self._start = time.monotonic()

    def at(self, done: int, total: int) -> None:
        """So many rows of so many are done."""
        self._done, self._total = done, total

    def words(self) -> str:
        """What is said now."""
        far = f": {self._done:,} of {self._total:,} rows ({self._done / self._total:.0%})" if self._total else ""
        return f"{self._what}{far}, {time.monotonic() - self._start:.0f} s"


@contextmanager
def busy(what: str, stream: TextIO | None = None, pace: tuple[float, float] | None = None) -> Generator[Busy]:
    """Say from time to time that `what` goes on, until it ends; `pace` is the seconds to the first word and between."""
    told, out = Busy(what), stream or sys.stderr
    live = out.isatty()
    first, every = pace or (TERMINAL if live else LOG)
    over = threading.Event()

    def speak() -> None:
        wait = first
        while not over.wait(wait):
            out.write(f"\r\x1b[K  {told.words()}" if live else f"  {told.words()}\n")
            out.flush()
            wait = every
        if live and wait == every:
            out.write("\r\x1b[K")
            out.flush()

    voice = threading.Thread(target=speak, daemon=True, name="busy")
    voice.start()
    try:
        yield told
    finally:
        over.set()
        voice.join()
