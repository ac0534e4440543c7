"""The first wall: every run that is submitted is attributed, judged, and passed on, held or refused.

Every process that opens the instance imports this module: whatever is heavy is imported when a run is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from dagster import DagsterRun, DagsterRunStatus, Field, StringSource
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator, RunQueueConfig

from agents.core.catalog import ENVIRONMENTS
from agents.core.errors import ApprovalRequired, Denied, PlatformError
from resources.holding import APPROVAL, HOLD, NO_RETRY, PENDING, PREFIX, REQUEST, has_tags, tag_run, write_tags

if TYPE_CHECKING:
    from dagster._config.config_schema import UserConfigSchema
    from dagster._core.run_coordinator import SubmitRunContext
    from dagster._serdes import ConfigurableClassData

    from agents.core.approval import Requester, Ruling, RunFacts
    from platform_defs.run_config import Phase
    from platform_defs.walls import Walls
    from platform_defs.web_identity import Who

CHILD, BACKFILL = "child", "dagster/backfill"


class PlatformRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue behind the platform's judgement. `state` is the deployment's state folder."""

    def __init__(self, state: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.state = state

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """The queue's settings and `state`."""
        inherited: Mapping[str, Any] = super().config_type()  # pyright: ignore[reportAssignmentType]
        return {**inherited, "state": Field(StringSource, is_required=False, description="the state folder")}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """As dagster.yaml says."""
        return cls(inst_data=inst_data, **config_value)

    def get_run_queue_config(self) -> RunQueueConfig:
        """The queue's limits and the one that holds runs: those in dagster.yaml would replace it, so it joins them."""
        found = super().get_run_queue_config()
        if self.has_instance:
            runs = (self._instance.get_settings("concurrency") or {}).get("runs") or {}
            if "tag_concurrency_limits" in runs:
                runs["tag_concurrency_limits"] = _holding(runs["tag_concurrency_limits"])
        return found._replace(tag_concurrency_limits=_holding(found.tag_concurrency_limits))

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Attribute and judge a run; queue it, held or not. Raises PolicyError with the reason when it is refused."""
        if context.dagster_run.status != DagsterRunStatus.NOT_STARTED:
            return super().submit_run(context)
        try:
            tags = self._admit(context)
        except PlatformError:
            run = context.dagster_run
            tag_run(self._instance, run.run_id, {**_told(run, self.state), **NO_RETRY})
            raise
        run_id = context.dagster_run.run_id
        if tags is None:
            return self._dropped(context.dagster_run)
        # What holds a run, or corrects its caller, is seen before it is queued. What only adds to it is looked for
        # afterwards, when queueing has read the run again.
        corrected = any(context.dagster_run.tags.get(key, value) != value for key, value in tags.items())
        (tag_run if corrected or APPROVAL in tags else write_tags)(self._instance, run_id, tags)
        submitted = super().submit_run(context)
        if not has_tags(submitted, tags):
            tag_run(self._instance, run_id, tags)
        return submitted

    def _admit(self, context: SubmitRunContext) -> dict[str, str] | None:
        """The tags of a run that may be queued; None for one that repeats what is held already."""
        from platform_defs.decisions import decide, decides
        from platform_defs.walls import walls_of

        run, walls = context.dagster_run, walls_of(self.state)
        who = _asker(context, walls)
        phase = _phase(run, walls)
        tags = _trusted(run, phase, http=who is not None)
        requester = self._requester(run, walls, who, phase, tags.get("platform/goal", ""))
        facts = walls.facts(self._instance, run, context.workspace, requester, tags.get("platform/goal", ""))
        if decides(facts):
            decide(self._instance, run, facts, walls, who, getattr(context.workspace, "source", None))
        elif who is not None and who.roles and not who.roles & {"engineer", "admin"}:
            raise Denied("your role decides on requests and starts nothing else", where=run.job_name)
        tags |= {"platform/requester": requester.name} | ({"user": requester.name} if who else {})
        if phase:
            _check_phase(run, context, walls, facts, phase)
        ruling = self._rule(walls, facts, child=tags.get("platform/kind") == CHILD)
        if ruling.verdict == "allow":
            return tags
        if ruling.duplicate_of:
            _refuse_repetition(ruling, who)
            return None
        return tags | {APPROVAL: PENDING, REQUEST: ruling.request}

    def _requester(self, run: DagsterRun, walls: Walls, who: Who | None, phase: Phase | None, goal: str) -> Requester:
        from platform_defs.requester import Requesters

        claimed = (phase.requester,) if phase else _claims(run)
        return Requesters(self._instance, walls.platform).of(run, who, goal, claimed)

    def _rule(self, walls: Walls, facts: RunFacts, *, child: bool) -> Ruling:
        """What becomes of the run. A child run is never held: the run that waits for it would wait for people."""
        approvals = walls.platform.approvals
        if child and (ruling := approvals.judge(facts)).verdict != "allow":
            raise ApprovalRequired(
                f"the run that started this one was not approved for it: {ruling.reason}",
                where=", ".join(facts.effects.assets),
                fix="approve a run that declares it, or run it on its own",
            )
        ruling = approvals.submit(facts)
        if ruling.verdict == "deny":
            raise Denied(ruling.reason or "policy forbids it", where=facts.job, fix=", ".join(ruling.rules))
        return ruling

    def _dropped(self, run: DagsterRun) -> DagsterRun:
        """A schedule asks again and again for what is held: one run waits, the others end here."""
        self._instance.report_run_canceling(run, message="The same is held already, and waits for a decision.")
        self._instance.report_run_canceled(run)
        return self._instance.get_run_by_id(run.run_id) or run


def _holding(limits: Any) -> list[Mapping[str, Any]]:
    """These limits and ours, which comes last: of two for one tag value, the last counts."""
    return [*(limit for limit in limits or () if limit != HOLD), dict(HOLD)]


def _asker(context: SubmitRunContext, walls: Walls) -> Who | None:
    """Who asks over HTTP; None when the run comes from a process of the deployment or its terminal."""
    source = getattr(context.workspace, "source", None)
    if source is None:
        return None
    from platform_defs.web_identity import identify

    platform = walls.platform
    return identify(source, platform.settings, platform.secrets, platform.people)


def _phase(run: DagsterRun, walls: Walls) -> Phase | None:
    if run.job_name != "workflow":
        return None
    from platform_defs.run_config import phase_of

    return phase_of(run.run_config, walls.registry.agents)


def _trusted(run: DagsterRun, phase: Phase | None, *, http: bool) -> dict[str, str]:
    """The platform's tags of a run: each that the caller brought is blank, or has what is true.

    Only processes of the deployment start child runs, and their tags are believed; a backfill's come from who launched
    it, though it is the daemon that submits its runs.
    """
    tags = {key: "" for key in run.tags if key.startswith(PREFIX)}
    if phase:
        told = {"goal": phase.goal, "phase": phase.number, "attempt": phase.attempt, "environment": phase.environment}
        return tags | {PREFIX + name: value for name, value in told.items()} | {"platform/kind": "workflow"}
    if run.job_name == "goal":
        return tags | {"platform/kind": "goal"}
    if not http and BACKFILL not in run.tags and run.tags.get("platform/kind") == CHILD:
        kept = ("platform/kind", "platform/goal", "platform/agent")
        return tags | {key: run.tags[key] for key in kept if key in run.tags}
    return tags


def _told(run: DagsterRun, state: str | None) -> dict[str, str]:
    """The tags of a run that was refused. Its goal has to learn of it: a run without name is waited for for ever."""
    from platform_defs.walls import walls_of

    try:
        return _trusted(run, _phase(run, walls_of(state)), http=True)
    except PlatformError:  # nobody can say for what it was
        return {key: "" for key in run.tags if key.startswith(PREFIX)}


def _check_phase(run: DagsterRun, context: SubmitRunContext, walls: Walls, facts: RunFacts, phase: Phase) -> None:
    """Raise Denied for a release that cannot be done, or that is nowhere: nobody is asked to approve it."""
    if phase.environment not in ENVIRONMENTS:
        fix = f"there are {', '.join(ENVIRONMENTS)}"
        raise Denied(f"{phase.environment!r} is no environment", where=run.job_name, fix=fix)
    if facts.effects.environment == "dev":
        return
    from agents.tools.before_release import check_steps
    from platform_defs.classify import repository_of
    from platform_defs.run_config import open_references
    from resources.asset_graph import tables_in

    repository = repository_of(run, context.workspace)
    try:
        check_steps(
            walls.platform,
            [step for step in facts.effects.steps if not open_references(step["inputs"])],
            phase.environment,
            lambda: tables_in(repository.asset_graph) if repository else (),
        )
    except PlatformError as error:
        raise Denied(error.what, where=error.where or run.job_name, fix=error.fix) from error


def _claims(run: DagsterRun) -> tuple[str, ...]:
    """Names that a goal's run config gives for who asks."""
    from platform_defs.run_config import mapping

    plan = mapping(mapping(mapping(run.run_config.get("ops")).get("plan")).get("config"))
    return (str(plan["requester"]),) if plan.get("requester") else ()


def _refuse_repetition(ruling: Ruling, who: Who | None) -> None:
    """A person is told at once; what comes by itself is not a failure."""
    if who is not None:
        raise ApprovalRequired(
            f"the same is held already: {ruling.reason}",
            where=ruling.request,
            fix=f"decide on {ruling.request}, or cancel run {ruling.duplicate_of}",
        )
