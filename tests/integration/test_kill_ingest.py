"""A load that is killed at any moment loses no row and doubles none; nor do two loads at once."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from agents.core.catalog import TableId
from assets.kinds.quarantine import quarantine_id
from resources.lake import Lake
from tests.integration import ingest_worker

DAYS = 8
KILLS = 5  # each day
TABLE = TableId("dev", "bronze", "orders")


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have all imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.integration.ingest_worker", "deltalake", "duckdb", "pyarrow.parquet", "pandas"]
    )
    return context


def start(processes: ForkServerContext, root: Path, days: int, keyed: bool) -> tuple[BaseProcess, Connection]:
    """A process whose load begins now."""
    ours, theirs = processes.Pipe()
    process = processes.Process(target=ingest_worker.run, args=(str(root), days, keyed, theirs))
    process.start()
    theirs.close()
    assert ours.recv() == "begins"
    return process, ours


def load(processes: ForkServerContext, root: Path, days: int, keyed: bool) -> float:
    """A load that nobody disturbs; how long it took."""
    process, pipe = start(processes, root, days, keyed)
    began = time.monotonic()
    assert pipe.recv() == "landed"
    seconds = time.monotonic() - began
    process.join()
    return seconds


def contents(root: Path) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The table's rows and its quarantine's, in a fixed order, without what differs between runs."""
    lake = Lake({"dev": str(root)})
    rows = lake.read(TABLE, columns=["id", "at", "v"]).read_all().to_pylist()
    bad = lake.read(quarantine_id(TABLE), columns=["_rule", "_row_hash", "row"]).read_all().to_pylist()
    return (
        sorted((tuple(row.values()) for row in rows), key=repr),
        sorted((tuple(row.values()) for row in bad), key=repr),
    )


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "without a key"])
def test_a_load_killed_at_many_moments_gives_what_an_undisturbed_one_gives(
    tmp_path: Path, processes: ForkServerContext, keyed: bool
) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    dice = random.Random(7)
    killed = 0
    for day in range(1, DAYS + 1):
        seconds = load(processes, calm, day, keyed)
        for kill in range(KILLS):
            process, _ = start(processes, rough, day, keyed)
            time.sleep(seconds * (kill + dice.random()) / KILLS)
            process.kill()
            process.join()
            killed += process.exitcode == -9
        load(processes, rough, day, keyed)
        assert contents(rough) == contents(calm)
    assert killed >= 30
    rows, bad = contents(calm)
    assert not any(ingest_worker.ERASED in row for row in [*rows, *bad])
    assert len(rows) == len({row[0] for row in rows}) if keyed else len(rows) > DAYS * 400


def test_loads_of_one_table_at_once_double_nothing(tmp_path: Path, processes: ForkServerContext) -> None:
    calm, busy = tmp_path / "calm", tmp_path / "busy"
    ends: Counter[str] = Counter()
    for day in range(1, 6):
        load(processes, calm, day, True)
        started = [start(processes, busy, day, True) for _ in range(4)]
        now: Counter[str] = Counter(pipe.recv() for _, pipe in started)
        for process, _ in started:
            process.join()
        assert now["landed"] >= 1
        assert now["landed"] + now["conflict"] == 4
        ends += now
        assert contents(busy) == contents(calm)
