"""The orchestrator as agents see it: reload the definitions, materialize assets in a child run, read what it left."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from agents.core.catalog import TableId
from agents.core.errors import RunFailed, SpecError, StateError
from resources.asset_graph import readers_in as readers_in
from resources.asset_graph import tables_in

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun
    from dagster._core.workspace.context import WorkspaceProcessContext

POLL_SECONDS = 0.3
# So few tables are done sooner one after the other than in processes of their own.
FEW = 2
PRELOAD = ("platform_defs.preload",)
GOALS = "goals"
REPORTS = ("platform", "goals")
LAUNCH = """
mutation($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
    ... on UnauthorizedError { message }
    ... on PipelineNotFoundError { message }
    ... on InvalidSubsetError { message }
    ... on NoModeProvidedError { message }
    ... on PresetNotFoundError { message }
    ... on ConflictingExecutionParamsError { message }
    ... on RunConflict { message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One asset check as the run left it; `metadata` holds plain values."""

    name: str
    passed: bool
    severity: str
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Materialized:
    """What a child run left of one table: metadata as plain values, and its checks."""

    table: TableId
    metadata: Mapping[str, Any]
    checks: tuple[CheckOutcome, ...]


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A run that ended: its id, whether it succeeded, the first error, and what it left of each table."""

    run_id: str
    success: bool
    error: str
    tables: Mapping[TableId, Materialized]


class Orchestrator(ABC):
    """What the agents need of Dagster."""

    @abstractmethod
    def reload(self) -> None:
        """Load the definitions anew. SpecError with the loader's message when they do not load."""

    @abstractmethod
    def materialize(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> ChildRun:
        """Materialize `tables` with their checks in one child run and wait for its end."""

    @abstractmethod
    def publish(self, goal: str, markdown: str, facts: Mapping[str, str | int | float]) -> None:
        """Show a goal's report in the UI: partition `goal` of asset `platform/goals`."""

    @abstractmethod
    def observe(self, table: TableId, facts: Mapping[str, Any], words: str) -> None:
        """Show on a table's page what changed in it outside of a materialization; `facts` are Dagster metadata."""

    @abstractmethod
    def known(self) -> frozenset[TableId]:
        """Tables that the loaded definitions have."""

    @abstractmethod
    def readers(self, table: TableId) -> list[TableId]:
        """Tables of the loaded definitions that are computed from this one, directly or not, in order of work."""


class DagsterOrchestrator(Orchestrator):
    """Speaks to the code server that the given run came from, over gRPC: no webserver is needed for it."""

    def __init__(self, instance: DagsterInstance, run: DagsterRun) -> None:
        self._instance, self._run = instance, run
        self._stack = ExitStack()
        self._context: WorkspaceProcessContext | None = None
        self._location = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def reload(self) -> None:
        # What launching a run will need takes seconds to import: here it costs nothing, since another process works.
        threading.Thread(target=import_module, args=("dagster_graphql.schema",), daemon=True).start()
        context = self._workspace()
        context.reload_code_location(self._location)
        entry = context.create_request_context().get_code_location_entries()[self._location]
        if entry.load_error:
            raise SpecError(
                f"the definitions do not load: {entry.load_error.message.strip()}",
                where=self._location,
                fix="adp doctor names the file; git revert in the specs repository undoes the last change",
            )

    def publish(self, goal: str, markdown: str, facts: Mapping[str, str | int | float]) -> None:
        publish_report(self._instance, goal, markdown, facts)

    def observe(self, table: TableId, facts: Mapping[str, Any], words: str) -> None:
        from dagster import AssetKey, AssetObservation

        told = AssetObservation(AssetKey(list(table)), description=words or None, metadata=dict(facts))
        self._instance.report_runless_asset_event(told)

    def known(self) -> frozenset[TableId]:
        return tables_in(self._workspace().create_request_context().asset_graph)

    def readers(self, table: TableId) -> list[TableId]:
        return readers_in(self._workspace().create_request_context().asset_graph, table)

    def materialize(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> ChildRun:
        missing = set(tables) - self.known()
        if missing:
            raise StateError(
                f"not in the loaded definitions: {', '.join(map(str, sorted(missing)))}",
                fix="reload the code location; adp doctor shows products that do not load",
            )
        run_id = self._launch(tables, tags)
        try:
            return self._outcome(run_id, tables)
        except BaseException:
            # The parent is being stopped: a child that nobody waits for must not go on unseen.
            if not (run := self._instance.get_run_by_id(run_id)) or not run.is_finished:
                self._instance.run_coordinator.cancel_run(run_id)
            raise

    def _launch(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> str:
        from dagster_graphql.schema import create_schema

        request = self._workspace().create_request_context()
        repository = next(iter(request.get_code_location(self._location).get_repositories().values()))
        params = {
            "selector": {
                "repositoryLocationName": self._location,
                "repositoryName": repository.name,
                "jobName": "__ASSET_JOB",
                "assetSelection": [{"path": list(table)} for table in tables],
            },
            "runConfigData": {"execution": {"config": execution(parallel=len(tables) > FEW)}},
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        answer = asyncio.run(
            create_schema().execute_async(LAUNCH, context_value=request, variable_values={"params": params})
        )
        result = (answer.data or {}).get("launchPipelineExecution") or {}
        if answer.errors or "run" not in result:
            told = [str(e) for e in answer.errors or []] or [result.get("message") or str(result.get("errors"))]
            raise RunFailed(f"Dagster did not take the run: {told[0]}", where=", ".join(map(str, tables)))
        return str(result["run"]["runId"])

    def _outcome(self, run_id: str, tables: Sequence[TableId]) -> ChildRun:
        while not (run := self._instance.get_run_by_id(run_id)) or not run.is_finished:
            if run is None:
                raise RunFailed("the child run was deleted while it was waited for", where=run_id)
            time.sleep(POLL_SECONDS)
        left = {table: _left(self._instance, table, run_id) for table in tables}
        return ChildRun(
            run_id,
            run.is_success,
            "" if run.is_success else first_error(self._instance, run_id),
            {table: found for table, found in left.items() if found},
        )

    def _workspace(self) -> WorkspaceProcessContext:
        if self._context is None:
            from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
            from dagster._core.workspace.context import WorkspaceProcessContext
            from dagster._core.workspace.load_target import GrpcServerTarget

            origin = self._run.remote_job_origin and self._run.remote_job_origin.repository_origin.code_location_origin
            if not isinstance(origin, GrpcServerCodeLocationOrigin):
                raise StateError(
                    "this run was not started by a deployment, so there is nothing to reload or to launch in",
                    fix="start it in the UI, with adp goal, or with dagster job launch",
                )
            target = GrpcServerTarget(
                host=origin.host, port=origin.port, socket=origin.socket, location_name=origin.location_name
            )
            self._location = origin.location_name
            self._context = self._stack.enter_context(WorkspaceProcessContext(self._instance, target, version=""))
        return self._context


def execution(*, parallel: bool) -> dict[str, Any]:
    """Executor config: steps in processes forked from one that has loaded everything, or all in the run's own process.

    A process of its own costs a step seconds: it pays where steps can work at the same time, and nowhere else.
    """
    if not parallel:
        return {"in_process": {}}
    return {"multiprocess": {"start_method": {"forkserver": {"preload_modules": list(PRELOAD)}}, "max_concurrent": 4}}


def at_home(instance: DagsterInstance, state: Path) -> bool:
    """Whether the store of this state folder speaks of this instance's runs.

    A `dagster dev` beside a deployment has runs of its own: to it the deployment's would look deleted.
    """
    return (
        getattr(instance.run_coordinator, "state", None) == str(state)
        or not (state / "dagster" / "dagster.yaml").exists()
    )


def publish_report(instance: DagsterInstance, goal: str, markdown: str, facts: Mapping[str, str | int | float]) -> None:
    """Materialize the goal's partition of `platform/goals` with its report as metadata."""
    from dagster import AssetKey, AssetMaterialization, MetadataValue

    instance.add_dynamic_partitions(GOALS, [goal])
    instance.report_runless_asset_event(
        AssetMaterialization(
            AssetKey(REPORTS), partition=goal, metadata={"report": MetadataValue.md(markdown), **facts}
        )
    )


def _left(instance: DagsterInstance, table: TableId, run_id: str) -> Materialized | None:
    from dagster import AssetKey, DagsterEventType

    key = AssetKey(list(table))
    event = instance.get_latest_materialization_event(key)
    done = event if event and event.run_id == run_id else None
    checks: list[CheckOutcome] = []
    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION).records:
        found = record.event_log_entry.dagster_event
        evaluation = found.asset_check_evaluation_data if found else None
        if evaluation and evaluation.asset_key == key:
            plain = {k: v.value for k, v in evaluation.metadata.items()}
            severity, said = evaluation.severity.value, evaluation.description or ""
            checks.append(CheckOutcome(evaluation.check_name, evaluation.passed, severity, said, plain))
    if not done and not checks:
        return None
    metadata = done.asset_materialization.metadata if done and done.asset_materialization else {}
    return Materialized(table, {k: v.value for k, v in metadata.items()}, tuple(checks))


def first_error(instance: DagsterInstance, run_id: str) -> str:
    """Why a run failed: the innermost cause of its first failure."""
    from dagster import DagsterEventType

    wanted = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE, DagsterEventType.RUN_CANCELED}
    for record in instance.get_records_for_run(run_id, of_type=wanted).records:
        event = record.event_log_entry.dagster_event
        failure = getattr(event.event_specific_data, "error", None) if event else None
        if failure:
            cause = failure
            while cause.cause:
                cause = cause.cause
            return str(cause.message).strip()
        if event and event.message:
            return event.message
    return "the run ended without success and without a reason"
