"""A deployment in a folder: a real instance with the platform's dagster.yaml, its walls, and a workspace in process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pyotp
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import LaunchRunContext, ResumeRunContext, RunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_graphql.schema import create_schema
from starlette.requests import HTTPConnection

from platform_defs.instance import LOCATION, Home, dagster_yaml
from platform_defs.launcher import Governed
from platform_defs.walls import walls_of
from platform_defs.web_identity import MARK, Who
from resources.platform import Platform

ME = "olga"
ORDERS = "prod/bronze/orders"
LAUNCH = """
mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } }
  ... on RunConfigValidationInvalid { errors { message } } ... on PythonError { message } } }
"""
REEXECUTE = """
mutation($params: ReexecutionParams!) { launchPipelineReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
BACKFILL = """
mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }
"""
DEFINITIONS = "from tests.unit.walls_definitions import build\n\ndefs = build({state!r}, {digest!r})\n"


class Noting(RunLauncher, ConfigurableClass):
    """A launcher that starts nothing and remembers what it was to start."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data, self.launched, self.resumed = inst_data, list[str](), list[str]()
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {"state": dg.StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Any:
        made = cls(inst_data)
        made.state = config_value["state"]
        return made

    def launch_run(self, context: LaunchRunContext) -> None:
        self.launched.append(context.dagster_run.run_id)

    def resume_run(self, context: ResumeRunContext) -> None:
        self.resumed.append(context.dagster_run.run_id)

    def terminate(self, run_id: str) -> bool:
        return True


class GovernedNoting(Governed, Noting):
    """The same behind the second wall."""


@dataclass
class Deployment:
    """One in a temporary folder; `yaml` changes its dagster.yaml before the instance opens."""

    folder: Path
    yaml: dict[str, Any] = field(default_factory=dict[str, Any])
    digest: str = "sha256:one"
    _open: dict[str, WorkspaceProcessContext] = field(default_factory=dict[str, WorkspaceProcessContext])
    _stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        home = Home(self.folder / "state")
        home.dagster.mkdir(parents=True, exist_ok=True)
        launcher = {"module": __name__, "class": "GovernedNoting", "config": {"state": str(home.state)}}
        settings = {**dagster_yaml(home), "run_launcher": launcher, **self.yaml}
        (home.dagster / "dagster.yaml").write_text(yaml.safe_dump(settings))
        return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home.dagster)))

    @cached_property
    def platform(self) -> Platform:
        """As the walls see it: the same objects."""
        return walls_of(str(self.folder / "state")).platform

    @property
    def launcher(self) -> Noting:
        """What was launched."""
        launcher = self.instance.run_launcher
        assert isinstance(launcher, Noting)
        return launcher

    @contextmanager
    def process(self) -> Iterator[WorkspaceProcessContext]:
        """The workspace of a webserver or daemon, with the definitions as they are now; loaded once."""
        if self.digest not in self._open:
            code = self.folder / f"location_{self.digest.removeprefix('sha256:')}.py"
            code.write_text(DEFINITIONS.format(state=str(self.folder / "state"), digest=self.digest))
            origin = InProcessCodeLocationOrigin(
                LoadableTargetOrigin(python_file=str(code), working_directory=str(self.folder)), location_name=LOCATION
            )
            opened = WorkspaceProcessContext(self.instance, InProcessWorkspaceLoadTarget([origin]), version="")
            self._open[self.digest] = self._stack.enter_context(opened)
        yield self._open[self.digest]

    def close(self) -> None:
        """Let go of the code locations."""
        self._stack.close()

    def ask(self, query: str, variables: Mapping[str, Any], source: object | None = None) -> Mapping[str, Any]:
        """GraphQL in this process; `source` is the HTTP connection it came over, None for a daemon's or a worker's."""
        with self.process() as process:
            return ask(process.create_request_context(source), query, variables)

    def launch(
        self,
        *assets: str,
        job: str = "__ASSET_JOB",
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        source: object | None = None,
        **more: Any,
    ) -> dg.DagsterRun:
        """Launch assets or a job as the UI does; the run. Raises AssertionError with Dagster's message when refused."""
        return self.run(self.attempt(*assets, job=job, config=config, tags=tags, source=source, **more))

    def attempt(
        self,
        *assets: str,
        job: str = "__ASSET_JOB",
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        source: object | None = None,
        selector: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Mapping[str, Any]:
        """The same, with what GraphQL answered."""
        chosen = {"assetSelection": [{"path": asset.split("/")} for asset in assets]} if assets else {}
        params = {
            "selector": {**where(job), **chosen, **(selector or {})},
            "runConfigData": config or {},
            "executionMetadata": {
                "tags": [{"key": k, "value": v} for k, v in (tags or {}).items()],
                **(metadata or {}),
            },
            **more,
        }
        return self.ask(LAUNCH, {"params": params}, source)["launchPipelineExecution"]

    def run(self, answer: Mapping[str, Any]) -> dg.DagsterRun:
        """The run of an answer."""
        assert "run" in answer, answer
        found = self.instance.get_run_by_id(answer["run"]["runId"])
        assert found
        return found

    def again(self, run: dg.DagsterRun) -> dg.DagsterRun:
        """The run as it is now."""
        found = self.instance.get_run_by_id(run.run_id)
        assert found
        return found

    def dequeue(self) -> list[str]:
        """One pass of the daemon over the queue; the runs it launched."""
        before = len(self.launcher.launched)
        daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
        with self.process() as process:
            list(daemon.run_iteration(process))
        return self.launcher.launched[before:]

    def held(self, run: dg.DagsterRun) -> bool:
        """Whether the run waits, and the queue does not let it pass."""
        now = self.again(run)
        assert self.dequeue().count(run.run_id) == 0
        return now.status == dg.DagsterRunStatus.QUEUED and now.tags.get("platform/approval") == "pending"


@cache
def schema() -> Any:
    """Dagster's GraphQL schema."""
    return create_schema()


class Approver:
    """Somebody who decides in the UI, with name and code."""

    def __init__(
        self, place: Deployment, name: str = "ann", groups: tuple[str, ...] = ("platform", "governance")
    ) -> None:
        enrolled = place.platform.people.add(name, groups=groups, roles=("approver",), by="test")
        self.place, self.name, self.totp, self.used = place, name, pyotp.TOTP(enrolled.secret), set[str]()

    def code(self) -> str:
        """A code that was not used yet: the oldest first, since no code goes back in time."""
        if (left := 30 - time.time() % 30) < 6:  # the oldest would be too old before it is looked at
            time.sleep(left)
        for drift in (-30, 0, 30):
            code = self.totp.at(int(time.time()) + drift)
            if code not in self.used:
                self.used.add(code)
                return code
        raise AssertionError("no code is left")

    def config(self, decision: str = "approve", **changes: str) -> dict[str, Any]:
        said = {"decision": decision, "name": self.name, "code": "", "note": "seen", **changes}
        said["code"] = said["code"] or self.code()
        return {"ops": {"platform__approvals": {"config": said}}}

    def decide(self, request: str, decision: str = "approve", source: object | None = None, **changes: str) -> Any:
        """Materialize the request's partition as the UI does; GraphQL's answer."""
        self.place.instance.add_dynamic_partitions("approvals", [request])
        return self.place.attempt(
            "platform/approvals",
            config=self.config(decision, **changes),
            tags={"dagster/partition": request},
            source=source or browser(),
        )


def request_of(place: Deployment, run: dg.DagsterRun) -> str:
    """The request that a run waits for."""
    found = place.platform.approvals.request_of_run(run.run_id)
    assert found, "the run is held for nothing"
    return found.id


def where(job: str) -> dict[str, str]:
    """A job of the code location, as GraphQL names it."""
    return {"repositoryLocationName": LOCATION, "repositoryName": "__repository__", "jobName": job}


def ask(context: WorkspaceRequestContext, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `data` of an answer."""
    with context:
        answer = asyncio.run(schema().execute_async(query, context_value=context, variable_values=dict(variables)))
    assert not answer.errors, answer.errors
    return answer.data or {}


def browser(name: str = ME, headers: Sequence[tuple[str, str]] = ()) -> HTTPConnection:
    """An HTTP connection as the platform's webserver hands it on: with whom it vouches for, when it found somebody."""
    raw = [(header.lower().encode(), value.encode()) for header, value in headers]
    scope: dict[str, Any] = {"type": "http", "headers": raw, "client": ("127.0.0.1", 4711), "path": "/graphql"}
    return HTTPConnection(scope | ({MARK: Who(name, known=True, roles=frozenset({"admin"}))} if name else {}))


@contextmanager
def deployment(folder: Path, **changes: Any) -> Iterator[Deployment]:
    """A deployment with its keys, closed afterwards."""
    made = Deployment(folder, changes)
    with made.instance:
        made.platform.keys.create()
        try:
            yield made
        finally:
            made.close()
