"""Store and ledger on a real PostgreSQL, with several processes at once."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from pathlib import Path

import pytest

from agents.core.catalog import TableId
from agents.core.errors import StateError
from agents.core.plan import Plan, Step
from resources.ledger import Ledger, Verification
from resources.measurements import Measurements
from resources.store import Store
from tests.integration.processes import WORKERS, at_once
from tests.integration.servers import Server, free_port, postgresql

pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with postgresql() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    """A database of its own for each test."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.url.rsplit("/", 1)[0] + f"/{name}"


def test_a_goal_goes_its_way(url: str) -> None:
    store = Store(url)
    plan = Plan("ünïcode", "dev", 1.5, steps=(Step("s1", 1, "pipeline", "ingest", {"table": "x"}),))
    goal = store.create_goal("ünïcode", "dev", "anna", 1.5, source_run_id="r")
    assert store.create_goal("ünïcode", "dev", "anna", 1.5, source_run_id="r") == goal
    store.set_plan(goal.id, plan)
    assert store.plan(goal.id) == plan
    assert store.claim_phase(goal.id, 1, 1) == store.claim_phase(goal.id, 1, 1)
    store.phase_started(goal.id, 1, 1, "run")
    assert store.claim_phase(goal.id, 1, 1) is None
    store.save_outputs(goal.id, 1, "s1", "pipeline", "ingest", {"a": 1})
    store.save_outputs(goal.id, 1, "s1", "pipeline", "ingest", {"a": 2})
    assert store.outputs(goal.id) == {"s1": {"a": 2}}
    assert store.phase_ended(goal.id, 1, 1, "succeeded")
    store.set_status(goal.id, "building")
    with pytest.raises(StateError, match="cannot become"):
        store.set_status(goal.id, "planned")
    assert [row.status for row in store.goals(["building"])] == ["building"]
    store.close()


def test_processes_that_start_at_once_share_one_store(tmp_path: Path, url: str) -> None:
    made = at_once("create_goals", tmp_path, url)
    own = [goal for worker in made for goal in worker[:-1]]
    assert len(set(own)) == WORKERS * 10
    assert len({worker[-1] for worker in made}) == 1


def test_attempts_and_states_move_once(tmp_path: Path, url: str) -> None:
    store = Store(url)
    store.create_goal("a", "dev", "anna")
    done = [what for worker in at_once("claim", tmp_path, url) for what in worker]
    assert sorted(done) == sorted(f"{what} {n}" for n in range(1, 11) for what in ("started", "ended"))
    store.set_status("G-000001", "planned")
    assert sorted(s for worker in at_once("move", tmp_path, url) for s in worker) == ["building", "live"]
    store.close()


def test_the_ledger_is_one_chain_and_shows_tampering(tmp_path: Path, url: str) -> None:
    import psycopg

    numbers = [int(n) for worker in at_once("record", tmp_path, url) for n in worker]
    store = Store(url)
    ledger = Ledger(store, tmp_path / "ledger.head")
    assert sorted(numbers) == list(range(1, WORKERS * 120 + 1))
    assert ledger.verify() == Verification(WORKERS * 120, True, None, True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE ledger SET who = 'nobody' WHERE seq = 100")
    assert ledger.verify() == Verification(WORKERS * 120, False, 100, True)
    store.close()


def test_measurements_are_kept_compared_and_forgotten(url: str) -> None:
    store = Store(url)
    kept, table = Measurements(store), TableId("dev", "bronze", "orders")
    for number in range(410):
        kept.record(table, "run", float(number), {"rows": number, "columns": {}})
    history = kept.history(table)
    assert (len(history), history[0].facts["rows"], history[-1].facts["rows"]) == (400, 10, 409)
    assert [m.facts["rows"] for m in kept.unjudged(2)] == [10, 11]
    kept.settle(history[0].id, {"anomalies": []})
    assert [m.facts["rows"] for m in kept.unjudged(1)] == [11]
    assert kept.pauses(7) == [(table, 409.0, 1.0)]
    assert [m.facts["rows"] for m in kept.newest()] == [409]
    store.close()


def test_a_store_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(StateError) as caught:
        Store(f"postgresql://adp:hunter2@127.0.0.1:{free_port()}/x").goals()
    assert "cannot be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)
