"""The plans sensor: each phase is launched once, and a goal moves on with its runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunRequest, build_sensor_context
from dagster._core.events import EngineEventData
from dagster._utils.error import SerializableErrorInfo

from agents.core.catalog import TableId
from agents.core.plan import Plan, Step
from agents.ops.workflow import workflow_job
from agents.roles import register_agents
from agents.roles.report import render
from agents.tools.goals import goal_facts
from resources.platform import Platform
from resources.settings import load_settings
from sensors.plans import plans_sensor, tags_of
from tests.unit.inbox_site import Site

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


def test_a_child_goal_is_planned_and_launched(platform, instance) -> None:
    parent = submit(platform)
    child = platform.store.create_goal("write me a poem", "dev", "me", None, "run", parent=parent, source_run_id="x")
    tick(platform, instance)
    assert platform.store.goal(child.id).status == "questions"
    assert platform.store.children(parent)[0].id == child.id


# Production: the release phase is asked for like any, and goes as people decide


class Release:
    """A goal whose release is submitted, and held by the run coordinator."""

    def __init__(self, site: Site) -> None:
        self.site = site
        steps = (
            *STEPS[:1],
            Step("s2", 2, "deployment", "promote", {"assets": ["bronze/t"], "to": "prod"}, ("s1",)),
        )
        self.goal = submit(site.platform, "prod", steps)
        (build,) = self.tick()
        assert build.tags["platform/environment"] == "dev"
        run(site.instance, self.goal, DagsterRunStatus.SUCCESS)
        (release,) = self.tick()
        assert (release.run_key, release.tags["platform/environment"]) == (f"{self.goal}:2:1", "prod")
        self.run_id = site.hold(
            "prod/bronze/t", job="workflow", goal=self.goal, **tags_of(self.goal, 2, 1, "prod", "me")
        )

    @property
    def request(self) -> str:
        return self.site.request(self.run_id).id

    def tick(self) -> list[RunRequest]:
        return tick(self.site.platform, self.site.instance)

    def stands(self) -> tuple[str, str]:
        """Status and reason after a tick that launches nothing."""
        assert self.tick() == []
        row = self.site.platform.store.goal(self.goal)
        return row.status, row.reason

    def starts(self) -> None:
        """The queue lets the run go."""
        self.site.move(self.run_id, "PIPELINE_STARTING", "PIPELINE_START")

    def ends(self, event: str = "PIPELINE_SUCCESS", **outputs: object) -> None:
        self.site.platform.store.save_outputs(self.goal, 2, "s2", "deployment", "promote", outputs)
        self.site.move(self.run_id, event)

    def report(self) -> str:
        return render(goal_facts(self.site.platform, self.goal))


@pytest.fixture
def release(tmp_path: Path, instance: DagsterInstance) -> Release:
    return Release(Site(tmp_path, instance))


def test_a_release_is_held_then_released_then_live(release: Release) -> None:
    assert release.stands() == ("held", f"{release.request} waits for a decision")
    release.site.say(release.request, note="go ahead")
    assert release.stands()[0] == "releasing"
    release.starts()
    assert release.stands()[0] == "releasing"
    release.ends(status="released", environment="prod", released=[], assets=["bronze/t"])
    assert release.stands() == ("live", "")
    report = release.report()
    assert release.request in report
    assert "approve by **anna**" in report
    assert "go ahead" in report


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_rejected_release_tells_its_requester_why(release: Release, cancelled: bool) -> None:
    release.stands()
    release.site.say(release.request, choice="reject", note="not before the audit")
    if cancelled:
        release.site.tick()
    status, reason = release.stands()
    assert status == "rejected"
    assert "anna" in reason
    assert "not before the audit" in reason
    assert "not before the audit" in release.report()


def test_a_release_that_nobody_decided_on_fails_in_the_end(release: Release) -> None:
    release.stands()
    release.site.overdue(release.request)
    release.site.tick()
    status, reason = release.stands()
    assert status == "failed"
    assert release.request in reason


def test_a_release_that_was_taken_back_says_so(release: Release) -> None:
    release.site.say(release.request)
    release.starts()
    release.ends(status="rolled back", environment="prod", rolled_back=["bronze/t: rows: 3 of 5"], undone=["bronze/t"])
    assert release.stands() == ("rolled back", "bronze/t: rows: 3 of 5")
    assert "bronze/t: rows: 3 of 5" in release.report()


def test_a_release_that_is_refused_is_not_tried_again(release: Release) -> None:
    error = SerializableErrorInfo("agents.core.errors.Denied: policy forbids it\n", [], "Denied")
    run_ = release.site.instance.get_run_by_id(release.run_id)
    assert run_ is not None
    release.site.instance.report_engine_event("refused", run_, EngineEventData(error=error))
    release.site.instance.report_run_failed(run_)
    assert release.stands() == ("failed", "policy forbids it")


def test_a_run_in_dev_that_calls_itself_the_release_is_none(release: Release) -> None:
    assert release.stands()[0] == "held"
    run(release.site.instance, release.goal, DagsterRunStatus.SUCCESS, phase=2)
    assert release.stands()[0] == "held"


def test_a_second_submission_that_was_turned_away_does_not_end_the_goal(release: Release) -> None:
    release.stands()
    again = DagsterRun("workflow", tags=tags_of(release.goal, 2, 1, "prod", "me"), status=DagsterRunStatus.FAILURE)
    release.site.instance.add_run(again)
    assert release.stands()[0] == "held"


def test_an_instance_beside_the_deployments_own_starts_nothing(platform, instance) -> None:
    goal = submit(platform)
    home = platform.settings.state_dir / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text("{}")
    assert tick(platform, instance) == []
    assert platform.store.goal(goal).status == "planned"


def test_a_release_is_asked_for_once_what_it_brings_was_looked_at(platform, instance) -> None:
    platform.lake.append(TableId("dev", "bronze", "t"), pa.table({"n": [1]}))
    promote = Step("s1", 1, "deployment", "promote", {"assets": ["bronze/t"], "to": "prod"})
    goal = platform.store.create_goal("release t", "prod", "me", None, "run")
    platform.store.set_plan(goal.id, Plan("release t", "prod", steps=(promote,)))
    first = tick(platform, instance)
    look = next(row.id for row in platform.store.goals() if row.id != goal.id)
    assert not [request for request in first if request.tags["platform/goal"] == goal.id]
    for status in ("building", "live"):
        platform.store.set_status(look, status)
    assert [request.run_key for request in tick(platform, instance)] == [f"{goal.id}:1:1"]
