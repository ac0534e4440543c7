"""A deployment in a folder with dev and staging, and the deployment agent at work in it: only workers are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from agents.core.gate import Gate, Work
from agents.core.registry import Tool
from agents.roles import register_agents
from agents.tools.overrides import forbidden
from agents.tools.session import Session
from assets.kinds.keys import table_id
from assets.kinds.tables import DIGEST
from resources.asset_graph import readers_in
from resources.fakes import MemoryLedger
from resources.orchestrator import CheckOutcome, ChildRun, Materialized, Orchestrator
from resources.platform import Platform
from resources.settings import Settings, load_settings
from tests.unit.product_runs import ORDERS, Deployment

AGENTS = register_agents().agents
ROWS = [(number, float(number), f"2026-01-{number % 28 + 1:02d}") for number in range(1, 101)]


@dataclass
class Everywhere(Deployment):
    """The same, in all environments."""

    @cached_property
    def settings(self) -> Settings:
        """Everything below the folder."""
        (self.folder / "connections.yaml").write_text(
            f'connections:\n  - {{name: shop, kind: sqlite, url: "sqlite:///{self.folder}/shop.db"}}\n'
        )
        env = {"ADP_STATE": str(self.folder / "state"), "ADP_SPECS": str(self.folder / "specs")}
        return load_settings({**env, "ADP_CONNECTIONS": str(self.folder / "connections.yaml")}, cwd=self.folder)

    def digests(self) -> dict[str, str]:
        """The digest that the loaded definitions show of each lake asset."""
        graph = self.definitions().get_repository_def().asset_graph
        found = {key: graph.get(key).metadata.get(DIGEST) for key in graph.get_all_asset_keys()}
        return {key.to_user_string(): str(text) for key, text in found.items() if text}


class Stopped(BaseException):
    """A person stopped the run."""


class InProcess(Orchestrator):
    """Runs Dagster's jobs in this process. `fail` says why the next run was killed, `reload_error` breaks a reload."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.runs: list[tuple[str, ...]] = []
        self.fail = ""
        self.reload_error = ""
        self.stopped = False

    def reload(self) -> None:
        """Definitions are loaded anew by every run here."""
        if self.stopped:
            self.stopped = False
            raise Stopped
        if self.reload_error:
            why, self.reload_error = self.reload_error, ""
            raise SpecError(why)

    def materialize(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> ChildRun:
        """The tables that are loaded, in one run."""
        self.runs.append(tuple(map(str, tables)))
        done = self.deployment.run(*map(str, tables))
        left = {
            table: Materialized(
                table,
                done.metadata.get(str(table), {}),
                tuple(
                    CheckOutcome(c.check_name, c.passed, c.severity.value, c.description or "")
                    for c in done.checks.values()
                    if c.asset_key.path == list(table)
                ),
            )
            for table in tables
        }
        why = self.fail or next(iter(done.failures.values()), "")
        self.fail = ""
        return ChildRun(f"run-{len(self.runs)}", done.success and not why, why.strip().split("\n")[0], left)

    def publish(self, goal: str, markdown: str, facts: Mapping[str, str | int | float]) -> None:
        """Nobody looks."""

    def readers(self, table: TableId) -> list[TableId]:
        """What is computed from a table here."""
        return readers_in(self.deployment.definitions().resolve_asset_graph(), table)

    def observe(self, table: TableId, facts: Mapping[str, str | int | float], words: str) -> None:
        """Nobody looks."""

    def known(self) -> frozenset[TableId]:
        """Every table that is loaded."""
        graph = self.deployment.definitions().get_repository_def().asset_graph
        return frozenset(table for key in graph.materializable_asset_keys if (table := table_id(key)))


@dataclass
class ReleaseStage:
    """The agent in one environment."""

    folder: Path
    environment: str = "staging"
    deployment: Everywhere = field(init=False)
    dagster: InProcess = field(init=False)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    goal: str = "G-000001"

    def __post_init__(self) -> None:
        self.deployment = Everywhere(self.folder)
        self.deployment.orders(ROWS)
        self.deployment.product(ORDERS)
        self.dagster = InProcess(self.deployment)
        assert self.deployment.run("dev/bronze/orders").success

    @cached_property
    def platform(self) -> Platform:
        """Opened once, as a run does."""
        return Platform.of(self.deployment.settings, {})

    def act(self, agent: str, action: str, **inputs: Any) -> dict[str, Any]:
        """One step of an agent."""
        return dict(AGENTS[agent].actions[action](self._work(agent, action), **inputs))

    def call(self, tool: Tool[..., Any], **inputs: Any) -> Any:
        """One tool of the deployment agent."""
        return self._work("deployment", "promote").call(tool, **inputs)

    def _work(self, agent: str, action: str) -> Work:
        session = Session(self.platform, self.dagster, self.environment, self.goal, agent)
        gate = Gate(self.platform.policy(), self.ledger)

        def overruled(asset: str, what: str) -> str:
            return forbidden(self.platform, self.environment, asset, what)

        work = Work(agent, self.goal, self.environment, gate, session, forbidden=overruled)
        return work.doing("s1", action, AGENTS[agent].effects[action])

    def promote(self, *assets: str) -> dict[str, Any]:
        """Release to the stage's environment."""
        return self.act("deployment", "promote", assets=list(assets or ("bronze/orders",)), to=self.environment)

    def table(self, asset: str = "bronze/orders") -> TableId:
        """The table in the stage's environment."""
        return TableId(self.environment, *asset.split("/"))

    def pin(self, asset: str = "bronze/orders") -> dict[str, Any]:
        """What is pinned of an asset; nothing where it is not."""
        found = self.platform.releases(self.environment).find(asset)
        return found[1] if found else {}

    @property
    def pins(self) -> Path:
        """The pin file."""
        return self.platform.releases(self.environment).path("sales")

    def change(self, before: str, after: str) -> None:
        """Somebody edits the product in dev."""
        path = self.platform.specs.path("sales")
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))
