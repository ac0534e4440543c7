"""The state folder of a deployment: Dagster's home with its two files, specs, connections, sample data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from resources.holding import HOLD
from resources.settings import LOCATION, Settings

CONNECTIONS = """\
# Source systems. A URL with a password belongs in a secret: url: ${{secret:NAME}} or ${{env:NAME}}.
connections:
  - name: sqlserver-sales
    kind: sqlserver
    stand_in: sqlite        # the local profile reads this SQLite file instead of a SQL Server
    url: {url}
    description: Sales system of record
"""
DAGSTER: dict[str, Any] = {
    "instance_class": {"module": "platform_defs.guarded_instance", "class": "PlatformInstance", "config": {}},
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "run_coordinator": {
        "module": "platform_defs.coordinator",
        "class": "PlatformRunCoordinator",
        "config": {
            # A released run starts within a few seconds of the decision.
            "dequeue_interval_seconds": 2,
            "max_user_code_failure_retries": 20,
            "user_code_failure_retry_delay": 5,
        },
    },
    "run_launcher": {"module": "platform_defs.launcher", "class": "PlatformRunLauncher", "config": {}},
    "concurrency": {
        "runs": {
            "max_concurrent_runs": 10,
            # A workflow waits for its child runs: some slots are always left for those.
            "tag_concurrency_limits": [{"key": "platform/kind", "value": "workflow", "limit": 5}, dict(HOLD)],
        },
        # One writer a table: each table is a pool of its own.
        "pools": {"default_limit": 1},
    },
    "run_monitoring": {"enabled": True, "start_timeout_seconds": 300, "poll_interval_seconds": 15},
    "sensors": {"use_threads": True, "num_workers": 4},
    "schedules": {"use_threads": True, "num_workers": 4},
}


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside a state folder."""

    state: Path

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.state / "dagster"

    @property
    def workspace(self) -> Path:
        """The workspace file of webserver and daemon."""
        return self.dagster / "workspace.yaml"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.state / "logs"

    @property
    def specs(self) -> Path:
        """The demo's own specs repository."""
        return self.state / "specs" / "defs"

    @property
    def record(self) -> Path:
        """Where the running deployment says its address."""
        return self.state / "deployment.json"

    def running(self) -> dict[str, Any] | None:
        """What the running deployment recorded of itself, or None."""
        try:
            return json.loads(self.record.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def environment(self) -> dict[str, str]:
        """Variables that make every process of a deployment see the same state."""
        return {"DAGSTER_HOME": str(self.dagster), "ADP_STATE": str(self.state)}


def prepare(settings: Settings, code_port: int) -> Home:
    """Create what a deployment needs and is not there yet; a second time changes nothing but ports."""
    home = Home(settings.state_dir)
    for folder in (home.dagster, home.logs):
        folder.mkdir(parents=True, exist_ok=True)
    (home.dagster / "dagster.yaml").write_text(yaml.safe_dump(dagster_yaml(home), sort_keys=False))
    server = {"grpc_server": {"host": "127.0.0.1", "port": code_port, "location_name": LOCATION}}
    home.workspace.write_text(yaml.safe_dump({"load_from": [server]}))
    return home


def dagster_yaml(home: Home) -> dict[str, Any]:
    """The instance's settings: its walls find the deployment by its state folder, whatever a process was told."""
    walls = {
        name: {**DAGSTER[name], "config": {**DAGSTER[name]["config"], "state": str(home.state)}}
        for name in ("run_coordinator", "run_launcher")
    }
    return {**DAGSTER, **walls}


def prepare_sample(settings: Settings, say: Callable[[str], None], scale: float = 1.0) -> None:
    """The sample sales system and the connection to it, unless there are connections already."""
    from resources.sample import create_sample

    target = settings.state_dir / "connections.yaml"
    if settings.connections_file.exists() and settings.connections_file != target:
        return
    database = settings.state_dir / "sources" / "sales.sqlite"
    if not database.exists():
        say("Creating the sample sales system")
        database.parent.mkdir(parents=True, exist_ok=True)
        create_sample(database, scale=scale)
    if not target.exists():
        target.write_text(CONNECTIONS.format(url="sources/sales.sqlite"))


def prepare_specs(settings: Settings) -> None:
    """A specs repository of its own in the state folder, unless the settings or products in the clone say otherwise."""
    from resources.specs_repo import SpecsRepo

    own = Home(settings.state_dir).specs
    clone = settings.project / "platform_defs" / "defs"
    if settings.specs_dir == own or (settings.specs_dir == clone and not SpecsRepo(clone).products()):
        SpecsRepo(own).init()
    settings.specs_dir.mkdir(parents=True, exist_ok=True)
