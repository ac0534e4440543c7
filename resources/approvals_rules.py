"""What policy says of a run: asked for each of its effects, and for each asset where a rule reads assets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.core.approval import Decision, Effects, Facts, Requester, Ruling
from agents.core.registry import Effect
from agents.core.risk import Risk, assess

if TYPE_CHECKING:
    from agents.core.policy import Policy, Request

READ_TOOL = "data.read"  # as policies know a person's reading of rows
AUTOMATION = "automation:"  # what the names of requesters that are no people begin with


@dataclass(frozen=True, slots=True)
class Question:
    """What policy is asked about, and when. `at` is UTC in seconds."""

    effects: Effects
    facts: Facts
    requester: Requester
    at: float


def environment_of(effects: Effects) -> str:
    """Where a run takes effect: prod as soon as anything of it may be prod's, whatever else it says."""
    named = {asset.split("/")[0].strip().casefold() for asset in effects.assets}
    return "prod" if effects.unknown or "prod" in named else effects.environment


def vouched(requester: Requester) -> Requester:
    """Who asks for a new permission: behind automation stands whoever wrote what it found, and nobody says who."""
    return replace(requester, known=False) if requester.name.startswith(AUTOMATION) else requester


def rule(
    policy: Policy, question: Question, approvals: Sequence[Decision] = (), assets: Collection[str] | None = None
) -> Ruling:
    """The ruling on a run with these approvals, for `assets` alone when given. What nobody knows is always asked."""
    from agents.core.policy import combined

    risk = assess(question.effects, question.facts)
    asked = list(_requests(policy, question, approvals, assets, risk))
    if not asked:
        return Ruling("allow", risk=risk)
    answer = combined([policy.decide(request) for request in asked])
    if answer.verdict == "deny":
        because = ", ".join(answer.rules) or "no policy permits it"
        known = f" ({risk.reasons[0]})" if risk.reasons else ""
        return Ruling("deny", answer.rules, f"policy forbids it: {because}{known}", risk=risk)
    if answer.verdict == "allow" and (approvals or not question.effects.unknown):
        return Ruling("allow", answer.rules, approvals=tuple(approvals), risk=risk)
    if answer.waiting:
        reason = "nothing may start at this time"
    else:
        reason = f"it needs {_people(max(1, answer.quorum), answer.groups)}"
    return Ruling(
        "ask",
        answer.rules,
        reason,
        quorum=max(1, answer.quorum),
        groups=answer.groups,
        risk=risk,
        approvals=tuple(approvals),
        waiting=answer.waiting,
    )


def _requests(
    policy: Policy, question: Question, approvals: Sequence[Decision], assets: Collection[str] | None, risk: Risk
) -> Iterator[Request]:
    from agents.core.policy import Request, Votes

    effects, facts, requester = question.effects, question.facts, question.requester
    votes, at = Votes.of(approvals), datetime.fromtimestamp(question.at, UTC)
    named = (effects.assets if assets is None else assets) if policy.by_asset else ()
    for effect in _effects(effects):
        for asset in map(short, named) if named else (None,):
            yield Request(
                requester.name or "nobody",
                effect,
                environment_of(effects),
                READ_TOOL if effects.access else "run",
                asset,
                approvals=votes,
                person=not requester.name.startswith(AUTOMATION),
                requester_known=requester.known,
                risk=risk.level,
                blast_radius=facts.blast_radius,
                pii=facts.pii,
                reversible=facts.reversible,
                monthly_usd=facts.monthly_usd,
                budget_usd=facts.budget_usd,
                at=at,
            )


def _effects(effects: Effects) -> tuple[Effect, ...]:
    """The effects to ask for; where none is declared, the one that fits what is there."""
    named = list(effects.effects)
    if effects.assets and not named:
        named.append("write_data")
    if effects.unknown or (effects.steps and not named):
        named.append("external")
    return tuple(dict.fromkeys(named))


def short(asset: str) -> str:
    """`layer/table`, as policies name assets; keys of another shape in full."""
    parts = asset.split("/")
    return "/".join(parts[1:]) if len(parts) == 3 else asset


def _people(quorum: int, groups: Collection[str]) -> str:
    who = "one approval" if quorum == 1 else f"{quorum} approvals"
    return f"{who}, from {' and '.join(sorted(groups))}" if groups else who
