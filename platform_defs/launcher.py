"""The second wall: every run that the daemon starts or resumes is judged anew and leased what it may write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from dagster import DagsterRun, Field, StringSource
from dagster._core.launcher import DefaultRunLauncher, RunLauncher

from agents.core.errors import ApprovalRequired, PolicyError
from resources.holding import NO_RETRY, tag_run

if TYPE_CHECKING:
    from dagster._config.config_schema import UserConfigSchema
    from dagster._core.launcher import LaunchRunContext, ResumeRunContext
    from dagster._core.workspace.context import BaseWorkspaceRequestContext
    from dagster._serdes import ConfigurableClassData

    from agents.core.approval import RunFacts
    from platform_defs.walls import Walls


class Governed(RunLauncher):
    """Put before any run launcher, it lets only such runs through as may run now.

    Nothing that the queue or the tags say is believed: a run whose hold was lost is refused here.
    """

    state: str | None = None

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch the run if it may run now. Raises PolicyError otherwise, and the run is not tried again."""
        self._admit(context.dagster_run, context.workspace)
        super().launch_run(context)  # pyright: ignore[reportAbstractUsage]

    def resume_run(self, context: ResumeRunContext) -> None:
        """Resume the run if it may run now. Raises PolicyError otherwise."""
        self._admit(context.dagster_run, context.workspace)
        super().resume_run(context)

    def _admit(self, run: DagsterRun, workspace: BaseWorkspaceRequestContext | None) -> None:
        from platform_defs.walls import walls_of

        walls = walls_of(self.state)
        try:
            if workspace is None:
                raise ApprovalRequired("nobody can say what the run would do", where=run.run_id)
            self._lease(run, workspace, walls)
        except PolicyError:
            tag_run(self._instance, run.run_id, NO_RETRY)
            raise

    def _lease(self, run: DagsterRun, workspace: BaseWorkspaceRequestContext, walls: Walls) -> None:
        from dagster._core.workspace.context import WorkspaceProcessContext

        # A location that fails to load is Dagster's to try again: it must not be taken for an unknown run.
        location = run.remote_job_origin.location_name if run.remote_job_origin else ""
        if location:
            workspace.get_code_location(location)
        facts, process = self._facts(run, workspace, walls), workspace.process_context
        passes = walls.platform.approvals.judge(facts).verdict == "allow"
        if not passes and location and isinstance(process, WorkspaceProcessContext):
            # Definitions that were just reloaded reach the daemon later than the run that needs them.
            process.refresh_code_location(location)
            facts = self._facts(run, process.create_request_context(), walls)
        walls.platform.approvals.launch(facts)

    def _facts(self, run: DagsterRun, workspace: BaseWorkspaceRequestContext, walls: Walls) -> RunFacts:
        from platform_defs.requester import UNKNOWN

        requester = walls.platform.approvals.requester_of_run(run.run_id) or UNKNOWN
        return walls.facts(self._instance, run, workspace, requester, run.tags.get("platform/goal", ""))


class PlatformRunLauncher(Governed, DefaultRunLauncher):
    """Dagster's default launcher behind the wall. `state` is the deployment's state folder."""

    def __init__(self, state: str | None = None, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self.state = state

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """`state` alone."""
        return {"state": Field(StringSource, is_required=False, description="the state folder")}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """As dagster.yaml says."""
        return cls(inst_data=inst_data, **config_value)
