"""Approvals: which runs may change production, who has to say so, and what was said. The store is the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.core.approval import ApprovalRequest, Choice, Lease, Requester, Ruling, RunFacts, State

if TYPE_CHECKING:
    from agents.core.policy import Policy
    from resources.identity import People, Person
    from resources.keys import Keys
    from resources.ledger import Ledger
    from resources.store import Store


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request waits, a grant and a lease last, and who is told when nobody decides."""

    pending_hours: float = 72
    grant_days: float = 90
    lease_hours: float = 24
    escalate_hours: float = 8
    escalate_groups: tuple[str, ...] = ("platform",)


class Approvals:
    """Requests, grants and leases of one deployment; safe between threads and processes."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        policy: Callable[[], Policy],
        keys: Keys,
        people: People,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        raise NotImplementedError

    def judge(self, run: RunFacts) -> Ruling:
        """What would become of this run now. Writes nothing."""
        raise NotImplementedError

    def submit(self, run: RunFacts) -> Ruling:
        """Record a run and what becomes of it; a held one makes or joins a request. Raises Denied."""
        raise NotImplementedError

    def decide(
        self, request_id: str, choice: Choice, person: Person, *, note: str = "", run_id: str = ""
    ) -> ApprovalRequest:
        """Record a person's word; the request as it then stands. Raises Denied with the reason."""
        raise NotImplementedError

    def launch(self, run: RunFacts) -> Lease | None:
        """Judge a run anew and lease it what it may write; None where nothing has to be leased."""
        raise NotImplementedError

    def lease(self, run_id: str) -> Lease | None:
        """What a run may write now; None when it may not, for whatever reason."""
        raise NotImplementedError

    def end_leases(self, run_ids: Iterable[str]) -> None:
        """These runs write no more."""
        raise NotImplementedError

    def request(self, request_id: str) -> ApprovalRequest:
        """A request. Raises StateError for an unknown id."""
        raise NotImplementedError

    def requests(self, states: Collection[State] = (), limit: int | None = None) -> list[ApprovalRequest]:
        """Requests, newest first; in these states when given."""
        raise NotImplementedError

    def request_of_run(self, run_id: str) -> ApprovalRequest | None:
        """The request that this run waits for, or waited for."""
        raise NotImplementedError

    def requester_of_run(self, run_id: str) -> Requester | None:
        """Who asked for a run, as recorded when it was submitted."""
        raise NotImplementedError

    def revoke(self, request_id: str, by: str, note: str = "") -> ApprovalRequest:
        """Take a grant back."""
        raise NotImplementedError

    def cancel(self, request_id: str, why: str) -> ApprovalRequest:
        """Close a request that nobody needs any more."""
        raise NotImplementedError

    def cancel_run(self, run_id: str, why: str) -> ApprovalRequest | None:
        """A held run is gone; its request goes with the last one."""
        raise NotImplementedError

    def expire(self) -> list[ApprovalRequest]:
        """Expire what is due; what expired now."""
        raise NotImplementedError

    def escalate(self) -> list[ApprovalRequest]:
        """Count an escalation of what waits too long; what was escalated now."""
        raise NotImplementedError

    def releasable(self) -> list[tuple[ApprovalRequest, tuple[str, ...]]]:
        """Granted requests with held runs that policy lets go now."""
        raise NotImplementedError

    def set_card(self, request_id: str, markdown: str) -> None:
        """Keep a request's evidence card."""
        raise NotImplementedError

    def card(self, request_id: str) -> str:
        """A request's evidence card; empty when none was made yet."""
        raise NotImplementedError

    def intact(self) -> None:
        """Raise StateError when the store is older than the ledger's anchor says."""
        raise NotImplementedError
