"""Whether a person's word on a request counts: roles, groups, and that nobody approves what they asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.core.approval import ApprovalRequest, Choice, Decision
from agents.core.errors import Denied

if TYPE_CHECKING:
    from agents.core.policy import Policy
    from resources.identity import Person

Same = Callable[[str, str], bool]
NEEDS = {"approve": "pending", "reject": "pending", "revoke": "granted"}


def check_vote(
    request: ApprovalRequest,
    choice: Choice,
    person: Person,
    askers: Iterable[str],
    same: Same,
    now: float,
    given: Sequence[Decision] = (),
) -> None:
    """Raise Denied unless this person may say this about the request now.

    `askers` are all names that asked for it, `given` the approvals it has.
    """
    if choice not in NEEDS:
        raise _denied(request, f"{choice!r} is no decision", "use approve, reject or revoke")
    if not person.has("approver"):
        raise _denied(request, f"{person.name} has not the role approver", "ask an approver to decide")
    if request.state != NEEDS[choice]:
        raise _denied(request, f"the request is {request.state}", f"to {choice} it, it must be {NEEDS[choice]}")
    if request.expires <= now:
        raise _denied(request, "the request has expired", "start the run again")
    if choice == "approve":
        _check_approval(request, person, askers, same, given)


def _check_approval(
    request: ApprovalRequest, person: Person, askers: Iterable[str], same: Same, given: Sequence[Decision]
) -> None:
    if any(same(asker, name) for asker in set(askers) if asker for name in person.names):
        raise _denied(request, f"{person.name} asked for it, and nobody approves their own request", "ask a colleague")
    if any(same(decision.who, name) for decision in given for name in person.names):
        raise _denied(request, f"{person.name} has approved it already", "somebody else has to approve too")
    missing = request.groups.difference(*(decision.groups for decision in given))
    # Who is in none of the groups that are missing only helps where more people are needed than those groups give.
    if missing and not missing & person.groups and request.quorum - len(given) <= 1:
        raise _denied(request, f"{person.name} is not in {' or '.join(sorted(missing))}", "ask somebody of that group")


def check_policy(policy: Policy, request: ApprovalRequest, person: Person, given: int, now: float) -> None:
    """Raise Denied where policy does not let this person approve."""
    from agents.core.policy import Request, Votes

    effects, facts = request.effects, request.facts
    answer = policy.decide(
        Request(
            person.name,
            "approve",
            effects.environment,
            "run",
            approvals=Votes(given, person.groups),
            person=True,
            requester_known=request.requester.known,
            risk=request.risk.level,
            blast_radius=facts.blast_radius,
            pii=facts.pii,
            reversible=facts.reversible,
            monthly_usd=facts.monthly_usd,
            budget_usd=facts.budget_usd,
            at=datetime.fromtimestamp(now, UTC),
        )
    )
    if answer.verdict != "allow":
        because = ", ".join(answer.rules) or "no policy permits it"
        raise _denied(request, f"policy does not let {person.name} approve it: {because}", "see `adp policy check`")


def _denied(request: ApprovalRequest, what: str, fix: str) -> Denied:
    return Denied(what, where=request.id, fix=fix, request=request.id)
