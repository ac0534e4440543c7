"""The lower half of a card: who asks, who must approve, cost, data class, the way back, what an approval covers."""

from __future__ import annotations

from collections.abc import Iterator

from agents.core.approval import ApprovalRequest
from agents.tools.evidence import wording
from agents.tools.evidence.changes import does
from agents.tools.evidence.cost import Usage
from agents.tools.evidence.gather import Evidence, Size
from agents.tools.evidence.gone import no_way_back
from resources.approvals_signed import refreshable
from resources.markdown import (
    UNKNOWN,
    Missing,
    count,
    duration,
    listed,
    moment,
    money,
    person,
    plain,
    quoted,
    size,
)
from resources.settings import Settings


def details(request: ApprovalRequest, evidence: Evidence, settings: Settings) -> Iterator[tuple[str, str]]:
    """Who asks and who decides, cost, data class, the way back, what is covered: each with its name."""
    yield "asked by", f"{wording.asker(request)}{_goal(request, evidence)}"
    yield "who must approve", _wanted(request)
    yield from wording.extras(request.effects)
    yield "cost a month", _cost(request, evidence, settings)
    yield "personal data", _data_class(request)
    yield "the way back", "; ".join(_way_back(request, evidence))
    yield "approving covers", _covers(request, settings)
    yield "digest", f"`{request.digest}`, measured {moment(evidence.measured)}"


def _goal(request: ApprovalRequest, evidence: Evidence) -> str:
    waiting = f"; {len(request.runs):,} runs wait for it" if len(request.runs) > 1 else ""
    if isinstance(evidence.goal, Missing):
        return f"; {plain(evidence.goal.why)}{waiting}"
    return f" for {plain(request.goal)}: {quoted(evidence.goal, 240)}{waiting}"


def _wanted(request: ApprovalRequest) -> str:
    given = [person(decision.who) for decision in request.decisions if decision.choice == "approve"]
    return wording.wanted(request) + (f"; given by {', '.join(given)}" if given else "")


def _covers(request: ApprovalRequest, settings: Settings) -> str:
    if request.effects.single_use:
        return "one run of exactly this"
    refreshes = " and every refresh of these tables under the same specs" if refreshable(request.effects) else ""
    return f"exactly this{refreshes}, for {settings.grant_days:g} days; any change of spec, SQL or code asks again"


def _cost(request: ApprovalRequest, evidence: Evidence, settings: Settings) -> str:
    before, after = evidence.before, evidence.after
    prices = [
        found if isinstance(found, Missing) else money(found) for found in (u.usd(settings) for u in (before, after))
    ]
    first, second = prices
    if isinstance(first, Missing) or isinstance(second, Missing):
        why = first if isinstance(first, Missing) else second
        said = f"USD {UNKNOWN}: {why.why if isinstance(why, Missing) else ''}"
    else:
        least = "at least " if after.unknown else ""
        said = f"**{first} → {least}{second} USD**{_budget(request)}"
    basis = f"{_used(before)} → {_used(after)}; by schedule, last run's time and bytes in the lake"
    lacks = f"; lacks {plain('; '.join(after.unknown))}" if after.unknown else ""
    rest = f"; {count(len(evidence.further), 'further table')} not counted" if evidence.further else ""
    return f"{said} ({basis}{lacks}{rest})"


def _used(found: Usage) -> str:
    return f"{found.runs:,.0f} runs, {duration(found.seconds)}, {size(found.bytes)}"


def _budget(request: ApprovalRequest) -> str:
    budget = request.facts.budget_usd
    return "" if budget is None else f", budget {budget:,.2f} USD"


def _data_class(request: ApprovalRequest) -> str:
    said = {
        "none": "none: looked for, or declared",
        "masked": "**masked**: readers have masked views",
        "unmasked": "**in clear text, not masked**",
    }
    unscanned = f"{UNKNOWN}: no tag `pii` says it and no scan of the rows was made; columns above are judged by name"
    return said.get(request.facts.pii, unscanned)


def _way_back(request: ApprovalRequest, evidence: Evidence) -> Iterator[str]:
    """How each table comes back, by version; what cannot be taken back is said first."""
    if said := no_way_back(request):
        yield said
        return
    if lost := wording.lasting(request.effects):
        yield f"**cannot be taken back: {plain(', '.join(lost))}**"
    elif repaired := wording.undone(request.effects):
        yield f"{listed([f'adp quality undo {asset}' for asset in repaired])}: every row as it was, from the log"
    elif not request.facts.reversible:
        yield "**cannot be taken back**"
    known = [one for one in evidence.tables if one.change.table is not None]
    pins = does(request, "promote")
    back = [f"{one.change.asset} version {one.now.version}" for one in known if isinstance(one.now, Size)]
    fresh = [one.change.asset for one in known if one.now is None]
    unsure = [one.change.asset for one in known if isinstance(one.now, Missing)]
    if back:
        yield f"back to {listed(back)}{' and the former spec' if pins else ''}"
    if fresh:
        yield f"{listed(fresh)} is new: emptied{', its pin taken out' if pins else ''}"
    if unsure:
        yield f"{listed(unsure)}: {UNKNOWN}, the lake cannot be read"
    if known and pins:
        yield "by itself when the smoke test fails; later by `adp rollback`"
    elif known:
        yield "by hand: `adp override` pins a version" if not does(request, "rollback") else "by promoting again"
    if not known and not lost:
        yield f"{UNKNOWN}: nothing here is a table of the lake"
