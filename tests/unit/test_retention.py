"""Retention: what is older leaves the table and every copy once people approved, and is in the cold tier before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, Denied, LakeError, SpecError
from agents.tools.governing.cold import archive_rows
from sensors.retention import Look
from tests.unit.governance_stage import Stage

EVENTS = TableId("dev", "bronze", "visits")
HELD = TableId("dev", "quarantine", "bronze_visits")
LOG = TableId("dev", "quarantine", "bronze_visits.log")
TODAY = datetime.now(UTC)
PRODUCT = """
    - name: visits
      layer: bronze
      source: {connection: shop, table: visits}
      retention: {column: seen_at, keep_days: 30%s}
    - name: all_visits
      layer: gold
      sql: SELECT * FROM bronze.visits
"""


def days_ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    declare(made)
    lake = made.platform.lake
    for number, ages in enumerate(([1, 2, 40], [50, None, 3])):
        moments = pa.array([None if age is None else days_ago(age) for age in ages], pa.timestamp("us", "UTC"))
        rows = {"id": [number * 3 + i for i in range(3)], "seen_at": moments, "email": [f"u{a}@x.org" for a in ages]}
        lake.append(EVENTS, pa.table(rows), marks={"watermark": "7"})
    row = f'{{"id": 9, "seen_at": "{days_ago(90):%Y-%m-%dT%H:%M:%S}", "email": "old@x.org"}}'
    young = f'{{"id": 10, "seen_at": "{days_ago(2):%Y-%m-%dT%H:%M:%S}", "email": "new@x.org"}}'
    lake.append(HELD, pa.table({"_rule": ["r", "r"], "row": [row, young]}))
    lake.append(LOG, pa.table({"row": [row, young, young, "{}"], "after": [young, row, None, None]}))
    made.run("dev/gold/all_visits")
    return made


def declare(stage: Stage, more: str = "") -> None:
    stage.deployment.product(PRODUCT % more)


def before(days: int = 30) -> str:
    return days_ago(days).date().isoformat()


def ids(stage: Stage, table: TableId) -> list[int]:
    return sorted(stage.platform.lake.read(table).read_all().column("id").to_pylist())


def test_rows_that_are_due_leave_every_copy_and_version_and_lie_in_the_cold_tier(stage: Stage) -> None:
    out = stage.act("expire", approved=True, asset="bronze/visits", before=before())
    assert ids(stage, EVENTS) == [0, 1, 4, 5], "the row without a date stays"
    assert ids(stage, TableId("dev", "gold", "all_visits")) == [0, 1, 4, 5]
    assert stage.platform.lake.rows(HELD) == 1
    assert stage.platform.lake.rows(LOG) == 2, "what was repaired long ago is gone before and after"
    assert not any(b"old@x.org" in path.read_bytes() for path in Path(stage.platform.lake.uri(LOG)).rglob("*.*"))
    archived = stage.platform.cold.read(EVENTS).read_all()
    assert sorted(archived.column("id").to_pylist()) == [2, 3]
    assert (out["archived"], out["deleted"]) == (
        2,
        {"bronze/visits": 2, "quarantine/bronze_visits": 1, "quarantine/bronze_visits.log": 2},
    )
    assert {p["table"] for p in out["proof"]} >= {"bronze/visits", "gold/all_visits", HELD.asset, LOG.asset}
    assert all(proof["clean"] for proof in out["proof"])
    with pytest.raises(LakeError):
        stage.platform.lake.read(EVENTS, version=1)
    folder = Path(stage.platform.lake.uri(EVENTS))
    assert not any(b"u50@x.org" in path.read_bytes() for path in folder.rglob("*.json"))
    assert stage.platform.lake.marks(EVENTS)["watermark"] == "7", "the next load goes on where it was"


def test_nothing_is_deleted_before_a_person_approved(stage: Stage) -> None:
    with pytest.raises(ApprovalRequired):
        stage.act("expire", asset="bronze/visits", before=before())
    assert ids(stage, EVENTS) == [0, 1, 2, 3, 4, 5]


def test_a_kill_between_archive_and_deletion_doubles_nothing(stage: Stage) -> None:
    chosen = f"seen_at < TIMESTAMP '{before()} 00:00:00'"
    assert archive_rows(stage.platform, EVENTS, chosen, TODAY) == 2
    for _ in range(2):
        stage.act("expire", approved=True, asset="bronze/visits", before=before())
    assert stage.platform.cold.rows(EVENTS) == 2


@pytest.mark.parametrize(
    ("more", "told"), [(", hold: true", "legal hold"), (", minimum_days: 400", "400 days at least")]
)
def test_a_legal_hold_and_the_law_stop_it(stage: Stage, more: str, told: str) -> None:
    declare(stage, more)
    with pytest.raises(Denied, match=told):
        stage.act("expire", approved=True, asset="bronze/visits", before=before())
    assert len(ids(stage, EVENTS)) == 6


def test_an_approval_reaches_no_further_than_the_rule(stage: Stage) -> None:
    with pytest.raises(Denied, match="reaches back"):
        stage.act("expire", approved=True, asset="bronze/visits", before=before(days=5))


def test_what_is_to_be_deleted_for_good_leaves_the_cold_tier_too(stage: Stage) -> None:
    stage.act("expire", approved=True, asset="bronze/visits", before=before())
    declare(stage, ", then: delete")
    out = stage.act("expire", approved=True, asset="bronze/visits", before=before())
    assert stage.platform.cold.rows(EVENTS) == 0
    assert out["deleted"]["cold/bronze/visits"] == 2


def test_a_goal_declares_the_rule_and_asks_people_for_what_is_due(stage: Stage) -> None:
    declare(stage, ", hold: false")
    stage.deployment.product(PRODUCT.replace("      retention: {column: seen_at, keep_days: 30%s}\n", ""))
    out = stage.act("retain", asset="bronze/visits", keep_days=45)
    assert stage.entry("bronze/visits")["retention"] == {"column": "seen_at", "keep_days": 45, "then": "archive"}
    assert out["due"]["due"] == 1
    plan = stage.platform.store.plan(out["goal"])
    assert [step.action for step in plan.steps] == ["expire", "report"]
    assert plan.steps[0].inputs["assets"] == ["bronze/visits", "gold/all_visits"]
    assert stage.act("retain", asset="bronze/visits", keep_days=45)["goal"] == out["goal"], "asked once"


@pytest.mark.parametrize("end", ["failed", "rejected"])
def test_a_run_that_failed_or_was_refused_can_be_asked_for_again_the_same_day(stage: Stage, end: Any) -> None:
    store = stage.platform.store
    first = stage.act("retain", asset="bronze/visits", keep_days=30)["goal"]
    store.set_status(first, "building")
    store.set_status(first, "held")
    assert stage.act("retain", asset="bronze/visits", keep_days=30)["goal"] == first, "people are asked already"
    store.set_status(first, end)
    again = stage.act("retain", asset="bronze/visits", keep_days=30)["goal"]
    assert again != first
    assert store.goal(again).status == "planned", "its run will be held until people approve it"
    assert store.plan(again).steps == store.plan(first).steps
    assert stage.act("retain", asset="bronze/visits", keep_days=30)["goal"] == again, "asked once"


def test_a_column_that_says_no_age_is_refused(stage: Stage) -> None:
    stage.deployment.product(PRODUCT.replace("seen_at", "id") % "")
    with pytest.raises(SpecError, match="says no age"):
        stage.act("expire", approved=True, asset="bronze/visits", before=before())


def test_the_sensor_asks_once_and_not_again_while_people_think(stage: Stage) -> None:
    for _ in range(2):
        look = Look(stage.platform, TODAY)
        look.all(lambda table: stage.dagster.readers(table))
    goals = [row for row in stage.platform.store.goals() if row.goal.requester == "automation:retention"]
    assert len(goals) == 1
    assert stage.platform.store.plan(goals[0].id).steps[0].inputs == {
        "asset": "bronze/visits",
        "before": before(),
        "assets": ["bronze/visits", "gold/all_visits"],
    }


def test_a_table_that_cannot_be_judged_keeps_no_other_from_it(stage: Stage) -> None:
    broken = "    - name: other\n      layer: gold\n      sql: SELECT id FROM bronze.visits\n"
    stage.deployment.product(PRODUCT % "" + broken + "      retention: {column: id, keep_days: 30}\n")
    stage.run("dev/gold/other")
    look = Look(stage.platform, TODAY)
    look.all(lambda table: [])
    assert len(look.asked) == 1
    assert "says no age" in look.problems[0]
