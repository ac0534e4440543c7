"""The governance agent at work: real specs, lake and assets in a folder; runs happen in this process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.core.approval import Decision, Effects, Facts, Lease, Requester
from agents.core.catalog import TableId
from agents.core.gate import Gate, Work
from agents.core.policy import Policy
from agents.core.registry import Effect
from agents.roles import register_agents
from agents.tools.session import Session
from resources.fakes import MemoryLedger, MemoryOrchestrator
from resources.masking_keys import create_masking_key
from resources.orchestrator import ChildRun, readers_in
from resources.platform import Platform
from tests.unit.product_runs import Deployment, Run

GOVERNANCE = register_agents().agents["governance"]
AGENT = "governance"


class InProcess(MemoryOrchestrator):
    """Materializes what the products of a folder say, in this process."""

    def __init__(self, deployment: Deployment) -> None:
        super().__init__()
        self._deployment = deployment

    def readers(self, table: TableId) -> list[TableId]:
        """As the loaded definitions have it."""
        return readers_in(self._deployment.definitions().resolve_asset_graph(), table)

    def materialize(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> ChildRun:
        """Run it."""
        self.runs.append(tuple(tables))
        done = self._deployment.run(*map(str, tables))
        return ChildRun("child", done.success, "; ".join(done.failures.values()), {})


class Stage:
    """A deployment of products, and the agent in it."""

    def __init__(self, folder: Path) -> None:
        self.deployment = Deployment(folder)
        self.platform = Platform.of(self.deployment.settings, {})
        self.platform.keys.create()
        create_masking_key(self.deployment.settings.secrets_dir)
        self.dagster = InProcess(self.deployment)
        self.ledger = MemoryLedger()
        self.goal = self.platform.store.create_goal("govern it", "dev", "ada@example.com").id

    def run(self, *assets: str) -> Run:
        """Materialize assets."""
        done = self.deployment.run(*assets)
        assert done.success, done.failures
        return done

    def act(self, action: str, *, approved: bool = False, **inputs: Any) -> dict[str, Any]:
        """One step, with a person's approval or without, and what follows the steps of a phase."""
        session = Session(self.platform, self.dagster, "dev", self.goal, AGENT)
        granted = lease(GOVERNANCE.effects[action]) if approved else None
        work = Work(AGENT, self.goal, "dev", Gate(Policy(), self.ledger), session, lease=granted)
        doing = work.doing("s1", action, GOVERNANCE.effects[action])
        out = dict(GOVERNANCE.actions[action](doing, **inputs))
        if GOVERNANCE.finisher:
            out |= GOVERNANCE.finisher(doing, {"s1": out}).get("s1", {})
        return out

    def entry(self, asset: str) -> dict[str, Any]:
        """What the specs say of an asset."""
        found = self.platform.specs.find(asset)
        return found[1] if found else {}


def lease(effects: tuple[Effect, ...]) -> Lease:
    """What one person let a run in dev do."""
    now = time.time()
    return Lease(
        "run",
        Effects("dev", effects),
        Facts(),
        Requester("ada@example.com", known=True),
        ("AR-000001",),
        (Decision("bob@example.com", "approve", frozenset({"platform", "governance"}), now),),
        now,
        now + 600,
    )
