"""Policy: may this principal have this effect on this environment? Cedar decides; default deny."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from agents.core import approval
from agents.core.catalog import ENVIRONMENTS
from agents.core.errors import ConfigError
from agents.core.policy_files import POLICIES, SCHEMA, load_rules, stamp_of
from agents.core.registry import EFFECTS, Effect
from agents.core.risk import Level

__all__ = ["POLICIES", "SCHEMA", "Decision", "Policy", "Request", "Verdict", "Votes", "combined"]

Verdict = Literal["allow", "ask", "deny"]
# Not an effect: a person's word on a request. `groups` of the votes are those of that person.
APPROVE = "approve"
AGENTS_NEVER = "agents-never-approve"
# How many different answers are kept; a deployment has some dozens.
MAX_ANSWERS = 4_096
# The largest number that Cedar knows.
MAX_LONG = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Votes:
    """How many people approved, and the groups they are in together."""

    count: int = 0
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, decisions: Iterable[approval.Decision]) -> Votes:
        """The approvals among decisions about ONE thing; nobody counts twice."""
        approvals = [decision for decision in decisions if decision.choice == "approve"]
        groups = frozenset(group for decision in approvals for group in decision.groups)
        return cls(len({decision.who for decision in approvals}), groups)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that somebody wants to do. `asset` is `layer/table`; money is USD a month; `at` is now when None."""

    principal: str
    effect: Effect | Literal["approve"]
    environment: str
    tool: str
    asset: str | None = None
    approvals: Votes = field(default_factory=Votes)
    person: bool = False
    requester_known: bool = True
    risk: Level = "low"
    blast_radius: int = 0
    pii: str = "unknown"
    reversible: bool = True
    monthly_usd: float | None = None
    budget_usd: float | None = None
    at: datetime | None = None

    @property
    def over_budget(self) -> bool:
        """Whether it is known to cost more than it may; a sum that is no number is more than any budget."""
        if self.monthly_usd is None or self.budget_usd is None:
            return False
        return not self.monthly_usd <= self.budget_usd


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and the ids of the policies that decided it; no id means nothing permits it.

    `ask`: not as it is, but with `quorum` approvals from people who together are in `groups`. `waiting` (with `ask`)
    says that the approvals it has suffice, and that nothing but the time is against it: quorum and groups are empty.
    """

    verdict: Verdict
    rules: tuple[str, ...] = ()
    quorum: int = 0
    groups: frozenset[str] = frozenset()
    waiting: bool = False

    @property
    def needs(self) -> str:
        """What it takes to pass, in words; empty where approvals would change nothing."""
        if not self.quorum:
            return ""
        approvals = "one approval" if self.quorum == 1 else f"{self.quorum} approvals"
        return f"{approvals}, from {' and '.join(sorted(self.groups))}" if self.groups else approvals


class Policy:
    """The Cedar policies of a folder, validated against the platform's schema when constructed."""

    def __init__(self, folder: Path = POLICIES) -> None:
        self.folder = folder
        self._rules = load_rules(folder)
        # What does not differ in anything that a rule reads is decided once. Another file makes another Policy.
        self._answers: dict[tuple[Any, ...], tuple[bool, tuple[str, ...]]] = {}

    @property
    def stamp(self) -> str:
        """Digest of what was loaded; compare it with `Policy.stamp_of(folder)` to notice changed files."""
        return self._rules.stamp

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the policies, in the order of their files."""
        return self._rules.names

    @property
    def by_asset(self) -> bool:
        """Whether a rule reads the asset, so that each asset of a run has to be asked about."""
        return not self._rules.reads.isdisjoint({"asset", "layer"})

    @staticmethod
    def stamp_of(folder: Path) -> str:
        """The stamp that policies loaded from `folder` now would have. Raises ConfigError when unreadable."""
        return stamp_of(folder)

    def decide(self, request: Request) -> Decision:
        """Allow, ask (allowed once approved), or deny. An environment or effect nobody knows is denied.

        Raises ConfigError when a policy fails on this request: nothing may pass then.
        """
        if request.environment not in ENVIRONMENTS or request.effect not in (*EFFECTS, APPROVE):
            return Decision("deny")
        if request.effect == APPROVE and not request.person:
            return Decision("deny", (AGENTS_NEVER,))
        request = request if request.at else replace(request, at=datetime.now(UTC))
        rules = self._rules
        allowed, against = self._permits(rules.policies, request, request.approvals)
        if allowed:
            return Decision("allow", against)
        if request.effect == APPROVE:
            return Decision("deny", against)
        if asked := self._asks(rules.policies, request, against):
            return asked
        if rules.timeless is not None:
            if self._permits(rules.timeless, request, request.approvals)[0]:
                return Decision("ask", against, waiting=True)
            if asked := self._asks(rules.timeless, request, against):
                return asked
        return Decision("deny", self._final(request) or against)

    def _asks(self, policies: Any, request: Request, against: tuple[str, ...]) -> Decision | None:
        """The fewest approvals that let it pass: first one of anybody, else what the rules speak of."""

        def passes(count: int, groups: Iterable[str]) -> bool:
            return self._permits(policies, request, Votes(count, frozenset(groups)))[0]

        quorums, groups = self._rules.quorums, list(self._rules.groups)
        count = 1
        if passes(1, ()):
            groups = []
        elif not passes(quorums[-1], groups):
            return None
        else:
            count = quorums[bisect_left(quorums, True, key=lambda number: passes(number, groups))]
            for group in list(groups):
                fewer = [name for name in groups if name != group]
                if passes(count, fewer):
                    groups = fewer
        needed = Votes(count, frozenset(groups))
        permits = self._permits(policies, request, needed)[1]
        return Decision("ask", tuple(dict.fromkeys((*against, *permits))), count, needed.groups)

    def _final(self, request: Request) -> tuple[str, ...]:
        """The prohibitions that no approval lifts."""
        everybody = Votes(self._rules.quorums[-1], frozenset(self._rules.groups))
        return self._permits(self._rules.policies, request, everybody)[1]

    def _permits(self, policies: Any, request: Request, votes: Votes) -> tuple[bool, tuple[str, ...]]:
        context = {name: value for name, value in _context(request, votes).items() if name in self._rules.reads}
        kind = "Person" if request.person else "Agent"
        facts = (tuple(value) if isinstance(value, list) else value for value in context.values())
        key = (id(policies), kind, request.principal, request.effect, request.environment, *context, *facts)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
            answer = self._ask(policies, {"type": kind, "id": request.principal}, request, context)
            self._answers[key] = answer
        return answer

    def _ask(
        self, policies: Any, principal: dict[str, str], request: Request, context: dict[str, Any]
    ) -> tuple[bool, tuple[str, ...]]:
        if "now" in context:
            context["now"] = {"__extn": {"fn": "datetime", "arg": context["now"]}}
        asked = {
            "principal": principal,
            "action": {"type": "Action", "id": request.effect},
            "resource": {"type": "Environment", "id": request.environment},
            "context": context,
        }
        # The rules were checked against the schema; checking each request too would take half of the time.
        answer = self._rules.engine.is_authorized(asked, policies, self._rules.actions)
        if answer.diagnostics.errors:
            raise ConfigError(f"a policy failed: {answer.diagnostics.errors[0]}", where=str(self.folder))
        return answer.allowed, tuple(sorted(answer.diagnostics.reasons))


def combined(decisions: Sequence[Decision]) -> Decision:
    """One decision for all of these: the strictest, with everything that those who ask need together."""
    if not decisions or any(decision.verdict == "deny" for decision in decisions):
        refused = [decision for decision in decisions if decision.verdict == "deny"]
        return Decision("deny", _rules_of(refused))
    asking = [decision for decision in decisions if decision.verdict == "ask"]
    if not asking:
        return Decision("allow", _rules_of(decisions))
    return Decision(
        "ask",
        _rules_of(asking),
        max(decision.quorum for decision in asking),
        frozenset(group for decision in asking for group in decision.groups),
        all(decision.waiting for decision in asking),
    )


def _rules_of(decisions: Iterable[Decision]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule for decision in decisions for rule in decision.rules))


def _context(request: Request, votes: Votes) -> dict[str, Any]:
    at = (request.at or datetime.now(UTC)).astimezone(UTC)
    context: dict[str, Any] = {
        "tool": request.tool,
        "approvals": votes.count,
        "groups": sorted(votes.groups),
        "requester_known": request.requester_known,
        "risk": request.risk,
        "blast_radius": request.blast_radius,
        "pii": request.pii,
        "reversible": request.reversible,
        "over_budget": request.over_budget,
        "now": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "weekday": at.isoweekday(),
        "hour": at.hour,
    }
    if request.asset:
        context["asset"] = request.asset
        context["layer"] = request.asset.partition("/")[0]
    if request.monthly_usd is not None:
        finite = math.isfinite(request.monthly_usd)
        context["monthly_usd"] = min(math.ceil(request.monthly_usd), MAX_LONG) if finite else MAX_LONG
    return context
