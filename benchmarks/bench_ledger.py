"""How fast the ledger takes single records, from one thread, four threads and four processes, and checks a million.

`python -m benchmarks.bench_ledger` prints `append_by_one_per_s`, `append_by_threads_per_s`,
`append_by_processes_per_s`, `append_per_s` (the least of them) and `verify_1m_s`. Every append is a transaction of
its own on a SQLite store.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from resources.ledger import Entry, Ledger
from resources.store import Store

APPENDS = 8_000
WORKERS = 4
MILLION, BATCH = 1_000_000, 10_000


def opened(folder: Path) -> Ledger:
    """The ledger of a store in a folder, with a record in it, so that opening is not measured."""
    ledger = Ledger(Store(f"sqlite:///{folder}/store.db"), folder / "ledger.head")
    if next(ledger.records(), None) is None:
        ledger.append("goal", "anna", "submitted")
    return ledger


def append(ledger: Ledger, count: int) -> None:
    """Append records like those of tool calls, one by one."""
    for number in range(count):
        ledger.append(
            "tool",
            "pipeline",
            "lake.append",
            subject="G-000017",
            why="allow: dev-writes",
            digest="sha256:" + "0" * 64,
            trace="b8f1c0d2-6c1a-4f0e-9a53-3f2f0c2b7d11",
            facts={"asset": "dev/bronze/sales_orders", "rows": number},
        )


def by_one(folder: Path) -> float:
    """Seconds for all appends in one thread."""
    ledger = opened(folder)
    started = time.perf_counter()
    append(ledger, APPENDS)
    return time.perf_counter() - started


def by_threads(folder: Path) -> float:
    """Seconds for all appends in four threads of one process."""
    ledger = opened(folder)
    threads = [threading.Thread(target=append, args=(ledger, APPENDS // WORKERS)) for _ in range(WORKERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def by_processes(folder: Path) -> float:
    """Seconds for all appends in four processes; the clock starts once all of them are ready."""
    opened(folder)  # here, or two of them might both write the first record
    command = [sys.executable, "-m", "benchmarks.bench_ledger", str(folder)]
    with ExitStack() as stack:
        start = partial(subprocess.Popen[str], command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        workers = [stack.enter_context(start()) for _ in range(WORKERS)]
        streams = [(worker.stdin, worker.stdout) for worker in workers]
        ready = [out.readline() for _, out in streams if out]
        assert ready == ["ready\n"] * WORKERS
        started = time.perf_counter()
        for go, _ in streams:
            assert go
            go.write("go\n")
            go.flush()
        assert [out.readline() for _, out in streams if out] == ["done\n"] * WORKERS
        return time.perf_counter() - started


def work(folder: Path) -> None:
    """One of the four processes."""
    ledger = opened(folder)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    append(ledger, APPENDS // WORKERS)
    sys.stdout.write("done\n")
    sys.stdout.flush()


def rates() -> dict[str, float]:
    """Appends a second by way of appending; the ledger must hold all of them afterwards."""
    found: dict[str, float] = {}
    for way in (by_one, by_threads, by_processes):
        with tempfile.TemporaryDirectory(prefix="adp-bench-ledger-") as folder:
            found[way.__name__] = APPENDS / way(Path(folder))
            ledger = opened(Path(folder))
            ledger.check_tail()
            verified = ledger.verify()
            assert verified.ok
            assert verified.records == APPENDS + 1
    return found


def append_per_second() -> float:
    """Single appends a second, in the slowest of the three ways."""
    return min(rates().values())


def verify_1m_seconds() -> float:
    """Seconds to verify a million records."""
    with tempfile.TemporaryDirectory(prefix="adp-bench-ledger-") as folder:
        ledger = opened(Path(folder))
        for first in range(1, MILLION, BATCH):
            facts = [{"asset": "dev/bronze/sales_orders", "rows": first + n} for n in range(BATCH)]
            ledger.append_many([Entry("tool", "pipeline", "lake.append", "G-000017", facts=fact) for fact in facts])
        started = time.perf_counter()
        found = ledger.verify()
        took = time.perf_counter() - started
        assert found.ok
        assert found.records > MILLION
        return took


def main() -> None:
    """Work as one of the processes, or without arguments measure all."""
    if len(sys.argv) > 1:
        work(Path(sys.argv[1]))
        return
    found = rates()
    for name, rate in found.items():
        print(f"append_{name}_per_s={rate:.0f}")  # noqa: T201
    print(f"append_per_s={min(found.values()):.0f}")  # noqa: T201
    print(f"verify_1m_s={verify_1m_seconds():.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
