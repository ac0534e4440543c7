"""What the processes of the concurrency tests do; each is a real process with its own connections."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.core.errors import StateError
from resources.ledger import Entry, Ledger
from resources.specs_repo import SpecsRepo
from resources.store import Store


def create_goals(folder: Path, url: str, worker: int) -> list[str]:
    """Ten goals of its own, and one that all workers say was their run's."""
    store = Store(url)
    own = [store.create_goal(f"{worker}", "dev", "anna").id for _ in range(10)]
    return [*own, store.create_goal("shared", "dev", "anna", source_run_id="run-1").id]


def claim(folder: Path, url: str, worker: int) -> list[str]:
    """Claim, start and end the same attempts as everybody else; gives what this worker started and ended."""
    store, done = Store(url), list[str]()
    for attempt in range(1, 11):
        store.claim_phase("G-000001", 1, attempt)
        try:
            store.phase_started("G-000001", 1, attempt, f"run-{worker}")
        except StateError:
            continue
        done.append(f"started {attempt}")
        if store.phase_ended("G-000001", 1, attempt, "succeeded"):
            done.append(f"ended {attempt}")
    return done


def move(folder: Path, url: str, worker: int) -> list[str]:
    """Move one goal on; gives the steps this worker made."""
    store, made = Store(url), list[str]()
    for status in ("building", "live"):
        try:
            made += [status] if store.set_status("G-000001", status) else []  # type: ignore[arg-type]
        except StateError:
            continue
    return made


def record(folder: Path, url: str, worker: int) -> list[str]:
    """Append to the ledger, one by one and in batches."""
    ledger, numbers = Ledger(Store(url), folder / "ledger.head"), list[int]()
    for n in range(20):
        numbers.append(ledger.append("tool", f"worker {worker}", "wrote", facts={"n": n}))
        numbers += ledger.append_many([Entry("tool", f"worker {worker}", f"batch {n}") for _ in range(5)])
    return [str(number) for number in numbers]


def write_specs(folder: Path, url: str, worker: int) -> list[str]:
    """Add a table of its own to a product that everybody writes, and a field to a table that everybody writes."""
    repo, made = SpecsRepo(folder / "specs", f"agent{worker}"), list[str]()
    for desired, asset in (
        ({"sql": f"select {worker} as x"}, f"silver/t{worker}"),
        ({"tags": {f"by{worker}": "yes"}, "sql": "select 1 as x"}, "silver/shared"),
    ):
        commit = repo.apply(repo.plan_change("shared", asset, desired), f"G-{worker:06d}", message=asset)
        made += [commit.id] if commit else []
    return made


TASKS: dict[str, Callable[[Path, str, int], Any]] = {
    task.__name__: task for task in (create_goals, claim, move, record, write_specs)
}

if __name__ == "__main__":
    name, folder, url, worker = sys.argv[1:]
    sys.stdout.write(json.dumps(TASKS[name](Path(folder), url, int(worker))))
