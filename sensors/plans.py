"""The plans sensor: launches each phase that is due, and moves a goal on when a phase's run ends.

Everything it knows stands in the store and in Dagster's runs, so a tick that dies, comes twice or is late changes
nothing: a phase's attempt has one run key for ever.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
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
    SkipReason,
    sensor,
)

from agents.core.catalog import TableId
from agents.core.goal import GoalStatus
from agents.core.registry import Registry
from agents.ops.goal import plan_for, workflow_config
from agents.roles.report import render
from agents.tools.before_release import Known
from agents.tools.goals import goal_facts
from resources.asset_graph import tables_in
from resources.orchestrator import first_error, publish_report
from resources.platform import Platform
from resources.store_rows import GoalRow, StepRow
from sensors.cursors import left_to_another
from sensors.inbox import OVER, over
from sensors.privacy import look_before_release

# What a deployment step says of a release that it took back: the reasons.
ROLLED_BACK = "rolled_back"
MAX_ATTEMPTS = 2
RECENT = 20
OPEN = ("planned", "building", "held", "releasing")
REFUSED = ("Denied", "ApprovalRequired")


def plans_sensor(workflow: JobDefinition, registry: Registry, platform: Platform) -> SensorDefinition:
    """The sensor over the deployment's store."""

    @sensor(
        name="plans",
        job=workflow,
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
        description="Launches the phases of goals and moves goals on when their runs end.",
    )
    def plans(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        if skipped := left_to_another(platform, context):
            yield skipped
            return
        repository = context.repository_def
        known = partial(tables_in, repository.asset_graph) if repository else frozenset[TableId]
        journeys = Journeys(platform, registry, context.instance, known)
        for row in journeys.open():
            yield from journeys.advance(row)

    return plans


@dataclass(frozen=True, slots=True)
class Journeys:
    """Where goals stand, and how they move on."""

    platform: Platform
    registry: Registry
    instance: DagsterInstance
    known: Known

    def open(self) -> list[GoalRow]:
        """Goals on their way. Child goals are planned here; failed ones may have been re-executed by a person."""
        store = self.platform.store
        for row in store.goals("submitted"):
            if row.goal.parent:
                said = (row.goal.text, row.goal.environment, row.goal.budget)
                store.set_plan(row.id, plan_for(self.registry, self.platform, *said, self.known))
        rows = store.goals(OPEN) + store.goals("failed")[-RECENT:]
        return [row for row in rows if row.mode == "run" and row.plan_digest]

    def advance(self, row: GoalRow) -> Iterator[RunRequest]:
        """Take one goal as far as it goes: settle the phases that ended, request the one that is due."""
        for phase in self.platform.store.plan(row.id).phases():
            if not phase["run_config"]["ops"]:
                continue  # nothing in it can be done here
            run = newest_run(self.instance, row.id, phase["phase"], phase["environment"])
            if run is None:
                if not self._looked_at(row, phase):
                    return
                yield from self._request(row, phase, 1)
                return
            attempt = int(run.tags.get("platform/attempt") or "1")
            self._note(row, phase["phase"], attempt, run)
            if not run.is_finished:
                self._under_way(row, phase["environment"], run)
                return
            if told := rolled_back(self.platform.store.steps(row.id), phase["phase"]):
                self._end(row.id, "rolled back", told)
            elif run.is_success:
                continue
            elif attempt < MAX_ATTEMPTS and worker_died(self.instance, run):
                yield from self._request(row, phase, attempt + 1)
            else:
                self._end(row.id, *self._why(run))
            return
        done = any(step.agent != "report" for step in self.platform.store.steps(row.id))
        self._end(row.id, "live" if done else "failed", "" if done else "no installed agent can do any of it")

    def _looked_at(self, row: GoalRow, phase: Mapping[str, Any]) -> bool:
        """Whether nothing is left to find out before a phase asks people for a release."""
        if phase["environment"] == "dev" or "governance" not in self.registry.agents:
            return True
        return not look_before_release(self.platform, row.id, phase["phase"])

    def _request(self, row: GoalRow, phase: Mapping[str, Any], attempt: int) -> Iterator[RunRequest]:
        """Ask for a run. Nothing is special about production here: the run coordinator holds what must be held."""
        number, environment = phase["phase"], phase["environment"]
        if row.status not in ("held", "releasing"):
            self.platform.store.set_status(row.id, "building")
        key = self.platform.store.claim_phase(row.id, number, attempt, environment)
        if key:
            yield RunRequest(
                run_key=key,
                run_config=workflow_config(phase, row.id, row.goal.requester, attempt, self.registry),
                tags=tags_of(row.id, number, attempt, environment, row.goal.requester),
            )

    def _under_way(self, row: GoalRow, environment: str, run: DagsterRun) -> None:
        """Say where a phase stands: held for people, being released, or at work."""
        request = self.platform.approvals.request_of_run(run.run_id)
        if request is None:
            status = "releasing" if environment == "prod" else "building"
            self.platform.store.set_status(row.id, status)
        elif request.open:
            if self.platform.store.set_status(row.id, "held", f"{request.id} waits for a decision"):
                self._publish(row.id, "held")
        elif request.state in OVER and run.status is DagsterRunStatus.QUEUED:
            self._end(row.id, *self._why(run))
        else:
            self.platform.store.set_status(row.id, "releasing")

    def _why(self, run: DagsterRun) -> tuple[GoalStatus, str]:
        """How a goal ends with a run that did not do its work, and why."""
        request = self.platform.approvals.request_of_run(run.run_id)
        if request and request.state in OVER and not started(self.instance, run):
            return "rejected" if request.state == "rejected" else "failed", over(request)
        return "failed", _reason(self.instance, run)

    def _note(self, row: GoalRow, phase: int, attempt: int, run: DagsterRun) -> None:
        """Write down how an attempt goes; a person's re-execution repeats an attempt that is settled already."""
        store = self.platform.store
        known = {p.attempt: p for p in store.phases(row.id) if p.phase == phase}.get(attempt)
        if known and known.run_id not in ("", run.run_id):
            return
        store.phase_started(row.id, phase, attempt, run.run_id)
        if run.is_finished:
            end = "succeeded" if run.is_success else "failed"
            store.phase_ended(row.id, phase, attempt, end, "" if run.is_success else _reason(self.instance, run))

    def _end(self, goal: str, status: GoalStatus, reason: str) -> None:
        if self.platform.store.set_status(goal, status, reason):
            self.platform.ledger.append("goal", "supervisor", status, subject=goal, why=reason)
            self._publish(goal, status)

    def _publish(self, goal: str, status: GoalStatus) -> None:
        publish_report(self.instance, goal, render(goal_facts(self.platform, goal)), {"status": status})


def tags_of(goal: str, phase: int, attempt: int, environment: str, requester: str) -> dict[str, str]:
    """Tags that say whose run it is."""
    return {
        "platform/goal": goal,
        "platform/phase": str(phase),
        "platform/attempt": str(attempt),
        "platform/environment": environment,
        "platform/requester": requester,
    }


def newest_run(instance: DagsterInstance, goal: str, phase: int, environment: str) -> DagsterRun | None:
    """The newest `workflow` run of a phase: a later attempt, or a re-execution by a person, takes over.

    But not one that was turned away because the same is still held, nor one that says it is this phase and acts in
    another environment: what was done in dev is no release.
    """
    wanted = {"platform/goal": goal, "platform/phase": str(phase), "platform/environment": environment}
    found = instance.get_runs(RunsFilter(job_name="workflow", tags=wanted), limit=RECENT)
    if found and found[0].is_finished and not found[0].is_success:
        return next((run for run in found if not run.is_finished), found[0])
    return found[0] if found else None


def rolled_back(steps: Iterable[StepRow], phase: int) -> str:
    """Why a phase took its release back; empty when it did not."""
    told = [step.outputs.get(ROLLED_BACK) for step in steps if step.phase == phase]
    return "; ".join(str(why) for reasons in told if reasons for why in reasons)


def started(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether a run ever had a worker."""
    record = instance.get_run_record_by_id(run.run_id)
    return record is not None and record.start_time is not None


def worker_died(instance: DagsterInstance, run: DagsterRun) -> bool:
    """True when no step said why: the process was killed, or never came up. Such a run is tried again."""
    from dagster import DagsterEventType

    if run.status is DagsterRunStatus.CANCELED or refusal(instance, run.run_id):
        return False
    return not instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE).records


def refusal(instance: DagsterInstance, run_id: str) -> str:
    """Why coordinator or launcher refused a run; empty when they did not."""
    from dagster import DagsterEventType

    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.ENGINE_EVENT).records:
        event = record.event_log_entry.dagster_event
        error = event.engine_event_data.error if event else None
        while error:
            if error.cls_name in REFUSED:
                return error.message.partition(": ")[2].strip()
            error = error.cause
    return ""


def _reason(instance: DagsterInstance, run: DagsterRun) -> str:
    if told := refusal(instance, run.run_id):
        return told
    return "cancelled by a person" if run.status is DagsterRunStatus.CANCELED else first_error(instance, run.run_id)
