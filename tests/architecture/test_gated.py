"""Everything that can act is known, declares what it does, and passes the gate."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from dagster import RepositoryDefinition

from agents.core.catalog import ENVIRONMENTS, TableId
from agents.core.errors import ApprovalRequired, Denied
from agents.core.gate import Gate, Work
from agents.core.policy import Policy
from agents.core.registry import EFFECTS, Tool
from agents.roles import register_agents
from resources.lake import Lake

ROOT = Path(__file__).parents[2]
REGISTRY = register_agents()
# The few places that let something pass, each wall in one module.
WALLS = {
    "approvals.submit": {"platform_defs/coordinator.py"},
    "approvals.launch": {"platform_defs/launcher.py"},
    "approvals.decide": {"platform_defs/decisions.py"},
    # Of all grants, after a restored store was accepted; of one's own permission to read, which gives it back.
    "approvals.revoke": {"platform_defs/commands/audit.py", "resources/access.py"},
    # Who decides, and who reads personal data in clear text.
    "people.verify": {"platform_defs/decisions.py", "platform_defs/commands/reading.py"},
    "keys.sign": {"resources/store_grants.py"},
}
# What changes a lake, and who may: assets that write their own table, and tools behind the gate.
WRITES = {"write", "append", "overwrite", "merge", "delete", "restore", "optimize", "vacuum", "purge", "drop"}
WRITERS = ("assets/kinds/", "agents/tools/")
# Everything of the platform that Dagster can run, each with the reason why it cannot act around the gate.
JOBS = {
    "decide": "writes nothing: the decision was made when it was submitted, by the coordinator",
    "goal": "writes a plan into the store and nothing else",
    "workflow": "its ops are agents, which act through tools",
    "__ASSET_JOB": "assets write only their own table, through the guarded lake",
}
ASSETS = {
    "platform/goals": "writes a report from the store into Dagster's metadata",
    "platform/approvals": "shows what the coordinator decided",
    "platform/compliance": "reads specs, lake and ledger, and writes a report into Dagster's metadata",
    "platform/specs": "nobody materializes it: a sensor reports on it",
}
SENSORS = {
    "approvals": "shows and closes requests, releases what is granted; launcher and lake guard judge anew",
    "plans": "requests runs of workflow, which are gated",
    "automation": "Dagster's own: requests runs of assets",
    "failures": "tells people",
    "privacy": "submits goals into the store: the governance agent scans, and writes specs through the gate; "
    "requests runs of platform/compliance",
    "contracts": "submits goals into the store, whose runs take promises back and are held for that",
    "masks": "submits goals into the store: the governance agent makes views anew, and runs are gated",
    "retention": "submits goals into the store, whose runs delete and are held for that",
    "specs": "reports which files did not load",
    "quality": "reports what is unusual, and submits goals of the quality agent, whose runs are gated",
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


def strangers(repository: RepositoryDefinition) -> set[str]:
    """Jobs, sensors, schedules and assets of which nobody has said why they cannot act around the gate."""
    assets = {"/".join(key.path) for key in repository.asset_graph.get_all_asset_keys()}
    tables = {name for name in assets if name.split("/")[0] in ENVIRONMENTS}
    jobs = {job.name for job in repository.get_all_jobs()}
    others = {schedule.name for schedule in repository.schedule_defs}
    sensors = {sensor.name for sensor in repository.sensor_defs}
    return (jobs - set(JOBS)) | (sensors - set(SENSORS)) | (assets - tables - set(ASSETS)) | others


def test_everything_that_dagster_can_run_is_known() -> None:
    from platform_defs.definitions import defs

    repository = defs.get_repository_def()
    assert strangers(repository) == set()
    assert {sensor.name for sensor in repository.sensor_defs} == set(SENSORS)


AIM = dg.AssetSelection.assets(["platform", "goals"])


@dg.op
def reach_out() -> None:
    """An op that nobody looked at."""


@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("clean_up", {"jobs": [dg.GraphDefinition("clean_up", node_defs=[reach_out]).to_job()]}),
        ("healer", {"sensors": [dg.SensorDefinition("healer", evaluation_fn=lambda _: None, target=AIM)]}),
        ("nightly", {"schedules": [dg.ScheduleDefinition("nightly", cron_schedule="0 2 * * *", target=AIM)]}),
        ("platform/cleaner", {"assets": [dg.AssetSpec(["platform", "cleaner"])]}),
    ],
)
def test_what_is_added_without_a_word_is_found(name: str, added: dict[str, Any]) -> None:
    from platform_defs.definitions import defs

    repository = dg.Definitions.merge(defs, dg.Definitions(**added)).get_repository_def()
    assert name in strangers(repository)


def test_sensors_start_the_workflow_alone() -> None:
    """A sensor that could start `decide`, or a job of its own, would be another way in."""
    from platform_defs.definitions import defs

    started = {t.job_name for s in defs.get_repository_def().sensor_defs for t in s.targets if s.name != "automation"}
    assert started <= {"workflow"}


def calls(folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """File and last two names of each call of a method, such as `approvals.decide`."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    holder = ast.unparse(node.func.value).split(".")[-1].lstrip("_")
                    yield str(path.relative_to(ROOT)), f"{holder}.{node.func.attr}"


@pytest.mark.parametrize("call", WALLS)
def test_each_wall_has_one_door(call: str) -> None:
    folders = ("agents", "sensors", "platform_defs", "assets", "resources")
    assert {path for path, made in calls(folders) if made == call} <= WALLS[call]


def test_the_lake_is_written_by_assets_and_tools_alone() -> None:
    writes = {f"lake.{name}" for name in WRITES}
    others = ("agents", "sensors", "platform_defs", "assets")
    assert [path for path, made in calls(others) if made in writes and not path.startswith(WRITERS)] == []


@pytest.mark.parametrize("name", sorted(WRITES))
def test_every_write_asks_the_guard(name: str, tmp_path: Path) -> None:
    def refuse(table: TableId, operation: str) -> None:
        raise ApprovalRequired(f"{operation} {table}")

    rows, table = pa.table({"a": [1]}), TableId("prod", "bronze", "orders")
    open_lake = Lake({"prod": str(tmp_path)})
    open_lake.append(table, rows)
    given = {"batches": rows, "schema": rows.schema, "operation": "append", "on": ["a"], "predicate": "a = 1"}
    given |= {"version": open_lake.version(table)}
    method = getattr(Lake({"prod": str(tmp_path)}, guard=refuse), name)
    required = [p.name for p in inspect.signature(method).parameters.values() if p.default is inspect.Parameter.empty]
    with pytest.raises(ApprovalRequired):
        method(table, **{key: given[key] for key in required if key != "table"})
    assert open_lake.version(table) == given["version"]


def test_every_action_declares_its_effects() -> None:
    for agent, action in REGISTRY.installed():
        assert set(REGISTRY.effects(agent, action)) <= set(EFFECTS)


def test_every_op_of_the_workflow_is_an_agent_or_the_router() -> None:
    from platform_defs.definitions import defs

    nodes = {node.name for node in defs.get_job_def("workflow").graph.nodes}
    assert nodes == {"route", *REGISTRY.agents}
