"""The approvals sensor: keeps runs, requests and the inbox in step with the store, whatever happened behind our back.

It looks at the store and at Dagster as they stand, never at its cursor: stopped, moved back or run twice it changes
nothing. It can let nothing pass that launcher and lake guard would not: it never decides.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from agents.core.approval import ApprovalRequest
from resources.holding import APPROVAL, GRANTED, PENDING, release
from resources.inbox import PAGE, held_runs, leased_runs, recorded
from resources.notifier import Notice, Severity
from resources.platform import Platform
from sensors.cursors import left_to_another
from sensors.inbox import Graph, Picture, notice_of, over

# A run is stored before its request is: until then nobody knows it, and that means nothing.
GRACE_SECONDS = 60


def approvals_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over the deployment's store."""
    picture = Picture(platform)

    @sensor(
        name="approvals",
        minimum_interval_seconds=1,
        default_status=DefaultSensorStatus.RUNNING,
        description="Shows what waits for people, releases what they granted, and closes what nobody needs any more.",
    )
    def approvals(context: SensorEvaluationContext) -> SkipReason:
        if skipped := left_to_another(platform, context):
            return skipped
        graph = context.repository_def.asset_graph if context.repository_def else None
        return SkipReason(Keeper(platform, context.instance, picture, graph).keep())

    return approvals


@dataclass(slots=True)
class Keeper:
    """One look at everything; `done` says in words what had to be done."""

    platform: Platform
    instance: DagsterInstance
    picture: Picture
    graph: Graph = None
    done: list[str] = field(default_factory=list[str])

    def keep(self) -> str:
        """Do what is due, the most urgent first. What fails keeps nothing else from being done, and is raised then."""
        steps: Sequence[Callable[[], None]] = (
            self._release,
            self._expire,
            self._close_gone,
            self._stop_refused,
            self._stop_unknown,
            self._end_leases,
            self._escalate,
            self._paint,
        )
        with ExitStack() as every:
            for step in reversed(steps):
                every.callback(step)
        return "; ".join(self.done) or "everything is in step"

    def _release(self) -> None:
        """Let go what was granted and still waits: a release that died half-way, or a tag that somebody overwrote."""
        for request, runs in self.platform.approvals.releasable():
            for run_id in release(self.instance, runs):
                self.done.append(f"released {run_id} for {request.id}")

    def _expire(self) -> None:
        for request in self.platform.approvals.expire():
            self._tell(f"{request.id} has expired", _asked(request))

    def _close_gone(self) -> None:
        """A request whose held runs were cancelled or deleted is cancelled with the last one."""
        queued = self._queued()
        gone = [run for run in held_runs(self.platform.store) if run not in queued]
        found = self._runs(gone)
        for run_id in gone:
            run = found.get(run_id)
            if run is None or run.is_finished:
                why = "its run was deleted" if run is None else f"its run ended: {run.status.value.lower()}"
                if closed := self.platform.approvals.cancel_run(run_id, why):
                    self.done.append(f"{closed.id} is {closed.state}: {why}")

    def _stop_refused(self) -> None:
        """Cancel runs that wait for a request that is over."""
        for request, runs in self.platform.approvals.stranded():
            why = over(request)
            for run_id in runs:
                self._stop(run_id, why)
                self.platform.approvals.cancel_run(run_id, why)
            self._tell(f"{request.id} was {request.state}", f"{_asked(request)} {why}")

    def _stop_unknown(self) -> None:
        """Cancel runs that wait for a request that nobody knows: the store was put back, or never told."""
        queued = self._queued()
        for run_id in sorted(queued - recorded(self.platform.store, sorted(queued))):
            record = self.instance.get_run_record_by_id(run_id)
            if record and time.time() - record.create_timestamp.timestamp() > GRACE_SECONDS:
                self._stop(run_id, "the store knows of no request that this run waits for: launch it again")

    def _stop(self, run_id: str, why: str) -> None:
        run = self.instance.get_run_by_id(run_id)
        if run and run.status is DagsterRunStatus.QUEUED:
            self.instance.report_run_canceling(run, message=why)
            self.instance.report_run_canceled(run, message=why)
            self.done.append(f"cancelled {run_id}: {why}")

    def _end_leases(self) -> None:
        """What a run could write, it can no more once it has ended."""
        leased = leased_runs(self.platform.store)
        found = self._runs(leased)
        ended = [run_id for run_id in leased if run_id not in found or found[run_id].is_finished]
        if ended:
            self.platform.approvals.end_leases(ended)

    def _escalate(self) -> None:
        groups = self.platform.settings.escalate_groups
        for request in self.platform.approvals.escalate():
            group = groups[(request.escalations - 1) % len(groups)] if groups else "everybody"
            notice = notice_of(request, request.id, self.platform.settings.base_url)
            self._tell(f"{request.id} still waits: {group}, please decide", notice.text, link=notice.link)

    def _paint(self) -> None:
        self.picture.repair(self.instance, self.graph)

    def _queued(self) -> set[str]:
        tags = {APPROVAL: [PENDING, GRANTED]}
        return set(self.instance.get_run_ids(RunsFilter(statuses=[DagsterRunStatus.QUEUED], tags=tags)))

    def _runs(self, run_ids: Sequence[str]) -> dict[str, DagsterRun]:
        pages = [run_ids[at : at + PAGE] for at in range(0, len(run_ids), PAGE)]
        return {run.run_id: run for page in pages for run in self.instance.get_runs(RunsFilter(run_ids=page))}

    def _tell(self, title: str, text: str, severity: Severity = "warning", link: str = "") -> None:
        page = f"{self.platform.settings.base_url}/assets/platform/approvals"
        self.platform.notifier.notify(Notice(title, text, link or page, severity))
        self.done.append(title)


def _asked(request: ApprovalRequest) -> str:
    assets = ", ".join(sorted(request.effects.assets)) or ", ".join(request.effects.effects)
    goal = f" ({request.goal})" if request.goal else ""
    return f"{request.requester.name} asked for {assets} in {request.environment}{goal}."
