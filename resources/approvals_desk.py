"""The desk where requests are decided: every step of a request, each in one transaction with its ledger records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from agents.core.approval import ApprovalRequest, Choice, Decision, Requester, Ruling, State
from agents.core.errors import Denied
from resources import store_approvals as rows
from resources.approvals_records import DAY, HOUR, Change, Records
from resources.approvals_rules import Question, rule, vouched
from resources.approvals_signed import grant_of
from resources.approvals_voting import check_policy, check_vote
from resources.secrets_said import refuse_secrets
from resources.store_goals import tables
from resources.store_grants import insert_grant, save_vote, votes_of

if TYPE_CHECKING:
    from agents.core.policy import Policy
    from resources.identity import Person

LONGEST_NOTE = 2000


class Desk(Records):
    """Requests and what people say of them; safe between threads and processes."""

    # Deciding

    def decide(
        self, request_id: str, choice: Choice, person: Person, *, note: str = "", run_id: str = ""
    ) -> ApprovalRequest:
        """Record the word of a person who proved who they are; the request as it then stands.

        `run_id` is the run of `platform/approvals` that said it. Raises Denied with the reason: a wrong role or group,
        an own request, one that is not pending, what policy forbids, or a note that holds a secret. Approvals that
        suffice make the grant.
        """
        refuse_secrets(note, "the note")
        self.intact()
        # Who asked stands in the ledger too: a row of the store that was edited hides nobody.
        asked = {record.entry.who for record in self._ledger.records(subject=request_id, kind="request")}
        try:
            with self._change() as change:
                request = rows.one_request(change.connection, request_id)
                decision = Decision(person.name, choice, person.groups, change.now, note[:LONGEST_NOTE], run_id)
                self._decided(change, request, decision, person, asked)
        except Denied as refusal:
            self._ledger.append(
                "decision", person.name, f"{choice}: refused", subject=request_id, why=refusal.what, trace=run_id
            )
            raise
        return self.request(request_id)

    def revoke(self, request_id: str, by: str, note: str = "") -> ApprovalRequest:
        """Take a grant back: runs under it write no more. Raises StateError when it is not granted."""
        refuse_secrets(note, "the note")
        with self._change() as change:
            request = rows.one_request(change.connection, request_id)
            self._move(change, request, "revoked", by_whom("revoked", by, note), by)
        return self.request(request_id)

    def cancel(self, request_id: str, why: str) -> ApprovalRequest:
        """Close a request or grant that nobody needs any more. Raises StateError when it is closed already."""
        with self._change() as change:
            self._move(change, rows.one_request(change.connection, request_id), "cancelled", why)
        return self.request(request_id)

    def cancel_run(self, run_id: str, why: str) -> ApprovalRequest | None:
        """A held run is gone: its request is cancelled with the last one. The request; None for a run not held."""
        runs = tables().run_records
        with self._change() as change:
            record = rows.run_record(change.connection, run_id)
            if record is None or record.verdict != "ask" or not record.request:
                return None
            rows.set_verdict(change.connection, run_id, "cancelled")
            request = rows.one_request(change.connection, record.request)
            left = rows.find_runs(change.connection, runs.c.request_id == request.id, runs.c.verdict == "ask")
            unused = request.state == "granted" and request.effects.single_use
            if not left and (request.open or unused):
                self._move(change, request, "cancelled", why)
        return self.request(record.request)

    def expire(self) -> list[ApprovalRequest]:
        """Expire requests that nobody decided in time and grants that have run out; what expired now."""
        requests, now = tables().requests, self._clock()
        due = (requests.c.state.in_(("pending", "granted")), requests.c.expires <= now)
        return self._each_due(due, lambda change, request: self._lapse(change, request))

    def escalate(self) -> list[ApprovalRequest]:
        """Count an escalation of each request that waits too long; those of now.

        `escalations` tells which of the limits' groups is to be told next: the first, then the second.
        """
        requests, now, limits = tables().requests, self._clock(), self.limits
        since = requests.c.created + (requests.c.escalations + 1) * limits.escalate_hours * HOUR
        due = (
            requests.c.state == "pending",
            requests.c.escalations < len(limits.escalate_groups),
            since <= now,
            requests.c.expires > now,
        )
        return self._each_due(due, self._escalated)

    # Inside a transaction

    def _each_due(self, due: Any, act: Callable[[Change, ApprovalRequest], None]) -> list[ApprovalRequest]:
        """Act on every request for which `due` is true; looked up again under the lock, as others may act too."""
        requests = tables().requests
        with self._store.database().read() as connection:
            if (
                connection.execute(requests.select().with_only_columns(requests.c.id).where(*due).limit(1)).first()
                is None
            ):
                return []
        with self._change() as change:
            found = rows.find_requests(change.connection, *due)
            for request in found:
                act(change, request)
        with self._store.database().read() as connection:
            return [rows.one_request(connection, request.id) for request in found]

    def _lapse(self, change: Change, request: ApprovalRequest) -> None:
        self._move(change, request, "expired", "nobody decided in time" if request.open else "the grant has run out")

    def _escalated(self, change: Change, request: ApprovalRequest) -> None:
        group = self.limits.escalate_groups[request.escalations]
        rows.update_request(change.connection, request.id, change.now, escalations=request.escalations + 1)
        change.note("request", "platform", f"escalated to {group}", request)

    def _decided(
        self, change: Change, request: ApprovalRequest, decision: Decision, person: Person, asked: Iterable[str]
    ) -> None:
        held = rows.find_runs(change.connection, tables().run_records.c.request_id == request.id)
        requesters = [request.requester, *(record.requester for record in held)]
        askers = {name for requester in requesters for name in (requester.name, *requester.claimed)} | {*asked}
        given = self._signed.votes(request, votes_of(change.connection, request))
        check_vote(request, decision.choice, person, askers, self._people.same, change.now, given)
        said = {"why": decision.note, "trace": decision.run_id, "facts": {"groups": sorted(person.groups)}}
        if decision.choice == "approve":
            self._approve(change, request, (*given, decision), person, requesters, said)
            return
        rows.save_decision(change.connection, self._store.database(), request.id, decision)
        change.note("decision", person.name, decision.choice, request, **said)
        state: State = "rejected" if decision.choice == "reject" else "revoked"
        self._move(
            change, request, state, f"{state} by {person.name}" + (f": {decision.note}" if decision.note else "")
        )

    def _approve(
        self,
        change: Change,
        request: ApprovalRequest,
        approvals: tuple[Decision, ...],
        person: Person,
        requesters: Iterable[Requester],
        said: dict[str, Any],
    ) -> None:
        """The last of the approvals is the one that is given now."""
        if request.effects.digest != request.digest:
            raise Denied("the request was changed in the store", where=request.id, fix="reject it, verify the ledger")
        policy, decision = self._policy(), approvals[-1]
        check_policy(policy, request, person, len(approvals) - 1, change.now)
        ruling = self._bar(policy, request, requesters, approvals, change.now)
        if ruling.verdict == "deny":
            raise Denied(ruling.reason, where=request.id, fix="see `adp policy check`", request=request.id)
        rows.save_decision(change.connection, self._store.database(), request.id, decision)
        save_vote(change.connection, self._store.database(), request, decision, self._keys)
        change.note("decision", person.name, "approve", request, **said)
        if ruling.verdict == "ask" and not ruling.waiting:
            asked = rows.asked(request.facts, ruling.risk, ruling.rules, ruling.quorum, ruling.groups)
            rows.update_request(change.connection, request.id, change.now, **asked)
            return
        grant = grant_of(request, approvals, change.now, change.now + self._lasts(request))
        insert_grant(change.connection, grant, self._keys)
        facts = {"expires": grant.expires, "approved_by": [approval.who for approval in approvals]}
        self._move(change, request, "granted", "", facts=facts)
        rows.update_request(change.connection, request.id, change.now, expires=grant.expires)

    def _lasts(self, request: ApprovalRequest) -> float:
        """For how many seconds a grant is good: one to read for as long as was asked, and never longer than others."""
        longest, access = self.limits.grant_days * DAY, request.effects.access
        return longest if access is None else min(longest, float(access["hours"]) * HOUR)

    def _bar(
        self,
        policy: Policy,
        request: ApprovalRequest,
        requesters: Iterable[Requester],
        approvals: tuple[Decision, ...],
        now: float,
    ) -> Ruling:
        """What policy says with these approvals, of whoever asked for it: the strictest ruling."""
        rulings = [
            rule(policy, Question(request.effects, request.facts, vouched(requester), now), approvals)
            for requester in dict.fromkeys(requesters)
        ]
        order = {"deny": 3, "ask": 2, "allow": 0}
        return max(rulings, key=lambda ruling: (order[ruling.verdict] - ruling.waiting, ruling.quorum))


def by_whom(state: State, who: str, note: str) -> str:
    """A state's reason in words: who brought it about, and their note."""
    return f"{state} by {who}: {note}" if note else f"{state} by {who}"
