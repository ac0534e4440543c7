"""Several processes at once on a fresh SQLite store, ledger and specs repository: nothing lost, nothing doubled."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from resources.ledger import Ledger
from resources.specs_repo import SpecsRepo
from resources.store import Store
from tests.integration.processes import WORKERS, at_once


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state/store.db"


def test_goal_ids_are_given_once_and_a_run_makes_one_goal(tmp_path: Path, url: str) -> None:
    made = at_once("create_goals", tmp_path, url)
    own = [goal for worker in made for goal in worker[:-1]]
    assert len(set(own)) == len(own) == WORKERS * 10
    assert len({worker[-1] for worker in made}) == 1
    assert len(Store(url).goals()) == WORKERS * 10 + 1


def test_an_attempt_is_started_and_ended_once(tmp_path: Path, url: str) -> None:
    Store(url).create_goal("a", "dev", "anna")
    done = [what for worker in at_once("claim", tmp_path, url) for what in worker]
    assert sorted(done) == sorted(f"{what} {n}" for n in range(1, 11) for what in ("started", "ended"))
    assert {phase.status for phase in Store(url).phases("G-000001")} == {"succeeded"}


def test_each_step_of_a_goal_is_made_once(tmp_path: Path, url: str) -> None:
    store = Store(url)
    store.create_goal("a", "dev", "anna")
    store.set_status("G-000001", "planned")
    made = [step for worker in at_once("move", tmp_path, url) for step in worker]
    assert sorted(made) == ["building", "live"]
    assert store.goal("G-000001").status == "live"


def test_the_ledger_is_one_chain(tmp_path: Path, url: str) -> None:
    numbers = [int(n) for worker in at_once("record", tmp_path, url) for n in worker]
    assert sorted(numbers) == list(range(1, WORKERS * 120 + 1))
    found = Ledger(Store(url), tmp_path / "ledger.head").verify()
    assert (found.records, found.ok, found.anchored) == (WORKERS * 120, True, True)


def test_no_edit_of_a_spec_is_lost(tmp_path: Path, url: str) -> None:
    repo = SpecsRepo(tmp_path / "specs")
    assert repo.init()
    commits = [sha for worker in at_once("write_specs", tmp_path, url) for sha in worker]
    assert len(set(commits)) == WORKERS * 2
    product = repo.read("shared")
    tables = {table["name"]: table for table in product["tables"]}
    assert set(tables) == {"shared", *(f"t{n}" for n in range(WORKERS))}
    assert tables["shared"]["tags"] == {f"by{n}": "yes" for n in range(WORKERS)}
    log = subprocess.run(
        ["git", "rev-list", "HEAD"], cwd=tmp_path / "specs", capture_output=True, text=True, check=True
    )
    assert set(log.stdout.split()) == set(commits)


def test_a_killed_writer_leaves_a_whole_ledger(tmp_path: Path, url: str) -> None:
    code = f"""
import pathlib
from resources.ledger import Ledger
from resources.store import Store
ledger = Ledger(Store({url!r}), pathlib.Path({str(tmp_path)!r}) / "ledger.head")
while True:
    ledger.append("tool", "w", "x")
"""
    ledger = Ledger(Store(url), tmp_path / "ledger.head")
    for wait in (0.01, 0.05, 0.1):
        writer = subprocess.Popen([sys.executable, "-c", code])
        before = ledger.verify().records
        while ledger.verify().records == before:
            time.sleep(0.01)
        time.sleep(wait)
        writer.kill()
        writer.wait()
        assert ledger.verify().ok
        assert ledger.append("tool", "me", "after the crash") > before
    assert ledger.verify().ok


def test_opening_a_fresh_store_waits_for_who_holds_it(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, lambda: holder.execute("COMMIT"))
    release.start()
    store = Store(f"sqlite:///{tmp_path}/store.db")
    assert store.goals() == []
    release.join()
    holder.close()
    store.close()
