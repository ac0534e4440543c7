"""A refresh under changed rules that is killed at any moment loses no row of table and quarantine and doubles none."""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from assets.kinds.quarantine import quarantine_id
from resources.lake import Lake
from tests.integration import replay_worker
from tests.integration.replay_worker import TABLE

RULES = (r"^\d-\d*[02468]$", r"^\d-", r"^\d-\d*[13579]$", r"^(\d-|changed)", r"^bad$", r"^(\d-|changed)")
KILLS = 4  # under each rule


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have all imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.integration.replay_worker", "deltalake", "duckdb", "pyarrow.parquet", "pandas"]
    )
    return context


def start(processes: ForkServerContext, root: Path, day: int, keyed: bool, rule: str) -> tuple[BaseProcess, Connection]:
    """A process whose refresh begins now."""
    ours, theirs = processes.Pipe()
    process = processes.Process(target=replay_worker.run, args=(str(root), day, keyed, rule, theirs))
    process.start()
    theirs.close()
    assert ours.recv() == "begins"
    return process, ours


def refresh(processes: ForkServerContext, root: Path, day: int, keyed: bool, rule: str) -> float:
    """A refresh that nobody disturbs; how long it took."""
    process, pipe = start(processes, root, day, keyed, rule)
    began = time.monotonic()
    assert pipe.recv() == "done"
    process.join()
    return time.monotonic() - began


def contents(root: Path) -> tuple[list[tuple[object, ...]], list[str]]:
    """The table's rows and the rows of its quarantine, in a fixed order."""
    lake = Lake({"dev": str(root)})
    rows = lake.read(TABLE, columns=["id", "at", "v"]).read_all().to_pylist()
    held = lake.read(quarantine_id(TABLE), columns=["_rule", "row"]).read_all().to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=repr), sorted(map(repr, held))


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "without a key"])
def test_a_refresh_killed_at_many_moments_gives_what_an_undisturbed_one_gives(
    tmp_path: Path, processes: ForkServerContext, keyed: bool
) -> None:
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    dice = random.Random(11)
    killed = 0
    for day, rule in enumerate(RULES, 1):
        seconds = refresh(processes, calm, day, keyed, rule)
        for kill in range(KILLS):
            process, _ = start(processes, rough, day, keyed, rule)
            time.sleep(seconds * (kill + dice.random()) / KILLS)
            process.kill()
            process.join()
            killed += process.exitcode == -9
        # Twice whole each: a load may bring what takes the place of a row in quarantine, and every load may be killed.
        for root in (rough, rough, calm):
            refresh(processes, root, day, keyed, rule)
        assert contents(rough) == contents(calm)
    assert killed >= len(RULES)
