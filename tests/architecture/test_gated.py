"""Everything that can act is known, declares what it does, and passes the gate."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from agents.core.errors import ApprovalRequired, Denied
from agents.core.gate import Gate, Work
from agents.core.policy import Policy
from agents.core.registry import EFFECTS, Tool
from agents.roles import register_agents

ROOT = Path(__file__).parents[2]
REGISTRY = register_agents()
# Jobs and sensors of the platform, each with the reason why it cannot act around the gate.
JOBS = {
    "goal": "writes a plan into the store and nothing else",
    "workflow": "its ops are agents, which act through tools",
    "__ASSET_JOB": "assets write only their own table, through the guarded lake",
}
SENSORS = {
    "plans": "requests runs of workflow, which are gated",
    "automation": "Dagster's own: requests runs of assets",
    "failures": "tells people",
    "specs": "reports which files did not load",
}


class Memory:
    """A ledger that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, str]] = []

    def append(self, kind: str, who: str, what: str, **_: Any) -> int:
        self.records.append((kind, who, what))
        return len(self.records)


def work(environment: str, ledger: Memory) -> Work:
    return Work("pipeline", "G-000001", environment, Gate(Policy(), ledger), session=None)


@pytest.mark.parametrize("tool", REGISTRY.tools.values(), ids=lambda t: t.name)
def test_every_tool_declares_its_effect_and_says_what_it_does(tool: Tool[..., Any]) -> None:
    assert tool.effect in EFFECTS
    assert tool.summary
    assert not callable(tool)


@pytest.mark.parametrize("tool", [t for t in REGISTRY.tools.values() if t.effect != "read"], ids=lambda t: t.name)
def test_no_tool_with_an_effect_reaches_production_unapproved(tool: Tool[..., Any]) -> None:
    ledger = Memory()
    inputs = dict.fromkeys(list(inspect.signature(tool.run).parameters)[1:], "silver/x")
    with pytest.raises((ApprovalRequired, Denied)):
        work("prod", ledger).call(tool, **inputs)
    assert ledger.records[-1][2].endswith(("ask", "deny"))


def test_a_tool_of_an_unknown_environment_is_denied() -> None:
    with pytest.raises(Denied):
        work("production", Memory()).call(REGISTRY.tools["tables.facts"], asset="silver/x")


def test_nothing_but_the_gate_runs_a_tool() -> None:
    """`tool.run` in gate.py is the one call of a tool's function."""
    names = {tool.run.__name__ for tool in REGISTRY.tools.values()} | {"tool"}
    runs = [
        str(path.relative_to(ROOT))
        for folder in ("agents", "sensors", "platform_defs", "assets")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "run" and ast.unparse(node.value).split(".")[-1] in names
    ]
    assert runs == ["agents/core/gate.py"]


def test_every_job_and_sensor_is_known() -> None:
    from platform_defs.definitions import defs

    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} <= set(JOBS)
    assert {sensor.name for sensor in repository.sensor_defs} == set(SENSORS)
    assert {schedule.name for schedule in repository.schedule_defs} == set()


def test_every_op_of_the_workflow_is_an_agent_or_the_router() -> None:
    from platform_defs.definitions import defs

    nodes = {node.name for node in defs.get_job_def("workflow").graph.nodes}
    assert nodes == {"route", *REGISTRY.agents}
