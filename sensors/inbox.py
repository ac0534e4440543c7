"""How requests show in the UI: evidence for what waits, an end for what is decided, and nothing that is not so.

Whoever can write Dagster's events or partitions can paint there. The store is the truth: what differs is shown anew.
"""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from dagster import DagsterEventType, DagsterInstance

from agents.core.approval import ApprovalRequest, State
from agents.core.errors import PlatformError
from resources.inbox import (
    CARD,
    DECISION,
    PARTITIONS,
    STATE,
    age,
    decide_at,
    links_of,
    names_of,
    newest,
    request_id,
    show_card,
    show_end,
    shown,
    states,
)
from resources.notifier import Notice
from resources.platform import Platform

# States in which a request lets nothing pass, and never will.
OVER = frozenset({"rejected", "expired", "cancelled", "superseded", "revoked"})
# So many requests a tick: gathering evidence takes time, and releases must not wait for it.
CARDS, ENDS = 10, 200
# An approver must see that a request waits, and that nobody could say what it is.
UNGATHERED = (
    "# {request}\n\n**Its evidence could not be gathered.** Reject it, or ask who runs the platform.\n\n"
    "```text\n{why}\n```\n"
)
MATERIALIZATION, OBSERVATION = DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_OBSERVATION
Graph = Any  # Dagster's asset graph, which only evidence reads
Marks = tuple[State, str, int | None, int | None]


@dataclass(slots=True)
class Picture:
    """The inbox in the UI. `right` remembers what was found right, only to spare looking again."""

    platform: Platform
    right: dict[str, Marks] = field(default_factory=dict[str, Marks])

    def repair(self, instance: DagsterInstance, graph: Graph) -> None:
        """Make the UI show what the store says; one request that cannot be shown keeps no other from it."""
        # First the picture, then the store: a decision is in the store before it can show.
        ends, seen = newest(instance, MATERIALIZATION), newest(instance, OBSERVATION)
        there = set(instance.get_dynamic_partitions(PARTITIONS))
        known = states(self.platform.store)
        partitions = partitions_of(known, there, ends.keys())
        for partition in there - set(partitions.values()):
            instance.delete_dynamic_partition(PARTITIONS, partition)
        if missing := [partition for partition in partitions.values() if partition not in there]:
            instance.add_dynamic_partitions(PARTITIONS, missing)
        marks: dict[str, Marks] = {
            request: (state, partitions[request], ends.get(partitions[request]), seen.get(partitions[request]))
            for request, state in known.items()
        }
        changed = [request for request in reversed(marks) if self.right.get(request) != marks[request]]
        waiting = [request for request in changed if marks[request][0] == "pending"][-CARDS:]
        closed = [request for request in changed if marks[request][0] != "pending"][:ENDS]
        with ExitStack() as every:
            for request in (*closed, *waiting):
                every.callback(self._show, instance, graph, request, marks[request])

    def _show(self, instance: DagsterInstance, graph: Graph, request: str, marks: Marks) -> None:
        show = self._show_card if marks[0] == "pending" else self._show_end
        if show(instance, graph, request, marks):
            self.right[request] = marks

    def _show_card(self, instance: DagsterInstance, graph: Graph, request: str, marks: Marks) -> bool:
        """Show the evidence, and tell people once; True when it is shown already."""
        approvals, partition = self.platform.approvals, marks[1]
        base_url = self.platform.settings.base_url
        card, found = approvals.card(request), approvals.request(request)
        if not found.open:
            return False  # decided meanwhile: the next tick shows it
        wanted = {CARD: card, DECISION: links_of(partition, base_url), **facts_of(found)}
        if card and shown(instance, OBSERVATION, marks[3])[1] == wanted:
            return True
        made = card or self._evidence(instance, graph, found)
        show_card(instance, partition, made, facts_of(found), base_url)
        if not card or partition != request:
            self.platform.notifier.notify(notice_of(found, partition, base_url))
        if not card:
            approvals.set_card(request, made)
        return False

    def _evidence(self, instance: DagsterInstance, graph: Graph, request: ApprovalRequest) -> str:
        from agents.tools.evidence import Known, card_of, known_of

        try:
            known = known_of(instance, graph, request.effects.assets) if graph is not None else Known()
            return card_of(self.platform, request, known=known)
        except PlatformError as error:
            return UNGATHERED.format(request=request.id, why=self.platform.secrets.redact(str(error)))

    def _show_end(self, instance: DagsterInstance, _: Graph, request: str, marks: Marks) -> bool:
        """Show what became of a request; True when it is shown already."""
        found = self.platform.approvals.request(request)
        by, told = shown(instance, MATERIALIZATION, marks[2])
        said = {word.run_id for word in found.decisions if word.run_id}
        wanted = {CARD: decided(found), **facts_of(found)}
        if told == wanted or (by in said and told.get(STATE) == found.state):
            return True
        if any(_running(instance, run_id) for run_id in said):
            return False  # it shows its decision itself
        show_end(instance, marks[1], str(wanted[CARD]), facts_of(found))
        return False


def partitions_of(known: Mapping[str, State], there: set[str], painted: Collection[str]) -> dict[str, str]:
    """The partition of each request. A waiting one that shows as decided goes on under a fresh name."""
    names: dict[str, list[str]] = {}
    for partition in {*there, *painted}:
        if age(partition) >= 0:
            names.setdefault(request_id(partition), []).append(partition)
    ended = set(painted)
    found: dict[str, str] = {}
    for request, state in known.items():
        if state == "pending":
            found[request] = next(name for name in names_of(request) if name not in ended)
        else:
            used = names.get(request, [])
            found[request] = max([name for name in used if name in there] or used or [request], key=age)
    return found


def facts_of(request: ApprovalRequest) -> dict[str, str | int | float]:
    """A request in short, as the UI lists it."""
    approvals = [word.who for word in request.decisions if word.choice == "approve"]
    return {
        STATE: request.state,
        "risk": request.risk.level,
        "requester": request.requester.name,
        "approvals": f"{len(approvals)} of {request.quorum}",
        "digest": request.digest,
    }


def decided(request: ApprovalRequest) -> str:
    """How a request ended, as markdown."""
    from agents.tools.evidence import decided_card

    return decided_card(request)


def over(request: ApprovalRequest) -> str:
    """Why a request is over: by whom, and their note."""
    return f"{request.id}: {request.reason or request.state}"


def notice_of(request: ApprovalRequest, partition: str, base_url: str) -> Notice:
    """What approvers are told; the link opens the Launchpad with the decision filled in."""
    assets = sorted(request.effects.assets)
    what = ", ".join(assets[:5]) + (f" and {len(assets) - 5} more" if len(assets) > 5 else "")
    groups = f" from {', '.join(sorted(request.groups))}" if request.groups else ""
    text = (
        f"{request.requester.name} asks for {what or ', '.join(request.effects.effects)} in {request.environment}. "
        f"Risk {request.risk.level}; {request.quorum} approval{'s' if request.quorum > 1 else ''}{groups} needed. "
        f"The evidence: {base_url}/assets/platform/approvals?view=events&partition={partition}"
    )
    return Notice(f"{request.id} waits for a decision", text, base_url + decide_at(partition), "warning")


def _running(instance: DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and not run.is_finished
