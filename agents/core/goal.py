"""A goal: a request in plain words, and the states it passes through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# "submitted" lasts until the plan is stored; "questions" waits for a better submission.
GoalStatus = Literal[
    "submitted", "questions", "planned", "building", "held", "releasing", "live", "failed", "rolled back", "rejected"
]
# Nothing more happens by itself; "held" goes on once people have decided.
FINAL: frozenset[str] = frozenset({"questions", "live", "failed", "rolled back", "rejected", "held"})


@dataclass(frozen=True, slots=True)
class Goal:
    """One submission of a goal. `budget` is USD a month; `parent` is the goal that started this one."""

    id: str
    text: str
    environment: str
    requester: str
    budget: float | None = None
    deadline: str | None = None
    parent: str | None = None
