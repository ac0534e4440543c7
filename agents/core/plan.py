"""A plan: steps in phases; each phase is one run config of the `workflow` job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.core.digest import digest
from agents.core.errors import GoalError

# What each agent can be asked for: the vocabulary of plans, installed or not.
ACTIONS: Mapping[str, frozenset[str]] = {
    "infrastructure": frozenset({"provision", "destroy"}),
    "pipeline": frozenset({"ingest", "transform", "optimize"}),
    "quality": frozenset(
        {"validate", "profile", "repair", "accept", "undo", "replay", "contract", "amend"}
        | {"suggest", "explain", "describe"}
    ),
    "governance": frozenset({"scan_pii", "mask", "retain", "expire", "delete", "erase", "loosen", "protect", "comply"}),
    "mlops": frozenset({"train"}),
    "cost": frozenset({"analyze", "optimize", "enforce_budget"}),
    "incident": frozenset({"diagnose", "heal"}),
    "deployment": frozenset({"promote", "rollback"}),
    "monitoring": frozenset({"alert", "dashboard"}),
    "supervisor": frozenset({"goal"}),
    "report": frozenset({"report"}),
}
# The order of work inside one phase: an agent comes after these.
AFTER: Mapping[str, tuple[str, ...]] = {
    "infrastructure": (),
    "pipeline": ("infrastructure",),
    "quality": ("pipeline",),
    "governance": ("pipeline",),
    "mlops": ("pipeline",),
    "incident": ("pipeline",),
    "cost": ("quality", "governance", "mlops", "incident"),
    "deployment": ("cost",),
    "monitoring": ("deployment",),
    "supervisor": ("monitoring",),
    "report": ("supervisor",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One action of one agent. An input `{"from": "s1.dataset"}` is the output `dataset` of step `s1`."""

    id: str
    phase: int
    agent: str
    action: str
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    after: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The contract's form of a step."""
        return {
            "id": self.id,
            "phase": self.phase,
            "agent": self.agent,
            "action": self.action,
            "inputs": dict(self.inputs),
            "after": list(self.after),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What the planner could not place, with the nearest candidates."""

    question: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A step nobody installed can do yet; `step` is the step's id."""

    step: str
    agent: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The typed answer to a goal. A plan with questions has no steps."""

    goal: str
    environment: str
    budget: float | None = None
    questions: tuple[Question, ...] = ()
    steps: tuple[Step, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()

    @property
    def digest(self) -> str:
        """Equal for goals that mean the same over the same catalog: the words and the budget's spelling stay out."""
        return digest(
            {
                "environment": self.environment,
                "budget": self.budget,
                "steps": [step.to_json() for step in self.steps],
                "questions": [question.question for question in self.questions],
            }
        )

    def phases(self) -> list[dict[str, Any]]:
        """Per phase its number, environment and the `workflow` run config of the steps that can be done."""
        blocked = {entry.step for entry in self.unsupported}
        numbers = sorted({step.phase for step in self.steps})
        last = numbers[-1] if numbers else 0
        found: list[dict[str, Any]] = []
        for number in numbers:
            doable = [s for s in self.steps if s.phase == number and s.id not in blocked]
            environment = self.environment if number == last or self.environment != "prod" else "dev"
            found.append({"phase": number, "environment": environment, "run_config": run_config(doable)})
        return found

    def to_json(self) -> dict[str, Any]:
        """The contract's form of a plan."""
        return {
            "goal": self.goal,
            "environment": self.environment,
            "digest": self.digest,
            "budget": self.budget,
            "questions": [{"question": q.question, "candidates": list(q.candidates)} for q in self.questions],
            "unsupported": [
                {"step": u.step, "agent": u.agent, "action": u.action, "reason": u.reason} for u in self.unsupported
            ],
            "steps": [step.to_json() for step in self.steps],
            "phases": self.phases(),
        }


def run_config(steps: Sequence[Step]) -> dict[str, Any]:
    """Run config of the `workflow` job: each agent's op gets its own steps."""
    ops: dict[str, Any] = {}
    for step in steps:
        entry = {"id": step.id, "action": step.action, "inputs": dict(step.inputs), "after": list(step.after)}
        ops.setdefault(step.agent, {"config": {"steps": []}})["config"]["steps"].append(entry)
    return {"ops": ops}


def plan_from(data: Mapping[str, Any]) -> Plan:
    """A plan from its JSON form, as the store keeps it."""
    try:
        steps = tuple(
            Step(s["id"], int(s["phase"]), s["agent"], s["action"], dict(s["inputs"]), tuple(s["after"]))
            for s in data["steps"]
        )
        return Plan(
            data["goal"],
            data["environment"],
            data["budget"],
            tuple(Question(q["question"], tuple(q["candidates"])) for q in data["questions"]),
            steps,
            tuple(Unsupported(u["step"], u["agent"], u["action"], u["reason"]) for u in data["unsupported"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise GoalError(f"not a plan: {error!r}", fix="make it anew with adp plan") from error
