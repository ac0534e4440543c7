"""Approvals: which runs may change production, who has to say so, and what was said. The store is the truth.

A run is judged when it is submitted (`submit`: it passes, is held for a request, or is refused), when it starts
(`launch`: it gets a lease), and at every write (`lease`). People decide on requests (`decide`); what they approve
becomes a grant, which is signed and names exactly what it permits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agents.core.approval import ApprovalRequest, Decision, Lease, Ruling, RunFacts
from agents.core.errors import ApprovalRequired, Denied
from resources import store_approvals as rows
from resources.approvals_cover import Judgement
from resources.approvals_desk import Desk
from resources.approvals_intake import Intake
from resources.approvals_records import HOUR, Change, Limits
from resources.approvals_rules import Question, environment_of, rule
from resources.approvals_signed import Grant
from resources.ledger import Entry
from resources.store_grants import end_leases, lease_row, save_lease, use_grant

__all__ = ["Approvals", "Limits"]

# Requests in these states let no run start that was held for them.
_CLOSED = ("rejected", "expired", "cancelled", "superseded", "revoked")


class Approvals(Intake, Desk):
    """Requests, grants and leases of one deployment; safe between threads and processes."""

    def judge(self, run: RunFacts) -> Ruling:
        """What would become of this run now. Writes nothing."""
        with self._store.database().read() as connection:
            return self._judge.judge(connection, self._policy(), run, self._clock()).ruling

    def submit(self, run: RunFacts) -> Ruling:
        """Record a run and what becomes of it; a run that is to be held makes or joins a request.

        Submitted again, it gets the same answer. Raises Denied when policy forbids it, whoever approves.
        """
        if environment_of(run.effects) == "prod":
            self.intact()
        ruling = self.judge(run)
        if ruling.verdict == "allow":
            with self._store.database().write() as connection:
                rows.record_run(connection, self._store.database(), run, "allow", "", self._clock())
            return ruling
        with self._change() as change:  # judged again: under the lock nothing else is decided meanwhile
            ruling = self._taken_in(change, run)
        if ruling.verdict == "deny":
            raise Denied(ruling.reason, where=f"run {run.run_id}", fix="see `adp policy check`", rules=ruling.rules)
        return ruling

    def _taken_in(self, change: Change, run: RunFacts) -> Ruling:
        known = rows.run_record(change.connection, run.run_id)
        run = replace(run, requester=known.requester) if known else run
        ruling = self._judge.judge(change.connection, self._policy(), run, change.now).ruling
        if ruling.verdict == "ask":
            if known and known.request and known.verdict == "ask" and known.digest == run.effects.digest:
                request = rows.one_request(change.connection, known.request)
                return replace(ruling, request=request.id, quorum=request.quorum, groups=request.groups)
            return self._hold(change, run, ruling)
        rows.record_run(change.connection, self._store.database(), run, ruling.verdict, "", change.now)
        if ruling.verdict == "deny":
            denied = Entry("request", run.requester.name, "denied", f"run {run.run_id}", run.goal, run.effects.digest)
            change.entries.append(replace(denied, trace=run.run_id, facts={"rules": list(ruling.rules)}))
        return ruling

    def launch(self, run: RunFacts) -> Lease | None:
        """Judge a run anew as it starts, and lease it what it may write; None where that needs nobody's permission.

        A single-use grant is used up. Raises ApprovalRequired or Denied, and then the run never starts.
        """
        prod = environment_of(run.effects) == "prod"
        if prod:
            self.intact()
        else:
            ruling = self.judge(run)
            if ruling.verdict == "allow" and not ruling.approvals:
                return None
        try:
            with self._change() as change:
                return self._leased(change, run)
        except (ApprovalRequired, Denied) as refusal:
            with self._change() as change:
                self._refused(change, run, refusal)
            raise

    def _leased(self, change: Change, run: RunFacts) -> Lease:
        where = f"run {run.run_id}"
        known = rows.run_record(change.connection, run.run_id)
        run = replace(run, requester=known.requester) if known else run
        self._check_held(change, run, known)
        judged = self._judge.judge(change.connection, self._policy(), run, change.now)
        if judged.ruling.verdict == "deny":
            raise Denied(judged.ruling.reason, where=where, fix="see `adp policy check`")
        if judged.ruling.verdict == "ask":
            raise ApprovalRequired(
                f"no live grant covers what it would do now: {judged.ruling.reason}", where=where, fix="start it again"
            )
        for grant in judged.grants:
            if grant.single_use and not use_grant(change.connection, grant.request, run.run_id):
                raise ApprovalRequired("its grant was used by another run", where=where, fix="start it again")
        return self._issue(change, run, judged)

    def _check_held(self, change: Change, run: RunFacts, known: rows.RunRecord | None) -> None:
        """Refuse a run that was ended, or whose request was closed, whatever else would cover it."""
        where, row = f"run {run.run_id}", lease_row(change.connection, run.run_id)
        if (row is not None and row.ended) or (known and known.verdict in ("cancelled", "refused")):
            raise Denied("this run has ended already", where=where, fix="start a new one")
        if known and known.request and known.verdict == "ask":
            request = rows.one_request(change.connection, known.request)
            if request.state in _CLOSED:
                raise Denied(f"its request {request.id} is {request.state}", where=where, fix="start a new run")

    def _issue(self, change: Change, run: RunFacts, judged: Judgement) -> Lease:
        expires = min([change.now + self.limits.lease_hours * HOUR, *(grant.expires for grant in judged.grants)])
        lease = Lease(
            run.run_id,
            run.effects,
            run.facts,
            run.requester,
            tuple(grant.request for grant in judged.grants),
            judged.ruling.approvals,
            change.now,
            expires,
        )
        save_lease(change.connection, self._store.database(), lease, self._keys)
        known = rows.run_record(change.connection, run.run_id)
        if known and known.verdict == "ask":
            change.note_run("release", "platform", "held run started", run, known.request)
        held_for = known.request if known else ""
        rows.record_run(change.connection, self._store.database(), run, "launched", held_for, change.now)
        facts = {"expires": expires, "approved_by": [approval.who for approval in lease.approvals]}
        change.note_run("lease", run.requester.name, "issued", run, ", ".join(lease.requests), facts=facts)
        return lease

    def _refused(self, change: Change, run: RunFacts, refusal: ApprovalRequired | Denied) -> None:
        rows.set_verdict(change.connection, run.run_id, "refused")
        change.note_run("lease", run.requester.name, "refused", run, f"run {run.run_id}", why=refusal.what)

    def lease(self, run_id: str) -> Lease | None:
        """What a run may write now; None when it may not.

        That is: its lease is as it was signed, neither ended nor expired, and every grant behind it is still live.
        Raises StateError when the store was rolled back.
        """
        now = self._clock()
        with self._store.database().read() as connection:
            row = lease_row(connection, run_id) if run_id else None
            lease = self._signed.lease(row) if row is not None else None
            if lease is None or lease.ended or lease.expires <= now:
                return None
            if any(self._judge.live(connection, request, run_id, now) is None for request in lease.requests):
                return None
        if environment_of(lease.effects) == "prod":
            self.intact()
        return lease

    def standing(self, request_id: str) -> Grant | None:
        """A request's grant as it was signed, while it is neither used up, revoked nor expired."""
        with self._store.database().read() as connection:
            return self._judge.unused(connection, request_id, self._clock())

    def review(self, lease: Lease, asset: str) -> Ruling:
        """What the policy in force says of writing one of its assets, with the approvals that were given for that one.

        Its clock is the lease's start: what was let start in time may finish, or be taken back.
        """
        question = Question(lease.effects, lease.facts, lease.requester, lease.issued)
        with self._store.database().read() as connection:
            grants = [self._judge.live(connection, name, lease.run_id, self._clock()) for name in lease.requests]
        given = [g.approvals for g in grants if g and (asset in g.assets or g.digest == lease.effects.digest)]
        rulings = [rule(self._policy(), question, approvals, [asset]) for approvals in given or [()]]
        return next((ruling for ruling in rulings if ruling.verdict == "allow"), rulings[0])

    def end_leases(self, run_ids: Iterable[str]) -> None:
        """These runs write no more."""
        with self._change() as change:
            for run_id in end_leases(change.connection, list(run_ids)):
                change.entries.append(Entry("lease", "platform", "ended", f"run {run_id}", trace=run_id))

    def releasable(self) -> list[tuple[ApprovalRequest, tuple[str, ...]]]:
        """Granted requests with their held runs that policy lets go now; of a single-use grant, the first run."""
        now, found = self._clock(), list[tuple[ApprovalRequest, tuple[str, ...]]]()
        with self._store.database().read() as connection:
            for request, held in rows.held_runs(connection, ("granted",)):
                grant = self._judge.unused(connection, request.id, now)
                going = self._going(request, held, grant.approvals, now) if grant else []
                if going:
                    found.append((request, tuple(going[:1] if request.effects.single_use else going)))
        return found

    def _going(
        self, request: ApprovalRequest, held: Sequence[rows.RunRecord], approvals: Sequence[Decision], now: float
    ) -> list[str]:
        policy = self._policy()
        rulings = {
            requester: rule(policy, Question(request.effects, request.facts, requester, now), approvals)
            for requester in {record.requester for record in held}
        }
        return [record.run_id for record in held if rulings[record.requester].verdict == "allow"]

    def stranded(self) -> list[tuple[ApprovalRequest, tuple[str, ...]]]:
        """Closed requests with runs that are held for them still: these runs can never start.

        Cancel them in Dagster and say so with `cancel_run`, and they are not told again.
        """
        with self._store.database().read() as connection:
            closed = rows.held_runs(connection, _CLOSED)
        return [(request, tuple(record.run_id for record in held)) for request, held in closed]
