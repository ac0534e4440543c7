"""Sources with one connection, and how much memory a read takes."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from resources.sources import Sources


def sources_of(folder: Path, kind: str, url: str) -> Sources:
    """Sources whose only connection `db` has its URL in a secret."""
    file = folder / "connections.yaml"
    file.write_text(f"connections:\n  - name: db\n    kind: {kind}\n    url: ${{secret:DB_URL}}\n", "utf-8")
    return Sources(file, {"DB_URL": url}.get)


@dataclass
class Growth:
    """By how much the process grew at most."""

    megabytes: float = 0.0


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


@contextmanager
def rss_growth() -> Generator[Growth]:
    """Watch the process's resident memory while the block runs."""
    growth, done, start = Growth(), threading.Event(), _resident()

    def watch() -> None:
        while not done.wait(0.02):
            growth.megabytes = max(growth.megabytes, _resident() - start)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield growth
    finally:
        done.set()
        thread.join()
