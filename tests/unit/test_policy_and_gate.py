"""The policy decides, the gate obeys and remembers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from agents.core.errors import ApprovalRequired, ConfigError, Denied
from agents.core.gate import Gate, Work
from agents.core.policy import POLICIES, Policy, Request, Votes
from agents.core.registry import Registry
from resources.fakes import MemoryLedger


def request(effect: str, environment: str, **more: Any) -> Request:
    return Request("pipeline", effect, environment, "some.tool", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        (request("read", "prod"), "allow"),
        (request("write_data", "dev"), "allow"),
        (request("write_spec", "staging"), "allow"),
        (request("write_data", "prod"), "ask"),
        (request("write_data", "prod", approvals=Votes(1)), "allow"),
        (request("provision", "dev"), "ask"),
        (request("delete", "dev"), "ask"),
        (request("delete", "staging", approvals=Votes(1)), "allow"),
        (request("read", "Prod"), "deny"),
        (request("write_data", "dev", person=True), "allow"),
    ],
    ids=str,
)
def test_the_shipped_policy(asked: Request, verdict: str) -> None:
    assert Policy().decide(asked).verdict == verdict


def test_a_decision_names_the_policy_behind_it() -> None:
    assert Policy().decide(request("write_data", "prod")).rules == ("production-needs-an-approval",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("permit (principal, action ==", "unexpected end of input"),
        ('permit (principal, action == Action::"teleport", resource);', "teleport"),
        ("permit (principal, action, resource) when { context.aproved };", "aproved"),
    ],
)
def test_a_policy_that_is_wrong_stops_everything_and_says_where(tmp_path: Path, text: str, told: str) -> None:
    folder = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    (folder / "mine.cedar").write_text(text)
    with pytest.raises(ConfigError) as caught:
        Policy(folder)
    assert "mine.cedar" in str(caught.value)
    assert told in str(caught.value)


def test_a_forbid_of_the_owner_beats_every_permit(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    (folder / "mine.cedar").write_text(
        '@id("no-compaction") forbid (principal, action, resource) when { context.tool == "tables.compact" };'
    )
    found = Policy(folder).decide(Request("pipeline", "write_data", "dev", "tables.compact"))
    assert found.verdict == "deny"
    assert found.rules == ("no-compaction",)


def worker(registry: Registry, environment: str, ledger: MemoryLedger) -> Work:
    return Work("pipeline", "G-000001", environment, Gate(Policy(), ledger), session="world")


def test_a_call_passes_runs_and_is_remembered() -> None:
    registry, ledger = Registry(), MemoryLedger()

    @registry.tool("box.fill", effect="write_data")
    def fill(session: str, asset: str) -> str:
        """Fill a box."""
        return f"{session} {asset}"

    assert worker(registry, "dev", ledger).call(fill, asset="silver/x") == "world silver/x"
    (record,) = ledger.entries
    assert (record.who, record.what, record.subject, record.why) == (
        "pipeline",
        "box.fill: done",
        "silver/x",
        "G-000001",
    )


def test_a_refused_call_does_nothing_and_is_remembered_too() -> None:
    registry, ledger, done = Registry(), MemoryLedger(), []

    @registry.tool("box.burn", effect="delete")
    def burn(session: str) -> None:
        """Burn a box."""
        done.append(session)

    with pytest.raises(ApprovalRequired, match="before a person has approved"):
        worker(registry, "dev", ledger).call(burn)
    with pytest.raises(Denied):
        worker(registry, "mars", ledger).call(burn)
    assert done == []
    assert [entry.what for entry in ledger.entries] == ["box.burn: ask", "box.burn: deny"]


def test_a_failing_tool_is_remembered_as_failed() -> None:
    registry, ledger = Registry(), MemoryLedger()

    @registry.tool("box.drop", effect="read")
    def drop(session: str) -> None:
        """Drop a box."""
        raise ValueError("oops")

    with pytest.raises(ValueError, match="oops"):
        worker(registry, "dev", ledger).call(drop)
    assert ledger.entries[0].what == "box.drop: failed"


def test_names_can_be_claimed_once_and_effects_must_be_known() -> None:
    registry = Registry()
    registry.agent("baker", "Bakes.")
    with pytest.raises(ConfigError, match="registered twice"):
        registry.agent("baker", "Bakes again.")
    with pytest.raises(ConfigError, match="unknown effect"):
        registry.tool("box.melt", effect="melt")  # type: ignore[arg-type]


def test_agents_that_wait_for_each_other_are_refused() -> None:
    registry = Registry()
    registry.agent("hen", "", after=("egg",))
    registry.agent("egg", "", after=("hen",))
    with pytest.raises(ConfigError, match="wait for each other"):
        list(registry.ordered())
