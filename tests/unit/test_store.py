"""Goals, plans, phases and outputs survive, move only as allowed, and are never doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from agents.core.errors import StateError
from agents.core.goal import FINAL, GoalStatus
from agents.core.plan import Plan, Question, Step
from resources.store import Store
from resources.store_rows import TRANSITIONS

PLAN = Plan(
    "sync orders",
    "prod",
    300.0,
    steps=(
        Step("s1", 1, "pipeline", "ingest", {"connection": "crm", "table": "dbo.Orders"}),
        Step("s2", 2, "deployment", "promote", {"assets": {"from": "s1.dataset"}}, ("s1",)),
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/state/store.db")
    yield opened
    opened.close()


def test_a_goal_and_its_plan_come_back_as_they_were(store: Store) -> None:
    goal = store.create_goal("sync orders", "prod", "anna", 300.0)
    store.set_plan(goal.id, PLAN)
    row = store.goal(goal.id)
    assert goal.id == "G-000001"
    assert (row.goal, row.status, row.mode, row.plan_digest) == (goal, "planned", "run", PLAN.digest)
    assert store.plan(goal.id) == PLAN
    assert store.create_goal("again", "dev", "anna").id == "G-000002"


def test_a_retried_op_gets_the_same_goal(store: Store) -> None:
    first = store.create_goal("sync", "dev", "anna", source_run_id="run-1")
    assert store.create_goal("sync", "dev", "anna", source_run_id="run-1") == first
    assert store.create_goal("sync", "dev", "anna", source_run_id="run-2").id != first.id
    assert len(store.goals()) == 2


def test_a_plan_with_questions_stops_there(store: Store) -> None:
    goal = store.create_goal("sync odrers", "dev", "anna")
    store.set_plan(goal.id, Plan("sync odrers", "dev", questions=(Question("which?", ("orders",)),)))
    assert store.goal(goal.id).status == "questions"
    with pytest.raises(StateError, match="cannot become building"):
        store.set_status(goal.id, "building")


def test_goals_are_listed_by_state_and_parent(store: Store) -> None:
    parent = store.create_goal("a", "dev", "anna")
    child = store.create_goal("b", "dev", "anna", parent=parent.id)
    store.set_plan(child.id, PLAN)
    assert [row.id for row in store.goals("submitted")] == [parent.id]
    assert [row.id for row in store.goals(["planned", "building"])] == [child.id]
    assert [row.id for row in store.children(parent.id)] == [child.id]


def test_a_goal_moves_only_as_allowed(store: Store) -> None:
    goal = store.create_goal("a", "dev", "anna")
    store.set_plan(goal.id, PLAN)
    assert store.set_status(goal.id, "building")
    assert not store.set_status(goal.id, "building")
    assert store.set_status(goal.id, "failed", "source gone")
    assert store.goal(goal.id).reason == "source gone"
    assert store.set_status(goal.id, "building")  # re-executed from its failure
    assert store.set_status(goal.id, "live")
    with pytest.raises(StateError, match="live cannot become building"):
        store.set_status(goal.id, "building")


def test_every_state_has_its_ways_out() -> None:
    assert set(TRANSITIONS) == set(get_args(GoalStatus))
    assert {target for ways in TRANSITIONS.values() for target in ways} <= set(get_args(GoalStatus))
    assert set(get_args(GoalStatus)) >= FINAL


def test_a_plan_in_use_is_not_replaced(store: Store) -> None:
    goal = store.create_goal("a", "prod", "anna")
    store.set_plan(goal.id, PLAN)
    store.set_status(goal.id, "building")
    store.set_plan(goal.id, PLAN)  # a retried op
    with pytest.raises(StateError, match="its plan stands"):
        store.set_plan(goal.id, Plan("other", "dev"))
    assert store.plan(goal.id) == PLAN


def test_an_attempt_has_one_key_and_starts_once(store: Store) -> None:
    goal = store.create_goal("a", "prod", "anna")
    store.set_plan(goal.id, PLAN)
    key = store.claim_phase(goal.id, 1, 1)
    assert key == f"{goal.id}:1:1"
    assert store.claim_phase(goal.id, 1, 1) == key  # the sensor died before it launched: the same key again
    store.phase_started(goal.id, 1, 1, "run-1")
    store.phase_started(goal.id, 1, 1, "run-1")
    assert store.claim_phase(goal.id, 1, 1) is None
    with pytest.raises(StateError, match="belongs to run run-1"):
        store.phase_started(goal.id, 1, 1, "run-2")


def test_the_first_end_of_an_attempt_stands(store: Store) -> None:
    goal = store.create_goal("a", "prod", "anna")
    store.set_plan(goal.id, PLAN)
    store.claim_phase(goal.id, 1, 1)
    store.phase_started(goal.id, 1, 1, "run-1")
    assert store.phase_ended(goal.id, 1, 1, "failed", "source gone")
    assert not store.phase_ended(goal.id, 1, 1, "succeeded")
    store.claim_phase(goal.id, 1, 2)
    store.claim_phase(goal.id, 2, 1)
    assert [(p.phase, p.attempt, p.environment, p.status, p.reason) for p in store.phases(goal.id)] == [
        (1, 1, "dev", "failed", "source gone"),
        (1, 2, "dev", "claimed", ""),
        (2, 1, "prod", "claimed", ""),
    ]


def test_ends_need_a_claim_and_a_real_end(store: Store) -> None:
    goal = store.create_goal("a", "dev", "anna")
    with pytest.raises(StateError, match="never claimed"):
        store.phase_ended(goal.id, 1, 1, "failed")
    with pytest.raises(StateError, match="not an end"):
        store.phase_ended(goal.id, 1, 1, "started")


def test_a_step_that_ran_again_replaces_its_outputs(store: Store) -> None:
    goal = store.create_goal("a", "dev", "anna")
    store.save_outputs(goal.id, 1, "s1", "pipeline", "ingest", {}, "failed", 1.0)
    store.save_outputs(goal.id, 1, "s1", "pipeline", "ingest", {"dataset": "bronze/ö", "n": [1, None]}, seconds=2.5)
    store.save_outputs(goal.id, 1, "s2", "quality", "validate", {"x": 1}, "failed")
    assert store.outputs(goal.id) == {"s1": {"dataset": "bronze/ö", "n": [1, None]}}
    assert [(s.step_id, s.agent, s.status, s.seconds) for s in store.steps(goal.id)] == [
        ("s1", "pipeline", "succeeded", 2.5),
        ("s2", "quality", "failed", 0.0),
    ]


def test_outputs_must_be_json(store: Store) -> None:
    goal = store.create_goal("a", "dev", "anna")
    with pytest.raises(StateError, match="not JSON"):
        store.save_outputs(goal.id, 1, "s1", "pipeline", "ingest", {"x": object()})
    assert store.steps(goal.id) == []


@pytest.mark.parametrize("call", ["goal", "plan"])
def test_an_unknown_goal_is_said(store: Store, call: str) -> None:
    with pytest.raises(StateError, match="G-000404: no such goal"):
        getattr(store, call)("G-000404")
    with pytest.raises(StateError, match="no such goal"):
        store.set_status("G-000404", "failed")
    with pytest.raises(StateError, match="no such goal"):
        store.claim_phase("G-000404", 1, 1)


def test_ids_of_requests_and_incidents(store: Store) -> None:
    assert [store.next_id("request"), store.next_id("request"), store.next_id("incident")] == [
        "AR-000001",
        "AR-000002",
        "INC-000001",
    ]


def test_nothing_is_opened_before_it_is_needed(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/state/store.db")
    assert list(tmp_path.iterdir()) == []


def test_another_process_sees_what_was_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    one, other = Store(url), Store(url)
    goal = one.create_goal('Ünïcode\'s "goal"; DROP TABLE goals', "dev", "anna")
    assert other.goal(goal.id).goal == goal


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"this is no database, it is a text" * 100)
    with pytest.raises(StateError, match=r"store\.db: the store cannot be used"):
        Store(f"sqlite:///{tmp_path}/store.db").goals()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be made"):
        Store(f"sqlite:///{tmp_path}/file/store.db").goals()


def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    Store(url).create_goal("a", "dev", "anna")
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE adp_version SET version = 99")
    connection.close()
    with pytest.raises(StateError, match="format 99"):
        Store(url).goals()


def test_a_store_of_the_first_format_gains_the_new_tables_and_keeps_its_goals(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    old = Store(url)
    goal = old.create_goal("Load the contacts", "dev", "ada")
    with old.database().write() as connection:
        connection.exec_driver_sql("DROP TABLE requests")
        connection.exec_driver_sql("UPDATE adp_version SET version = 1")
    old.close()
    again = Store(url)
    assert again.goal(goal.id).goal == goal
    with again.database().read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM requests").scalar() == 0
