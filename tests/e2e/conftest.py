"""One real deployment for all end-to-end tests: webserver, daemon, code server, on a small sample system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.core.goal import FINAL
from platform_defs import journey
from platform_defs.client import LAUNCH, Client
from platform_defs.deployment import free_port, tail
from platform_defs.instance import Home
from resources.platform import Platform
from resources.settings import LOCATION, load_settings
from resources.store_rows import GoalRow

SCALE = "0.02"
NO_TAGS: Mapping[str, str] = {}


class Refused(Exception):
    """A launch that was turned away, with the words that the UI shows."""


@dataclass(frozen=True)
class Running:
    """A running deployment: how to speak to it, and what it is made of."""

    client: Client
    platform: Platform
    home: Home
    up: subprocess.Popen[bytes]

    def submit(self, text: str, **config: Any) -> str:
        """Submit a goal as the Launchpad does; its id."""
        return journey.submit(self.client, self.platform, {"goal": text, "requester": "e2e", **config})

    def wait(self, goal_id: str, until: Callable[[GoalRow], bool] | None = None, seconds: float = 300) -> GoalRow:
        """The goal once it ended (or `until` holds)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            row = self.platform.store.goal(goal_id)
            if until(row) if until else row.status in FINAL:
                return row
            time.sleep(0.5)
        raise AssertionError(f"{goal_id} is still {row.status}\n{tail(self.home.logs / 'daemon.log', 40)}")

    def launch(
        self,
        job: str,
        *,
        assets: Sequence[Sequence[str]] = (),
        checks: Sequence[tuple[Sequence[str], str]] = (),
        config: Any = None,
        tags: Mapping[str, str] = NO_TAGS,
        **more: Any,
    ) -> str:
        """Launch a run over GraphQL, as the UI does; its id. `more` are further execution parameters."""
        selector: dict[str, Any] = {
            "repositoryLocationName": LOCATION,
            "repositoryName": "__repository__",
            "jobName": job,
        }
        if assets or checks:
            selector["assetSelection"] = [{"path": list(path)} for path in assets]
            selector["assetCheckSelection"] = [
                {"assetKey": {"path": list(path)}, "name": name} for path, name in checks
            ]
        params = {"selector": selector, "runConfigData": config or {}, **more}
        named = [{"key": key, "value": value} for key, value in tags.items()]
        params["executionMetadata"] = {**more.get("executionMetadata", {}), "tags": named}
        result = self.client.ask(LAUNCH, {"params": params})["launchPipelineExecution"]
        if "run" not in result:
            raise Refused(str(result.get("message") or result.get("errors") or result["__typename"]))
        return str(result["run"]["runId"])

    def tags(self, run_id: str) -> dict[str, str]:
        """A run's tags, as anybody sees them."""
        found = self.client.ask(
            "query($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }", {"id": run_id}
        )
        return {tag["key"]: tag["value"] for tag in found["runOrError"]["tags"]}

    def outputs(self, goal_id: str, agent: str) -> list[dict[str, Any]]:
        """What an agent's steps gave."""
        return [dict(step.outputs) for step in self.platform.store.steps(goal_id) if step.agent == agent]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    state = tmp_path_factory.mktemp("state")
    env = {**os.environ, "ADP_STATE": str(state), "ADP_PORT": str(free_port(0))}
    command = [str(Path(sys.executable).parent / "adp"), "up", "--scale", SCALE]
    log = state / "up.log"
    with log.open("wb") as out:
        up = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
    home = Home(state)
    try:
        deadline = time.monotonic() + 180
        while not home.running():
            assert up.poll() is None, tail(log, 40)
            assert time.monotonic() < deadline, tail(log, 40)
            time.sleep(0.3)
        platform = Platform.of(load_settings({"ADP_STATE": str(state)}))
        yield Running(Client(home.running()["url"]), platform, home, up)
    finally:
        up.send_signal(signal.SIGTERM)
        try:
            up.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(up.pid, signal.SIGKILL)
