"""The policy decides, the gate obeys and remembers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agents.core.approval import Decision, Effects, Facts, Lease, Requester
from agents.core.errors import ApprovalRequired, ConfigError, Denied
from agents.core.gate import Gate, Work
from agents.core.policy import POLICIES, Policy
from agents.core.registry import Agent, Effect, Registry, Tool
from agents.roles import register_agents
from resources.fakes import MemoryLedger

ISSUED = datetime(2026, 12, 22, 12, tzinfo=UTC).timestamp()


def worker(registry: Registry, environment: str, ledger: MemoryLedger, **more: Any) -> Work:
    return Work("pipeline", "G-000001", environment, Gate(Policy(), ledger), session="world", **more)


def lease(
    *approvers: str,
    environment: str = "prod",
    effects: tuple[Effect, ...] = ("write_data",),
    facts: Facts | None = None,
) -> Lease:
    """What a run may do after these people approved it."""
    votes = tuple(Decision(name, "approve", frozenset({"platform"}), ISSUED - 60) for name in approvers)
    return Lease(
        run_id="r1",
        effects=Effects(environment, effects),
        facts=facts or Facts(),
        requester=Requester("anna", known=True),
        requests=("AR-000001",),
        approvals=votes,
        issued=ISSUED,
        expires=ISSUED + 86_400,
    )


@pytest.fixture
def box() -> Callable[[Effect], Tool[..., str]]:
    """Makes a tool with an effect."""

    def tool(effect: Effect) -> Tool[..., str]:
        @Registry().tool("box.fill", effect=effect)
        def fill(session: str, asset: str = "", assets: tuple[str, ...] = ()) -> str:
            """Fill a box."""
            return "filled"

        return fill

    return tool


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


def test_every_action_declares_what_it_does_in_effects_that_exist() -> None:
    registry = Registry()
    baker = registry.agent("baker", "Bakes.")
    baker.action("bake", effects=("write_data", "spend", "write_data"))(lambda work: {})
    assert registry.effects("baker", "bake") == ("write_data", "spend")
    with pytest.raises(TypeError, match="effects"):
        baker.action("knead")  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="unknown effect 'melt'"):
        baker.action("melt", effects=("melt",))(lambda work: {})  # type: ignore[arg-type]
    for agent, action in (("baker", "melt"), ("butcher", "bake")):
        with pytest.raises(ConfigError, match=f"nobody registered {agent}.{action}"):
            registry.effects(agent, action)


Box = Callable[[Effect], Tool[..., str]]


def test_an_action_does_nothing_that_it_does_not_declare(box: Box) -> None:
    ledger = MemoryLedger()
    work = worker(Registry(), "dev", ledger).doing("s1", "profile", ())
    assert work.call(box("read"), asset="silver/x") == "filled"
    with pytest.raises(Denied, match=r"pipeline\.profile declares read, and box\.fill would write_data"):
        work.call(box("write_data"), asset="silver/x")
    assert work.doing("s2", "ingest", ("write_data",)).call(box("write_data"), asset="silver/x") == "filled"
    assert [entry.what for entry in ledger.entries] == ["box.fill: done", "box.fill: deny", "box.fill: done"]


def test_what_people_approved_passes_and_the_record_says_by_which_request(box: Box) -> None:
    ledger = MemoryLedger()
    work = worker(Registry(), "prod", ledger, lease=lease("berta"))
    assert work.call(box("write_data"), asset="silver/x") == "filled"
    assert ledger.entries[0].facts["requests"] == ["AR-000001"]


@pytest.mark.parametrize(
    ("held", "effect"),
    [
        (lease(), "write_data"),
        (lease("berta", environment="staging"), "write_data"),
        (lease("berta"), "delete"),
        (lease("berta", facts=Facts(pii="masked")), "write_data"),
        (lease("berta", "carla", facts=Facts(pii="masked")), "write_data"),
        (lease("berta", facts=Facts(reversible=False)), "write_data"),
    ],
    ids=("nobody approved", "elsewhere", "something else", "too few", "wrong groups", "critical"),
)
def test_an_approval_counts_for_what_was_approved_alone(box: Box, held: Lease, effect: Effect) -> None:
    ledger = MemoryLedger()
    with pytest.raises(ApprovalRequired):
        worker(Registry(), "prod", ledger, lease=held).call(box(effect), asset="silver/x")
    assert [entry.what for entry in ledger.entries] == ["box.fill: ask"]


def test_who_was_let_start_in_time_may_finish_in_a_freeze(box: Box, tmp_path: Path) -> None:
    freeze = """@id("freeze") forbid (principal, action in Action::"change", resource)
    when { context.now >= datetime("2026-12-23") && context.now < datetime("2999-01-01") };"""
    (tmp_path / "own.cedar").write_text((POLICIES / "default.cedar").read_text() + freeze)
    gate = Gate(Policy(tmp_path), MemoryLedger())
    held = lease("berta")
    work = Work("pipeline", "G-000001", "prod", gate, "world", lease=held)
    assert work.call(box("write_data"), asset="silver/x") == "filled"
    late = replace(held, issued=ISSUED + 86_400)
    with pytest.raises(Denied, match="wait: policy freeze"):
        Work("pipeline", "G-000001", "prod", gate, "world", lease=late).call(box("write_data"), asset="silver/x")


def test_what_a_person_forbade_for_an_asset_is_refused_with_the_reason(box: Box) -> None:
    def forbidden(asset: str, what: str) -> str:
        known = {("gold/x", "pipeline.optimize"), ("gold/y", "box.fill")}
        return "sales/defs.yaml:7" if (asset, what) in known else ""

    work = worker(Registry(), "dev", MemoryLedger(), forbidden=forbidden)
    optimize = work.doing("s1", "optimize", ("write_data",))
    with pytest.raises(Denied, match=r"a person forbade pipeline\.optimize: sales/defs\.yaml:7") as caught:
        optimize.call(box("write_data"), asset="gold/x")
    assert caught.value.where == "gold/x"
    with pytest.raises(Denied, match=r"forbade box\.fill"):
        work.call(box("write_data"), assets=("gold/a", "gold/y"))
    assert work.doing("s2", "ingest", ("write_data",)).call(box("write_data"), asset="gold/x") == "filled"
    assert optimize.call(box("write_data"), asset="gold/z") == "filled"


def test_where_a_rule_reads_assets_each_asset_of_a_call_is_asked_about(box: Box, tmp_path: Path) -> None:
    rule = """@id("finance") forbid (principal, action in Action::"change", resource)
    when { context has asset && context.asset like "gold/finance_*" };"""
    (tmp_path / "own.cedar").write_text((POLICIES / "default.cedar").read_text() + rule)
    work = Work("pipeline", "G-000001", "dev", Gate(Policy(tmp_path), MemoryLedger()), "world")
    assert work.call(box("write_data"), assets=("gold/a", "gold/b")) == "filled"
    with pytest.raises(Denied, match="policy finance forbids it"):
        work.call(box("write_data"), assets=("gold/a", "gold/finance_b"))


def test_agents_that_wait_for_each_other_are_refused() -> None:
    registry = Registry()
    registry.agent("hen", "", after=("egg",))
    registry.agent("egg", "", after=("hen",))
    with pytest.raises(ConfigError, match="wait for each other"):
        list(registry.ordered())


@pytest.mark.parametrize("agent", register_agents().agents.values(), ids=lambda agent: agent.name)
def test_what_the_installed_agents_call_is_declared(agent: Agent) -> None:
    tools = {tool.run.__name__ + "@" + tool.run.__module__: tool for tool in register_agents().tools.values()}
    declared = {effect for effects in agent.effects.values() for effect in effects} | {"read"}
    for handler in agent.actions.values():
        module = inspect.getmodule(handler)
        for name in re.findall(r"work\.call\(\s*([\w.]+)", inspect.getsource(module)):  # type: ignore[arg-type]
            holder, _, function = name.rpartition(".")
            where = getattr(module, holder).__name__ if holder else getattr(module, function).run.__module__
            assert tools[f"{function}@{where}"].effect in declared, f"{agent.name} calls {name}"
