"""The plans sensor: each phase is launched once, and a goal moves on with its runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunRequest, build_sensor_context

from agents.core.plan import Plan, Step
from agents.ops.workflow import workflow_job
from agents.roles import register_agents
from resources.platform import Platform
from resources.settings import load_settings
from sensors.plans import plans_sensor, tags_of

REGISTRY = register_agents()
STEPS = (
    Step("s1", 1, "pipeline", "ingest", {"connection": "c", "table": "t", "destination": "bronze/t"}),
    Step("s2", 1, "report", "report", {}, ("s1",)),
)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform.of(load_settings({"ADP_STATE": str(tmp_path)}, cwd=tmp_path))


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def submit(platform: Platform, environment: str = "dev", steps: tuple[Step, ...] = STEPS) -> str:
    goal = platform.store.create_goal("load t", environment, "me", None, "run")
    platform.store.set_plan(goal.id, Plan("load t", environment, steps=steps))
    return goal.id


def tick(platform: Platform, instance: DagsterInstance) -> list[RunRequest]:
    sensor = plans_sensor(workflow_job(REGISTRY, platform), REGISTRY, platform)
    with build_sensor_context(instance=instance) as context:
        return list(sensor.evaluate_tick(context).run_requests or [])


def run(instance: DagsterInstance, goal: str, status: DagsterRunStatus, phase: int = 1, attempt: int = 1) -> str:
    made = DagsterRun("workflow", tags=tags_of(goal, phase, attempt, "dev", "me"), status=status)
    return instance.add_run(made).run_id


def test_a_due_phase_is_requested_with_the_same_key_until_its_run_is_there(platform, instance) -> None:
    goal = submit(platform)
    first, second = tick(platform, instance), tick(platform, instance)
    assert [r.run_key for r in first] == [r.run_key for r in second] == [f"{goal}:1:1"]
    config = first[0].run_config["ops"]
    assert config["route"]["config"]["goal"] == goal
    assert config["pipeline"]["config"]["steps"][0]["id"] == "s1"
    assert platform.store.goal(goal).status == "building"

    run(instance, goal, DagsterRunStatus.STARTED)
    assert tick(platform, instance) == []


def test_a_goal_is_live_once_its_run_succeeded(platform, instance) -> None:
    goal = submit(platform)
    tick(platform, instance)
    platform.store.save_outputs(goal, 1, "s1", "pipeline", "ingest", {"dataset": "bronze/t"})
    run(instance, goal, DagsterRunStatus.SUCCESS)
    assert tick(platform, instance) == []
    assert platform.store.goal(goal).status == "live"
    assert instance.has_dynamic_partition("goals", goal)


def test_a_run_that_died_without_a_word_is_tried_once_more(platform, instance) -> None:
    goal = submit(platform)
    tick(platform, instance)
    run(instance, goal, DagsterRunStatus.FAILURE)
    (again,) = tick(platform, instance)
    assert again.run_key == f"{goal}:1:2"
    assert again.tags["platform/attempt"] == "2"
    run(instance, goal, DagsterRunStatus.FAILURE, attempt=2)
    assert tick(platform, instance) == []
    assert platform.store.goal(goal).status == "failed"


def test_a_cancelled_run_ends_the_goal_and_a_persons_reexecution_revives_it(platform, instance) -> None:
    goal = submit(platform)
    tick(platform, instance)
    run(instance, goal, DagsterRunStatus.CANCELED)
    assert tick(platform, instance) == []
    row = platform.store.goal(goal)
    assert (row.status, row.reason) == ("failed", "cancelled by a person")

    run(instance, goal, DagsterRunStatus.STARTED)
    tick(platform, instance)
    assert platform.store.goal(goal).status == "building"


def test_the_release_phase_of_production_is_held_and_no_run_is_asked_for(platform, instance) -> None:
    release = (*STEPS[:1], Step("s2", 2, "report", "report", {}, ("s1",)))
    goal = submit(platform, "prod", release)
    (build,) = tick(platform, instance)
    assert build.tags["platform/environment"] == "dev"
    run(instance, goal, DagsterRunStatus.SUCCESS)
    assert tick(platform, instance) == []
    assert platform.store.goal(goal).status == "held"


def test_a_child_goal_is_planned_and_launched(platform, instance) -> None:
    parent = submit(platform)
    child = platform.store.create_goal("write me a poem", "dev", "me", None, "run", parent=parent, source_run_id="x")
    tick(platform, instance)
    assert platform.store.goal(child.id).status == "questions"
    assert platform.store.children(parent)[0].id == child.id
