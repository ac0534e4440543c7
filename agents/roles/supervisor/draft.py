"""What a goal was understood to ask for, before it becomes numbered steps. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.core.plan import Question
from agents.roles.supervisor.entities import Ref
from agents.roles.supervisor.training import Model


@dataclass(frozen=True, slots=True)
class Load:
    """A source table to ingest."""

    ref: Ref
    inputs: Mapping[str, Any]

    @property
    def asset(self) -> str:
        """Where it lands."""
        return str(self.inputs["destination"])


@dataclass(frozen=True, slots=True)
class Derived:
    """A SQL table over lake tables."""

    sql: str
    asset: str
    schedule: str | None
    reads: str


@dataclass(frozen=True, slots=True)
class Task:
    """Any other action; `asset` is `layer/table` where the action has one."""

    agent: str
    action: str
    asset: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Draft:
    """Everything understood, in the order it was said."""

    environment: str = "dev"
    budget: float | None = None
    loads: list[Load] = field(default_factory=list[Load])
    derived: list[Derived] = field(default_factory=list[Derived])
    models: list[Model] = field(default_factory=list[Model])
    tasks: list[Task] = field(default_factory=list[Task])
    denied: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    questions: list[Question] = field(default_factory=list[Question])

    def take(self, loads: Iterable[Load]) -> None:
        """Add loads; a table said again only gains the schedule it had none of."""
        known = {load.ref: at for at, load in enumerate(self.loads)}
        for load in loads:
            at = known.get(load.ref)
            if at is None:
                self.loads.append(load)
            elif self.loads[at].inputs["schedule"] is None and load.inputs["schedule"] is not None:
                self.loads[at] = Load(load.ref, {**self.loads[at].inputs, "schedule": load.inputs["schedule"]})

    def ask(self, question: str, candidates: tuple[str, ...] = ()) -> None:
        """Note a question once."""
        made = Question(question, candidates)
        if made not in self.questions:
            self.questions.append(made)

    @property
    def assets(self) -> list[str]:
        """Lake tables the plan itself makes."""
        return list(dict.fromkeys([*(load.asset for load in self.loads), *(table.asset for table in self.derived)]))

    @property
    def builds(self) -> bool:
        """Whether the plan makes anything new."""
        return bool(self.loads or self.derived or self.models)
