"""How a held run comes to its request: it joins a pending one, or makes one that may replace older ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from agents.core.approval import ApprovalRequest, Effects, Facts, Requester, Ruling, RunFacts
from agents.core.errors import Denied
from resources import store_approvals as rows
from resources.approvals_records import HOUR, Change, Records
from resources.approvals_rules import Question, environment_of, rule, vouched
from resources.store_goals import tables


class Intake(Records):
    """Takes in runs that policy asks for."""

    def _hold(self, change: Change, run: RunFacts, ruling: Ruling) -> Ruling:
        """Hold a run for its request, as the ruling asks for; the ruling that names the request."""
        if ruling.request:  # granted already: nothing but the time is against it
            request = rows.one_request(change.connection, ruling.request)
            return self._attach(change, run, replace(ruling, quorum=request.quorum, groups=request.groups), request)
        ruling = self._strict(change, run, ruling)
        for request, twin in self._pending(change, run):
            if twin is not None and twin.run_id != run.run_id:
                told = f"run {twin.run_id} is held for the very same thing, in {request.id}"
                ruling = replace(ruling, duplicate_of=twin.run_id, reason=told)
            elif twin is None and run.effects.single_use:
                continue  # a permission for one run cannot serve two
            return self._join(change, run, ruling, request)
        return self._ask(change, run, ruling)

    def _strict(self, change: Change, run: RunFacts, ruling: Ruling) -> Ruling:
        """What a new permission needs: more than a refresh under one that people gave, where nobody is known to ask."""
        asked = rule(self._policy(), Question(run.effects, run.facts, vouched(run.requester), change.now))
        if asked.verdict != "ask":
            return ruling
        return replace(ruling, quorum=asked.quorum, groups=asked.groups, rules=asked.rules, reason=asked.reason)

    def _pending(self, change: Change, run: RunFacts) -> Iterator[tuple[ApprovalRequest, rows.RunRecord | None]]:
        """The pending requests of exactly this digest, with the first run that is held for the very same thing."""
        db = tables()
        c, r = db.requests.c, db.run_records.c
        for request in rows.find_requests(
            change.connection, c.digest == run.effects.digest, c.state == "pending", c.expires > change.now
        ):
            same = (r.partition == run.partition) & (r.goal == run.goal) & (r.job == run.job)
            twins = rows.find_runs(change.connection, r.request_id == request.id, r.verdict == "ask", same)
            yield request, twins[0] if twins else None

    def _join(self, change: Change, run: RunFacts, ruling: Ruling, request: ApprovalRequest) -> Ruling:
        """Hold it for a pending request. What that asks for never becomes less by who joins."""
        ruling = replace(
            ruling,
            quorum=max(ruling.quorum, request.quorum),
            groups=ruling.groups | request.groups,
            rules=tuple(dict.fromkeys((*request.rules, *ruling.rules))),
        )
        asked = rows.asked(run.facts, ruling.risk, ruling.rules, ruling.quorum, ruling.groups)
        rows.update_request(change.connection, request.id, change.now, **asked)
        return self._attach(change, run, ruling, request)

    def ask(self, effects: Effects, requester: Requester, facts: Facts) -> Ruling:
        """Ask people for something that no run waits for; joins the pending request of exactly that.

        The ruling names the request, or says that none is needed. Raises Denied when no approval would change it.
        """
        with self._change() as change:
            ruling = rule(self._policy(), Question(effects, facts, requester, change.now))
            if ruling.verdict == "ask":
                c = tables().requests.c
                same = (c.digest == effects.digest, c.state == "pending", c.expires > change.now)
                request = next(iter(rows.find_requests(change.connection, *same)), None)
                if request is None:
                    request = self._made(change, effects, requester, facts, ruling)
                    rows.insert_request(change.connection, request)
                    change.note("request", requester.name, "asked", request, facts=_noted(effects, ruling))
                return replace(ruling, request=request.id)
        if ruling.verdict == "deny":
            fix = "see `adp policy check`"
            raise Denied(ruling.reason, where=", ".join(effects.assets), fix=fix, rules=ruling.rules)
        return ruling

    def _ask(self, change: Change, run: RunFacts, ruling: Ruling) -> Ruling:
        """Make a request, in the place of older ones of the same tables."""
        request = self._made(change, run.effects, run.requester, run.facts, ruling, run.goal)
        gone = self._supersede(change, run.effects, request.id)
        rows.insert_request(change.connection, request)
        return self._attach(change, run, replace(ruling, superseded_runs=gone), request)

    def _made(
        self, change: Change, effects: Effects, requester: Requester, facts: Facts, ruling: Ruling, goal: str = ""
    ) -> ApprovalRequest:
        database = self._store.database()
        return ApprovalRequest(
            id=f"AR-{database.next_number(change.connection, 'request'):06d}",
            state="pending",
            effects=effects,
            digest=effects.digest,
            requester=requester,
            facts=facts,
            risk=ruling.risk,
            rules=ruling.rules,
            quorum=ruling.quorum,
            groups=ruling.groups,
            goal=goal,
            created=change.now,
            expires=change.now + self.limits.pending_hours * HOUR,
        )

    def _attach(self, change: Change, run: RunFacts, ruling: Ruling, request: ApprovalRequest) -> Ruling:
        rows.record_run(change.connection, self._store.database(), run, "ask", request.id, change.now)
        facts = _noted(run.effects, ruling)
        change.note("request", run.requester.name, "run held", request, why=run.goal, trace=run.run_id, facts=facts)
        return replace(ruling, request=request.id)

    def _supersede(self, change: Change, effects: Effects, by: str) -> tuple[str, ...]:
        """Close the pending requests that this one replaces; the runs that were held for them."""
        gone: list[str] = []
        for request in rows.pending_of_assets(change.connection, sorted(effects.assets)):
            if replaces(effects, request.effects):
                self._move(change, request, "superseded", f"{by} asks for what these tables are to be now")
                gone += request.runs
        return tuple(gone)


def _noted(effects: Effects, ruling: Ruling) -> dict[str, object]:
    return {
        "environment": environment_of(effects),
        "effects": sorted(effects.effects),
        "risk": ruling.risk.level,
        "rules": list(ruling.rules),
        "quorum": ruling.quorum,
        "groups": sorted(ruling.groups),
    }


def replaces(new: Effects, old: Effects) -> bool:
    """Whether asking for `new` means that `old` is not wanted any more.

    That is so for the same work on the same assets with other specs or inputs, and for a refresh whose specs are no
    longer what is loaded. Other work on the same assets is another wish: a nightly refresh never cancels a promotion.
    """
    if new.environment != old.environment or new.digest == old.digest or not new.assets:
        return False
    if new.refresh and old.refresh:
        return any(old.assets.get(asset, spec) != spec for asset, spec in new.assets.items())
    return _work(new) == _work(old) and new.assets.keys() == old.assets.keys()


def _work(effects: Effects) -> tuple[Sequence[str], ...]:
    """What is done, whatever it is done with."""
    steps = sorted(f"{step.get('agent')}.{step.get('action')}" for step in effects.steps)
    return steps, sorted(effects.effects), sorted(effects.selection), sorted(effects.unknown), sorted(effects.tags)
