"""The plans sensor: launches each phase that is due, and moves a goal on when a phase's run ends.

Everything it knows stands in the store and in Dagster's runs, so a tick that dies, comes twice or is late changes
nothing: a phase's attempt has one run key for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

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

from agents.ops.goal import workflow_config
from agents.roles.report import render
from agents.tools.goals import goal_facts
from resources.orchestrator import publish_report
from resources.platform import Platform
from resources.store_rows import GoalRow

MAX_ATTEMPTS = 2
OPEN = ("planned", "building", "releasing")


def plans_sensor(workflow: JobDefinition, platform: Platform) -> SensorDefinition:
    """The sensor over the deployment's store."""

    @sensor(
        name="plans",
        job=workflow,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
        description="Launches the phases of goals and moves goals on when their runs end.",
    )
    def plans(context: SensorEvaluationContext) -> Iterator[RunRequest]:
        for row in platform.store.goals(OPEN):
            if row.mode == "run":
                yield from advance(row, platform, context.instance)

    return plans


def advance(row: GoalRow, platform: Platform, instance: DagsterInstance) -> Iterator[RunRequest]:
    """Take one goal as far as it goes: settle the phases that ended, request the one that is due."""
    store, goal = platform.store, row.goal
    for phase in store.plan(goal.id).phases():
        if not phase["run_config"]["ops"]:
            continue
        number, attempt = phase["phase"], 1
        while run := find_run(instance, goal.id, number, attempt):
            store.phase_started(goal.id, number, attempt, run.run_id)
            if not run.is_finished:
                return
            if run.is_success:
                store.phase_ended(goal.id, number, attempt, "succeeded")
                break
            reason = _reason(instance, run)
            store.phase_ended(goal.id, number, attempt, "failed", reason)
            if attempt >= MAX_ATTEMPTS or not worker_died(instance, run):
                _end(goal.id, "failed", reason, platform, instance)
                return
            attempt += 1
        if run is None:
            if phase["environment"] == "prod":
                why = "production is released only with an approval, and approvals are not installed"
                _end(goal.id, "held", why, platform, instance)
                return
            store.set_status(goal.id, "building")
            key = store.claim_phase(goal.id, number, attempt, phase["environment"])
            if key:
                yield RunRequest(
                    run_key=key,
                    run_config=workflow_config(phase, goal.id, goal.requester, attempt),
                    tags=tags_of(goal.id, number, attempt, phase["environment"], goal.requester),
                )
            return
    _end(goal.id, "live", "", platform, instance)


def tags_of(goal: str, phase: int, attempt: int, environment: str, requester: str) -> dict[str, str]:
    """Tags that say whose run it is."""
    return {
        "platform/goal": goal,
        "platform/phase": str(phase),
        "platform/attempt": str(attempt),
        "platform/environment": environment,
        "platform/requester": requester,
    }


def find_run(instance: DagsterInstance, goal: str, phase: int, attempt: int) -> DagsterRun | None:
    """The newest `workflow` run of this attempt: a re-execution by a person takes over from the run it repeats."""
    wanted = {"platform/goal": goal, "platform/phase": str(phase), "platform/attempt": str(attempt)}
    found = instance.get_runs(RunsFilter(job_name="workflow", tags=wanted), limit=1)
    return found[0] if found else None


def worker_died(instance: DagsterInstance, run: DagsterRun) -> bool:
    """True when no step said why: the process was killed, or never came up. Such a run is tried again."""
    from dagster import DagsterEventType

    if run.status is DagsterRunStatus.CANCELED:
        return False
    return not instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE).records


def _reason(instance: DagsterInstance, run: DagsterRun) -> str:
    from resources.orchestrator import first_error

    return "cancelled by a person" if run.status is DagsterRunStatus.CANCELED else first_error(instance, run.run_id)


def _end(goal: str, status: str, reason: str, platform: Platform, instance: DagsterInstance) -> None:
    if platform.store.set_status(goal, status, reason):  # type: ignore[arg-type]
        platform.ledger.append("goal", "supervisor", status, subject=goal, why=reason)
        publish_report(instance, goal, render(goal_facts(platform.store, goal)), {"status": status})
