"""What the store keeps of goals and their runs; light, so that naming a type costs no SQL library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from agents.core.goal import Goal

GoalMode = Literal["run", "plan"]
PhaseStatus = Literal["claimed", "started", "succeeded", "failed", "canceled"]
PHASE_ENDS: frozenset[str] = frozenset({"succeeded", "failed", "canceled"})

# Where a goal may go from each state; a tick may miss what lasted shortly. Failed is left again when a person
# re-executes the run from its failure.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "submitted": frozenset({"questions", "planned", "failed", "rejected"}),
    "questions": frozenset({"rejected"}),
    "planned": frozenset({"building", "held", "releasing", "live", "failed", "rejected"}),
    "building": frozenset({"held", "releasing", "live", "failed", "rolled back", "rejected"}),
    "held": frozenset({"building", "releasing", "live", "failed", "rolled back", "rejected"}),
    "releasing": frozenset({"building", "held", "live", "failed", "rolled back", "rejected"}),
    "failed": frozenset({"building", "held", "releasing", "live", "rolled back", "rejected"}),
    "live": frozenset({"rolled back"}),
    "rolled back": frozenset(),
    "rejected": frozenset(),
}


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal and where it stands; times are UTC. `plan_digest` is empty until there is a plan."""

    goal: Goal
    mode: GoalMode
    status: str
    reason: str
    plan_digest: str
    source_run_id: str | None
    created: datetime
    updated: datetime

    @property
    def id(self) -> str:
        """The goal id."""
        return self.goal.id


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One attempt at one phase; `run_id` is empty until its run started."""

    goal_id: str
    phase: int
    attempt: int
    environment: str
    status: PhaseStatus
    run_key: str
    run_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """What one step gave: the outputs later steps may refer to, and how long it took."""

    step_id: str
    phase: int
    agent: str
    action: str
    status: str
    seconds: float
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
