"""Releases into production behind the lake's guard: what was approved is released, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired
from agents.core.gate import Gate, Work
from agents.tools.releases import release_digests
from agents.tools.session import Session
from platform_defs.definitions import products
from resources.orchestrator import ChildRun
from resources.platform import Platform
from tests.unit.approval_desk import PEOPLE
from tests.unit.release_stage import AGENTS, Everywhere, InProcess, ReleaseStage

ORDERS = TableId("prod", "bronze", "orders")
DORA = Requester("dora", True)


class Leased(Everywhere):
    """Runs work for the run that `run_id` names, as their platform's guard sees them."""

    run_id = ""

    def definitions(self) -> dg.Definitions:
        """The code location, with the platform as that run opens it."""
        platform = replace(Platform.of(self.settings, {}), run_id=self.run_id)
        return dg.Definitions.merge(
            products(self.settings, self.package), dg.Definitions(resources={"platform": platform})
        )


class Approved(InProcess):
    """Child runs get a lease where what they write was approved, as the launcher gives them one."""

    def __init__(self, deployment: Leased, platform: Platform) -> None:
        super().__init__(deployment)
        self._leased, self._platform = deployment, platform

    def materialize(self, tables: Sequence[TableId], tags: Mapping[str, str]) -> ChildRun:
        """The tables in one run of its own."""
        child, digests = f"child-{len(self.runs)}", self._leased.digests()
        effects = Effects("prod", ("write_data",), {str(table): digests[str(table)] for table in tables})
        run = RunFacts(child, "__ASSET_JOB", effects, DORA, Facts(pii="none"))
        if self._platform.approvals.submit(run).verdict == "allow":
            self._platform.approvals.launch(run)
        self._leased.run_id = child
        return super().materialize(tables, tags)


class Production(ReleaseStage):
    """The agent in production, in runs that people approved."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.deployment = Leased(self.folder)
        (self.folder / "state" / "approvers.yaml").write_text(PEOPLE)
        self.platform.keys.create()
        self.dagster = Approved(self.deployment, self.platform)

    def approve(self, action: str, inputs: Mapping[str, Any], run_id: str) -> dict[str, str]:
        """Anna approves a run; what she approved."""
        step = {"agent": "deployment", "action": action, "inputs": dict(inputs)}
        digests = release_digests(self.platform, [step])
        effects = Effects("prod", ("read", "write_spec", "write_data"), digests, (step,))
        run = RunFacts(run_id, "workflow", effects, DORA, Facts(pii="none"))
        request = self.platform.approvals.submit(run).request
        anna = self.platform.people.find("anna")
        assert anna
        self.platform.approvals.decide(request, "approve", anna)
        assert self.platform.approvals.launch(run)
        return digests

    def carry_out(self, action: str, inputs: Mapping[str, Any], run_id: str) -> dict[str, Any]:
        """The deployment agent in that run."""
        platform = replace(Platform.of(self.deployment.settings, {}), run_id=run_id)
        session = Session(platform, self.dagster, "prod", self.goal, "deployment")
        gate = Gate(platform.policy(), self.ledger)
        work = Work(
            "deployment", self.goal, "prod", gate, session, run_id=run_id, lease=platform.approvals.lease(run_id)
        )
        agent = AGENTS["deployment"]
        return dict(agent.actions[action](work.doing("s1", action, agent.effects[action]), **inputs))


PROMOTE = {"assets": ["bronze/orders"], "to": "prod"}
ROLLBACK = {"assets": ["bronze/orders"]}


@pytest.fixture
def production(tmp_path: Path) -> Production:
    return Production(tmp_path, "prod")


def test_an_approved_release_reaches_production_and_can_be_rolled_back(production: Production) -> None:
    approved = production.approve("promote", PROMOTE, "run-1")
    assert production.carry_out("promote", PROMOTE, "run-1")["status"] == "released"
    assert production.deployment.digests()["prod/bronze/orders"] == approved["prod/bronze/orders"]
    assert production.platform.lake.rows(ORDERS) == 100
    production.approve("rollback", ROLLBACK, "run-2")
    assert production.carry_out("rollback", ROLLBACK, "run-2")["status"] == "restored"
    assert production.platform.lake.rows(ORDERS) == 0
    assert "prod/bronze/orders" not in production.deployment.digests()


def test_a_spec_changed_after_the_approval_is_not_written_and_its_pin_is_taken_back(production: Production) -> None:
    production.approve("promote", PROMOTE, "run-1")
    production.change("mode: incremental, watermark: updated_at", "mode: full")
    out = production.carry_out("promote", PROMOTE, "run-1")
    assert out["status"] == "rolled back"
    assert "approval" in str(out["rolled_back"])
    assert not production.platform.lake.exists(ORDERS)
    assert production.pin() == {}


def test_without_an_approval_nothing_is_pinned(production: Production) -> None:
    with pytest.raises(ApprovalRequired, match="before a person has approved it"):
        production.carry_out("promote", PROMOTE, "run-9")
    assert production.pin() == {}
    assert not production.platform.lake.exists(ORDERS)
