"""What is recorded of requests, and the transaction in which it changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.core.approval import TRANSITIONS, ApprovalRequest, Requester, RunFacts, State
from agents.core.errors import StateError
from resources import store_approvals as rows
from resources.approvals_cover import Judge
from resources.approvals_signed import Signed
from resources.ledger import Entry
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from agents.core.policy import Policy
    from resources.identity import People
    from resources.keys import Keys
    from resources.ledger import Ledger
    from resources.store import Store

HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request waits, a grant and a lease last, and who is told when nobody decides."""

    pending_hours: float = 72
    grant_days: float = 90
    lease_hours: float = 24
    escalate_hours: float = 8
    escalate_groups: tuple[str, ...] = ("platform",)


@dataclass(frozen=True, slots=True)
class Change:
    """A write transaction under the lock of all approvals, and what the ledger will say of it."""

    connection: Connection
    now: float
    entries: list[Entry] = field(default_factory=list[Entry])

    def note(self, kind: str, who: str, what: str, request: ApprovalRequest, **more: Any) -> None:
        """Record something of a request when the transaction commits."""
        self.entries.append(Entry(kind, who, what, request.id, digest=request.digest, **more))

    def note_run(self, kind: str, who: str, what: str, run: RunFacts, subject: str, **more: Any) -> None:
        """Record something of a run when the transaction commits."""
        self.entries.append(Entry(kind, who, what, subject, digest=run.effects.digest, trace=run.run_id, **more))


class Records:
    """Requests and runs as the store has them."""

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
        self._store, self._ledger, self._policy, self._keys, self._people = store, ledger, policy, keys, people
        self.limits = limits or Limits()
        self._clock = clock
        self._signed = Signed(keys)
        self._judge = Judge(self._signed)

    # Reading

    def request(self, request_id: str) -> ApprovalRequest:
        """A request. Raises StateError for an unknown id."""
        with self._store.database().read() as connection:
            return rows.one_request(connection, request_id)

    def requests(self, states: Collection[State] = (), limit: int | None = None) -> list[ApprovalRequest]:
        """Requests, newest first; in these states when given."""
        where = [tables().requests.c.state.in_(sorted(states))] if states else []
        with self._store.database().read() as connection:
            return rows.find_requests(connection, *where, limit=limit)

    def card(self, request_id: str) -> str:
        """A request's evidence card; empty when none was made yet."""
        requests = tables().requests
        query = requests.select().with_only_columns(requests.c.card).where(requests.c.id == request_id)
        with self._store.database().read() as connection:
            return str(connection.execute(query).scalar() or "")

    def set_card(self, request_id: str, markdown: str) -> None:
        """Keep a request's evidence card."""
        with self._store.database().write() as connection:
            rows.update_request(connection, request_id, self._clock(), card=markdown)

    def intact(self) -> None:
        """Raise StateError when the store is older than the ledger's anchor says: it was rolled back or cut."""
        try:
            self._ledger.check_tail()
        except StateError:
            # A new ledger's first record may have come between its two looks, at the anchor and at the store.
            self._ledger.check_tail()

    def request_of_run(self, run_id: str) -> ApprovalRequest | None:
        """The request that this run waits for, or waited for."""
        with self._store.database().read() as connection:
            record = rows.run_record(connection, run_id)
            return rows.one_request(connection, record.request) if record and record.request else None

    def requester_of_run(self, run_id: str) -> Requester | None:
        """Who asked for a run, as recorded when it was submitted; None for a run that was not."""
        with self._store.database().read() as connection:
            record = rows.run_record(connection, run_id)
            return record.requester if record else None

    @contextmanager
    def _change(self) -> Generator[Change]:
        database = self._store.database()
        head = None
        with database.write() as connection:
            database.lock(connection, tables().REQUEST_LOCK)
            change = Change(connection, self._clock())
            yield change
            if change.entries:
                head = self._ledger.record(connection, change.entries)
        if head is not None:
            self._ledger.anchor(head)

    def _move(
        self, change: Change, request: ApprovalRequest, state: State, why: str, who: str = "platform", **more: Any
    ) -> None:
        if state not in TRANSITIONS.get(request.state, ()):
            raise StateError(f"the request is {request.state} and cannot become {state}", where=request.id)
        rows.update_request(change.connection, request.id, change.now, state=state, reason=why)
        kind = "request" if request.open and state != "granted" else "grant"
        change.note(kind, who, state, request, why=why, **more)
