"""What lands is looked at once for what it is: by a pipeline or by hand, and never in a storm."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.plan import Plan, Step
from resources.orchestrator import publish_report
from sensors.privacy import MANY, Memory, Watch, landed, look_before_release
from tests.unit.governance_stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def land(stage: Stage, name: str, rows: int = 5, **more: list[str]) -> str:
    table = TableId("dev", *name.split("/"))
    stage.platform.lake.append(table, pa.table({"n": list(range(rows)), **more}))
    stage.deployment.instance.report_runless_asset_event(dg.AssetMaterialization(list(table)))
    return str(table)


def tick(stage: Stage, memory: Memory) -> str:
    watch = Watch(stage.platform, memory)
    watch.notice(landed(stage.deployment.instance))
    return watch.ask()


def asked(stage: Stage) -> list[list[str]]:
    """The tables of each goal that the sensor submitted."""
    goals = [row for row in stage.platform.store.goals() if row.goal.requester == "automation:privacy"]
    plans = [stage.platform.store.plan(row.id) for row in goals]
    return [[step.inputs["asset"] for step in plan.steps if step.agent == "governance"] for plan in plans]


def end(stage: Stage, memory: Memory, status: str = "live") -> None:
    stage.platform.store.set_status(memory.goal, "building")
    stage.platform.store.set_status(memory.goal, "live" if status == "live" else "failed")


def test_a_table_that_landed_is_looked_at_once(stage: Stage) -> None:
    memory = Memory()
    land(stage, "bronze/clients")
    tick(stage, memory)
    assert "at work" in tick(stage, memory)
    end(stage, memory)
    land(stage, "bronze/clients", rows=0)
    tick(stage, memory)
    assert asked(stage) == [["bronze/clients"]]


def test_new_columns_and_much_growth_are_looked_at_anew(stage: Stage) -> None:
    memory = Memory()
    land(stage, "bronze/clients")
    for change in ({"rows": 60}, {"rows": 1, "email": ["a@x.org"]}):
        tick(stage, memory)
        end(stage, memory)
        land(stage, "bronze/clients", **change)  # type: ignore[arg-type]
    tick(stage, memory)
    assert len(asked(stage)) == 3


def test_many_tables_make_few_goals_and_one_is_at_work_at_a_time(stage: Stage) -> None:
    memory = Memory()
    for number in range(MANY + 3):
        land(stage, f"gold/t{number:02d}")
    for _ in range(3):
        tick(stage, memory)
    assert [len(tables) for tables in asked(stage)] == [MANY]
    end(stage, memory)
    tick(stage, memory)
    assert [len(tables) for tables in asked(stage)] == [MANY, 3]


def test_one_bad_table_does_not_keep_the_others_from_being_looked_at(stage: Stage) -> None:
    memory = Memory()
    land(stage, "gold/good")
    land(stage, "gold/bad")
    for _ in range(4):
        tick(stage, memory)
        if memory.goal:
            end(stage, memory, "failed")
    assert asked(stage) == [["gold/bad", "gold/good"], ["gold/bad"], ["gold/good"]]


def test_views_production_and_quarantine_are_not_looked_at(stage: Stage) -> None:
    memory = Memory()
    land(stage, "masked/clients")
    land(stage, "quarantine/bronze_clients")
    publish_report(stage.deployment.instance, "G-000001", "x", {})
    stage.deployment.instance.report_runless_asset_event(dg.AssetMaterialization(["prod", "bronze", "clients"]))
    assert tick(stage, memory) == "nothing new has landed"


def test_a_table_whose_goal_is_open_waits_for_its_end(stage: Stage) -> None:
    memory = Memory()
    steps = (Step("s1", 1, "deployment", "promote", {"assets": ["bronze/clients"], "to": "prod"}),)
    goal = stage.platform.store.create_goal("release it", "prod", "ada", plan=Plan("x", "prod", steps=steps))
    land(stage, "bronze/clients")
    tick(stage, memory)
    assert asked(stage) == []
    for status in ("building", "live"):
        stage.platform.store.set_status(goal.id, status)  # type: ignore[arg-type]
    tick(stage, memory)
    assert asked(stage) == [["bronze/clients"]]


def test_a_lost_cursor_asks_for_nothing_twice(stage: Stage) -> None:
    land(stage, "bronze/clients")
    tick(stage, Memory())
    tick(stage, Memory.of("not json"))
    assert len(asked(stage)) == 1


def release(stage: Stage, *assets: str) -> str:
    """A goal whose first phase releases what stands in dev."""
    steps = (Step("s1", 1, "deployment", "promote", {"assets": list(assets), "to": "prod"}),)
    return stage.platform.store.create_goal("release it", "prod", "ada", plan=Plan("x", "prod", steps=steps)).id


def test_what_is_released_is_looked_at_before_people_are_asked(stage: Stage) -> None:
    land(stage, "bronze/clients")
    goal = release(stage, "bronze/clients", "gold/not_built")
    look = look_before_release(stage.platform, goal, 1)
    assert asked(stage) == [["bronze/clients"]]
    assert look_before_release(stage.platform, goal, 1) == look, "once, however often it is asked"
    for status in ("building", "failed"):
        stage.platform.store.set_status(look, status)  # type: ignore[arg-type]
    assert look_before_release(stage.platform, goal, 1) == "", "a look that failed holds nothing up"
    assert len(asked(stage)) == 1


def test_what_a_spec_speaks_of_is_released_without_another_look(stage: Stage) -> None:
    stage.deployment.product("- {name: clients, layer: bronze, sql: SELECT 1 AS n, columns: {n: {pii: none}}}")
    land(stage, "bronze/clients")
    assert look_before_release(stage.platform, release(stage, "bronze/clients"), 1) == ""
    assert asked(stage) == []


def assessed(stage: Stage, memory: Memory, now: float) -> list[list[str]]:
    """The assets that a tick at that time asks runs for."""
    watch = Watch(stage.platform, memory)
    watch.notice(landed(stage.deployment.instance))
    watch.ask()
    return [[key.to_user_string() for key in run.asset_selection or ()] for run in watch.assess(now)]


def test_compliance_appears_once_the_first_table_was_looked_at_and_not_with_every_tick(stage: Stage) -> None:
    memory, now = Memory(), 1_000_000.0
    assert assessed(stage, memory, now) == [], "there is nothing to assess"
    land(stage, "bronze/clients")
    assert assessed(stage, memory, now) == []
    assert assessed(stage, memory, now) == [], "the look is at work"
    end(stage, memory)
    assert assessed(stage, memory, now) == [["platform/compliance"]]
    assert assessed(stage, memory, now + 9000) == [], "nothing was found since"


def test_a_table_that_waits_for_people_keeps_compliance_from_nobody(stage: Stage) -> None:
    memory = Memory()
    release(stage, "gold/held")
    land(stage, "gold/held")
    land(stage, "bronze/clients")
    assert assessed(stage, memory, 1_000_000.0) == []
    end(stage, memory)
    assert assessed(stage, memory, 1_000_000.0) == [["platform/compliance"]]


def test_compliance_is_made_again_when_scans_found_something_new_but_not_in_a_storm(stage: Stage) -> None:
    memory, now = Memory(), 1_000_000.0
    for number in range(3):
        land(stage, f"gold/t{number}")
        assert assessed(stage, memory, now) == []
        end(stage, memory)
        made = assessed(stage, memory, now)
        assert len(made) == (number == 0)
        now += 60
    assert assessed(stage, memory, now + 3600) == [["platform/compliance"]]
    assert assessed(stage, memory, now + 9000) == []
