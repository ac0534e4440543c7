"""A real `adp web` over a small code location, on a free port; no daemon, so that runs stay queued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.integration.servers import free_port

BIN = Path(sys.executable).parent
SECRET = "the-proxy-and-the-web-share-this-one"
PEOPLE = """\
people:
  - {name: vera@example.com, roles: [viewer]}
  - {name: edgar@example.com, roles: [engineer]}
  - {name: erna@example.com, roles: [engineer]}
  - {name: anna@example.com, roles: [approver], groups: [platform]}
  - {name: adam@example.com, roles: [admin]}
"""
DEFINITIONS = """\
import dagster as dg


@dg.asset
def one() -> int:
    return 1


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["mon", "tue"]))
def daily() -> None: ...


@dg.asset(key=["platform", "approvals"], partitions_def=dg.DynamicPartitionsDefinition(name="approvals"))
def approvals() -> None: ...


@dg.op
def work() -> None: ...


@dg.job
def job() -> None:
    work()


@dg.sensor(job=job)
def watch():
    yield dg.SkipReason("nothing to do")


defs = dg.Definitions(
    assets=[one, daily, approvals],
    jobs=[job],
    sensors=[watch, dg.AutomationConditionSensorDefinition("automation", target=dg.AssetSelection.all())],
    schedules=[dg.ScheduleDefinition(name="nightly", job=job, cron_schedule="0 2 * * *")],
)
"""
DAGSTER = """\
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: QueuedRunCoordinator}
"""
WHERE = {"repositoryLocationName": "small", "repositoryName": "__repository__"}


@dataclass(frozen=True)
class Site:
    """A running `adp web` and how to speak to it."""

    url: str
    state: Path
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_(self, name: str, **more: str) -> Site:
        """The same, as the proxy lets this person through."""
        given = {"x-adp-proxy-secret": SECRET, "x-user": f"{name}@example.com", **more}
        return Site(self.url, self.state, given)

    def post(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """What the UI sends, with further headers."""
        body = {"query": query, "variables": variables or {}}
        raw = {key.encode(): value.encode() for key, value in {**self.headers, **headers}.items()}
        return httpx.post(f"{self.url}/graphql", json=body, headers=raw, timeout=60)

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer."""
        answer = self.post(query, variables)
        assert answer.status_code == 200, answer.text[:2000]
        return answer.json()["data"]

    def launch(self, tags: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Launch the job as the Launchpad does; the mutation's answer."""
        given = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        params = {"selector": {**WHERE, "jobName": "job"}, "executionMetadata": {"tags": given}}
        return self.ask(LAUNCH, {"p": params})["launchPipelineExecution"]

    def runs(self) -> dict[str, dict[str, str]]:
        """Every run with its tags."""
        found = self.ask("{ runsOrError { ... on Runs { results { id tags { key value } } } } }")["runsOrError"]
        return {run["id"]: {tag["key"]: tag["value"] for tag in run["tags"]} for run in found["results"]}

    def backfill(self, tags: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Launch a backfill over both partitions; the mutation's answer."""
        given = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        params = {"assetSelection": [{"path": ["daily"]}], "partitionNames": ["mon", "tue"], "tags": given}
        return self.ask(BACKFILL, {"p": params})["launchPartitionBackfill"]


LAUNCH = """mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { id status tags { key value } } } ... on Error { message } } }"""
BACKFILL = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""


def prepare(state: Path) -> dict[str, str]:
    """The files of a small deployment, and the environment that names them."""
    home = state / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(DAGSTER)
    code = state / "small.py"
    code.write_text(DEFINITIONS)
    location = {"python_file": {"relative_path": str(code), "location_name": "small"}}
    (home / "workspace.yaml").write_text(json.dumps({"load_from": [location]}))
    people = state / "approvers.yaml"
    people.write_text(PEOPLE)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ADP_", "DAGSTER_"))}
    return {**kept, "ADP_STATE": str(state), "ADP_APPROVERS": str(people), "ADP_LOCAL_USER": "mia"}


@contextmanager
def serving(state: Path, **settings: str) -> Generator[Site]:
    """`adp web` with these settings, until the end of the block."""
    env, port = {**prepare(state), **settings}, free_port()
    log = state / "web.log"
    with log.open("wb") as out:
        web = subprocess.Popen(
            [BIN / "adp", "web", "--port", str(port)], env=env, stdout=out, stderr=out, start_new_session=True
        )
    try:
        _await(f"http://127.0.0.1:{port}", web, log)
        yield Site(f"http://127.0.0.1:{port}", state)
    finally:
        web.send_signal(signal.SIGTERM)
        try:
            web.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(web.pid, signal.SIGKILL)
            web.wait(20)


def _await(url: str, web: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert web.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/server_info", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"the web does not answer:\n{log.read_text()}")
