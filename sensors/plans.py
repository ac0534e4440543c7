"""The plans sensor: launches each phase that is due, and moves a goal on when a phase's run ends.

Everything it knows stands in the store and in Dagster's runs, so a tick that dies, comes twice or is late changes
nothing: a phase's attempt has one run key for ever.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    JobDefinition,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    sensor,
)

from agents.core.registry import Registry
from agents.ops.goal import plan_for, workflow_config
from agents.roles.report import render
from agents.tools.goals import goal_facts
from resources.orchestrator import first_error, publish_report
from resources.platform import Platform
from resources.store_rows import GoalRow

MAX_ATTEMPTS = 2
RECENT = 20
OPEN = ("planned", "building", "releasing")


def plans_sensor(workflow: JobDefinition, registry: Registry, platform: Platform) -> SensorDefinition:
    """The sensor over the deployment's store."""

    @sensor(
        name="plans",
        job=workflow,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
        description="Launches the phases of goals and moves goals on when their runs end.",
    )
    def plans(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        for row in open_goals(platform, registry):
            yield from advance(row, platform, context.instance)

    return plans


def open_goals(platform: Platform, registry: Registry) -> list[GoalRow]:
    """Goals on their way. Child goals are planned here; failed ones may have been re-executed by a person."""
    for row in platform.store.goals("submitted"):
        if row.goal.parent:
            goal = row.goal
            plan = plan_for(registry, platform, goal.text, goal.environment, goal.budget)
            platform.store.set_plan(goal.id, plan)
    rows = platform.store.goals(OPEN) + platform.store.goals("failed")[-RECENT:]
    return [row for row in rows if row.mode == "run" and row.plan_digest]


def advance(row: GoalRow, platform: Platform, instance: DagsterInstance) -> Iterator[RunRequest]:
    """Take one goal as far as it goes: settle the phases that ended, request the one that is due."""
    for phase in platform.store.plan(row.id).phases():
        if not phase["run_config"]["ops"]:
            continue
        run = newest_run(instance, row.id, phase["phase"])
        if run is None:
            yield from _request(row, phase, 1, platform, instance)
            return
        attempt = int(run.tags.get("platform/attempt", "1"))
        _note(row, phase["phase"], attempt, run, platform, instance)
        if not run.is_finished:
            platform.store.set_status(row.id, "building")
            return
        if run.is_success:
            continue
        if attempt < MAX_ATTEMPTS and worker_died(instance, run):
            yield from _request(row, phase, attempt + 1, platform, instance)
        else:
            _end(row.id, "failed", _reason(instance, run), platform, instance)
        return
    done = any(step.agent != "report" for step in platform.store.steps(row.id))
    _end(row.id, "live", "", platform, instance) if done else _end(
        row.id, "failed", "no installed agent can do any of it", platform, instance
    )


def _request(
    row: GoalRow, phase: Mapping[str, Any], attempt: int, platform: Platform, instance: DagsterInstance
) -> Iterator[RunRequest]:
    if phase["environment"] == "prod":
        why = "production is released only with an approval, and approvals are not installed"
        _end(row.id, "held", why, platform, instance)
        return
    platform.store.set_status(row.id, "building")
    key = platform.store.claim_phase(row.id, phase["phase"], attempt, phase["environment"])
    if key:
        yield RunRequest(
            run_key=key,
            run_config=workflow_config(dict(phase), row.id, row.goal.requester, attempt),
            tags=tags_of(row.id, phase["phase"], attempt, phase["environment"], row.goal.requester),
        )


def _note(
    row: GoalRow, phase: int, attempt: int, run: DagsterRun, platform: Platform, instance: DagsterInstance
) -> None:
    """Write down how an attempt goes; a person's re-execution repeats an attempt that is settled already."""
    known = {p.attempt: p for p in platform.store.phases(row.id) if p.phase == phase}.get(attempt)
    if known and known.run_id not in ("", run.run_id):
        return
    platform.store.phase_started(row.id, phase, attempt, run.run_id)
    if run.is_finished:
        end = "succeeded" if run.is_success else "failed"
        platform.store.phase_ended(row.id, phase, attempt, end, "" if run.is_success else _reason(instance, run))


def tags_of(goal: str, phase: int, attempt: int, environment: str, requester: str) -> dict[str, str]:
    """Tags that say whose run it is."""
    return {
        "platform/goal": goal,
        "platform/phase": str(phase),
        "platform/attempt": str(attempt),
        "platform/environment": environment,
        "platform/requester": requester,
    }


def newest_run(instance: DagsterInstance, goal: str, phase: int) -> DagsterRun | None:
    """The newest `workflow` run of a phase: a later attempt, or a re-execution by a person, takes over."""
    wanted = {"platform/goal": goal, "platform/phase": str(phase)}
    found = instance.get_runs(RunsFilter(job_name="workflow", tags=wanted), limit=1)
    return found[0] if found else None


def worker_died(instance: DagsterInstance, run: DagsterRun) -> bool:
    """True when no step said why: the process was killed, or never came up. Such a run is tried again."""
    from dagster import DagsterEventType

    if run.status is DagsterRunStatus.CANCELED:
        return False
    return not instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE).records


def _reason(instance: DagsterInstance, run: DagsterRun) -> str:
    return "cancelled by a person" if run.status is DagsterRunStatus.CANCELED else first_error(instance, run.run_id)


def _end(goal: str, status: str, reason: str, platform: Platform, instance: DagsterInstance) -> None:
    if platform.store.set_status(goal, status, reason):  # type: ignore[arg-type]
        platform.ledger.append("goal", "supervisor", status, subject=goal, why=reason)
        publish_report(instance, goal, render(goal_facts(platform.store, goal)), {"status": status})
