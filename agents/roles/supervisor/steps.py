"""A draft becomes a plan: canonical steps in phases, with what comes after what and what nobody can do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from agents.core.catalog import snake
from agents.core.digest import canonical_json
from agents.core.plan import ACTIONS, Plan, Step, Unsupported
from agents.roles.supervisor.draft import Draft, Task
from agents.roles.supervisor.training import Model

_LEVELS = {"infrastructure": 0, "pipeline": 1, "quality": 2, "governance": 2, "mlops": 2, "incident": 2, "cost": 3,
           "deployment": 4, "monitoring": 5, "supervisor": 6, "report": 7}  # fmt: skip
_ORDER = tuple(ACTIONS)
_ACTION_ORDER = {action: at for at, action in enumerate(
    ("provision", "ingest", "transform", "profile", "repair", "validate", "scan_pii", "mask", "retain", "comply",
     "delete",
     "train", "diagnose", "heal", "analyze", "optimize", "enforce_budget", "rollback", "promote", "dashboard", "alert",
     "destroy")
)}  # fmt: skip


@dataclass(slots=True)
class _Node:
    """A step before it has a number; `needs` are assets it reads that the plan may make in its phase."""

    phase: int
    agent: str
    action: str
    inputs: dict[str, Any]
    makes: str | None = None
    needs: tuple[str, ...] = ()
    id: str = ""
    after: list[str] = field(default_factory=list[str])

    @property
    def order(self) -> tuple[object, ...]:
        """Same for goals that mean the same."""
        agent = _ORDER.index(self.agent) if self.agent in _ORDER else len(_ORDER)
        at = _ACTION_ORDER.get(self.action, 99)
        return self.phase, level(self.agent), agent, at, canonical_json(self.inputs)


def level(agent: str) -> int:
    """When an agent works inside a phase; agents that users add work beside quality."""
    return _LEVELS.get(agent, 2)


def model_asset(model: Model) -> str:
    """`models/<target>`, told apart by its table."""
    return f"models/{snake(model.source.name.rpartition('/')[2].rpartition('.')[2] + '_' + model.target)}"


def assemble(goal: str, draft: Draft, installed: Collection[tuple[str, str]] | None) -> Plan:
    """The plan for a draft without questions."""
    nodes = _nodes(draft)
    unique = {canonical_json([n.phase, n.agent, n.action, n.inputs]): n for n in nodes}
    ordered = sorted(unique.values(), key=lambda node: node.order)
    for number, node in enumerate(ordered, 1):
        node.id = f"s{number}"
    for node in ordered:
        _connect(node, ordered)
    steps = tuple(Step(n.id, n.phase, n.agent, n.action, n.inputs, tuple(n.after)) for n in ordered)
    return Plan(goal, draft.environment, draft.budget, (), steps, tuple(_unsupported(ordered, installed)))


def _nodes(draft: Draft) -> list[_Node]:
    release = draft.environment == "prod" and _has_build(draft)
    last = 2 if release else 1
    nodes = [_Node(1, "pipeline", "ingest", dict(load.inputs), load.asset) for load in draft.loads]
    for table in draft.derived:
        inputs = {"sql": table.sql, "destination": table.asset, "schedule": table.schedule}
        nodes.append(_Node(1, "pipeline", "transform", inputs, table.asset, (table.reads,)))
    for model in draft.models:
        inputs = {
            "target": model.target,
            "problem_type": model.problem_type,
            "source": str(model.source),
            "candidates": model.candidates,
        }
        nodes.append(
            _Node(
                1, "mlops", "train", inputs, model_asset(model), () if model.source.connection else (model.source.name,)
            )
        )
    nodes += [_task(task, draft, release) for task in draft.tasks]
    return [*nodes, _Node(last, "report", "report", {})]


def _has_build(draft: Draft) -> bool:
    return draft.builds or any(task.action == "mask" for task in draft.tasks)


def _task(task: Task, draft: Draft, release: bool) -> _Node:
    late = release and task.agent in ("deployment", "monitoring")
    inputs, needs = dict(task.inputs), ()
    if task.asset is not None:
        inputs["asset"], needs = task.asset, (task.asset,)
    makes = f"masked/{task.asset.partition('/')[2]}" if task.action == "mask" and task.asset else None
    needs = (*needs, *inputs.get("assets", ()))
    return _Node(2 if late else 1, task.agent, task.action, inputs, makes, needs)


def _connect(node: _Node, ordered: list[_Node]) -> None:
    """Inputs made by earlier steps become references; later agents come after all that work before them."""
    makers = {
        n.makes: n
        for n in ordered
        if n.makes and n.phase == node.phase and n is not node and level(n.agent) <= level(node.agent)
    }
    asset = node.inputs.get("asset")
    if asset in makers and node.agent != "pipeline":
        node.inputs["asset"] = {"from": f"{makers[asset].id}.dataset"}
    needed = {makers[name].id for name in node.needs if name in makers}
    before = [n for n in ordered if (n.phase, level(n.agent)) < (node.phase, level(node.agent))]
    if level(node.agent) == 1:
        needed |= {n.id for n in before}
    elif before and (level(node.agent) > 2 or not needed):
        wanted = before if level(node.agent) > 2 else [n for n in before if level(n.agent) == 0]
        needed |= {n.id for n in wanted}
        needed -= {parent for n in wanted for parent in n.after}
    node.after = sorted(needed, key=lambda name: int(name[1:]))


def _unsupported(ordered: list[_Node], installed: Collection[tuple[str, str]] | None) -> list[Unsupported]:
    """Steps nobody installed can do, then steps that need what those would have made."""
    if installed is None:
        return []
    found: dict[str, Unsupported] = {}
    unmade: dict[str, str] = {}
    for node in ordered:
        known = (node.agent, node.action) in installed or (node.agent == "report" and node.action == "report")
        missing = [name for name in node.needs if name in unmade]
        if not known:
            reason = f"no installed agent can do {node.agent} {node.action}"
        elif missing and len(missing) == len(node.needs):
            reason = f"needs {', '.join(missing)}, which step {unmade[missing[0]]} cannot make"
        else:
            continue
        found[node.id] = Unsupported(node.id, node.agent, node.action, reason)
        if node.makes:
            unmade[node.makes] = node.id
    return list(found.values())
