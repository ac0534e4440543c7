"""Approvals: what a run would do, who asks, and the permission for exactly that. Pure types; no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from agents.core.digest import digest
from agents.core.registry import Effect
from agents.core.risk import Risk

State = Literal["pending", "granted", "rejected", "expired", "cancelled", "superseded", "revoked"]
Choice = Literal["approve", "reject", "revoke"]

# Where a request may go from each state; the others are ends.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"granted", "rejected", "expired", "cancelled", "superseded"}),
    "granted": frozenset({"expired", "revoked", "cancelled", "superseded"}),
}
# The step of a request to read in clear text; no agent is called so.
READER = ("person", "read")
# A grant for these is used up by the first run that starts under it.
SINGLE_USE: frozenset[Effect] = frozenset({"provision", "delete"})


@dataclass(frozen=True)
class Effects:
    """What a run would do, as far as its outcome depends on it. Equal effects are the same thing to approve.

    `assets` maps asset keys (`prod/bronze/orders`) to the digest of their spec or source; `steps` are the agents'
    steps of a `workflow` run (agent, action, inputs); `config` is the run config without executor and loggers;
    `selection` are the step keys of a partial run, and the run whose outputs it would read; `unknown` names steps
    and assets that nobody can classify.
    """

    environment: str
    effects: tuple[Effect, ...] = ()
    assets: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: tuple[Mapping[str, Any], ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    selection: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def digest(self) -> str:
        """The grant digest."""
        return digest(self.to_json())

    @property
    def single_use(self) -> bool:
        """Whether a grant for it covers one run only: what cannot be repeated harmlessly, or is not known."""
        return bool(SINGLE_USE.intersection(self.effects) or self.unknown)

    @property
    def access(self) -> Mapping[str, Any] | None:
        """Who wants to read which columns of what, for how many hours and why: a permission for a person, no run's."""
        if len(self.steps) != 1 or set(self.effects) != {"read"} or self.config or self.unknown:
            return None
        (step,) = self.steps
        return step.get("inputs") if (step.get("agent"), step.get("action")) == READER else None

    @property
    def refresh(self) -> bool:
        """Whether it is nothing but writing assets as their specs say: covered asset by asset."""
        plain = not (self.steps or self.config or self.selection or self.unknown or self.tags)
        return plain and set(self.effects) <= {"write_data", "read"}

    def to_json(self) -> dict[str, Any]:
        """Everything that the digest covers."""
        return {
            "environment": self.environment,
            "effects": sorted(self.effects),
            "assets": dict(self.assets),
            "steps": [dict(step) for step in self.steps],
            "config": dict(self.config),
            "selection": list(self.selection),
            "unknown": sorted(self.unknown),
            "tags": dict(self.tags),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Effects:
        """The inverse of `to_json`."""
        return cls(
            data["environment"],
            tuple(data["effects"]),
            dict(data["assets"]),
            tuple(data["steps"]),
            dict(data["config"]),
            tuple(data["selection"]),
            tuple(data["unknown"]),
            dict(data["tags"]),
        )


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked for a run. `known` is False where nothing vouches for the name; `claimed` are further names given.

    None of these may approve it, under whatever spelling.
    """

    name: str
    known: bool
    claimed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What policy and risk look at beside the effects. Money is USD a month; `pii`: none, masked, unmasked, unknown."""

    blast_radius: int = 0
    pii: str = "unknown"
    monthly_usd: float | None = None
    budget_usd: float | None = None
    reversible: bool = True


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run as the walls judge it."""

    run_id: str
    job: str
    effects: Effects
    requester: Requester
    facts: Facts = field(default_factory=Facts)
    goal: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word on a request. `at` is UTC in seconds; `run_id` is the run of `platform/approvals` for it."""

    who: str
    choice: Choice
    groups: frozenset[str]
    at: float
    note: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A held thing that waits for people, or what became of it. Times are UTC in seconds."""

    id: str
    state: State
    effects: Effects
    digest: str
    requester: Requester
    facts: Facts
    risk: Risk
    rules: tuple[str, ...]
    quorum: int
    groups: frozenset[str]
    goal: str
    created: float
    expires: float
    runs: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    reason: str = ""
    escalations: int = 0

    @property
    def environment(self) -> str:
        """Where it would take effect."""
        return self.effects.environment

    @property
    def open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.state == "pending"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a run: it may pass, it is held for `request`, or it is refused.

    `approvals` are the decisions that let it pass; `rules` the policies that decided; `reason` says it in words.
    `waiting` is True where the approvals suffice and policy only says not now (a freeze, working hours).
    `duplicate_of` is the run that is held for the very same thing; `superseded_runs` were held for older requests,
    which this one replaces.
    """

    verdict: Literal["allow", "ask", "deny"]
    rules: tuple[str, ...] = ()
    reason: str = ""
    request: str = ""
    quorum: int = 0
    groups: frozenset[str] = frozenset()
    risk: Risk = field(default_factory=lambda: Risk("low"))
    approvals: tuple[Decision, ...] = ()
    waiting: bool = False
    duplicate_of: str = ""
    superseded_runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """What one run may write, issued by the launcher and checked at every write. Times are UTC in seconds."""

    run_id: str
    effects: Effects
    facts: Facts
    requester: Requester
    requests: tuple[str, ...]
    approvals: tuple[Decision, ...]
    issued: float
    expires: float
    ended: bool = False
