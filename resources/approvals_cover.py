"""Which live grants cover a run: one of exactly its digest, or some that list each asset it refreshes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agents.core.approval import Decision, Ruling, RunFacts
from resources.approvals_rules import Question, rule
from resources.approvals_signed import Grant, Signed
from resources.store_approvals import RunRecord, run_record
from resources.store_grants import grants_for, grants_listing, live_grant

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from agents.core.policy import Policy

# What policy says with somebody's approvals, of all assets (None) or of some.
Ask = Callable[[Sequence[Decision], Iterable[str] | None], Ruling]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A ruling and the grants it rests on."""

    ruling: Ruling
    grants: tuple[Grant, ...] = ()


class Judge:
    """Judges runs against the grants of a store."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed

    def judge(self, connection: Connection, policy: Policy, run: RunFacts, now: float) -> Judgement:
        """The ruling on a run, with the grants that policy is satisfied with if there are any."""
        question = Question(run.effects, run.facts, run.requester, now)

        def ask(approvals: Sequence[Decision], assets: Iterable[str] | None) -> Ruling:
            return rule(policy, question, approvals, None if assets is None else list(assets))

        alone = ask((), None)
        if alone.verdict != "ask":
            return Judgement(alone)
        found = self._by_digest(connection, run, ask, now)
        if found is None and run.effects.refresh and run.effects.assets:
            found = self._by_assets(connection, run, ask, now)
        return found or Judgement(alone)

    def live(self, connection: Connection, request_id: str, run_id: str, now: float) -> Grant | None:
        """A request's grant, as far as this run may write under it now."""
        return self._grant(connection, request_id, run_id, now)

    def unused(self, connection: Connection, request_id: str, now: float) -> Grant | None:
        """A request's grant, as far as a run may start under it now."""
        return self._grant(connection, request_id, "", now)

    def _grant(self, connection: Connection, request_id: str, used_by: str, now: float) -> Grant | None:
        row = live_grant(connection, request_id, now)
        grant = self._signed.grant(row) if row is not None else None
        if row is None or grant is None or grant.expires <= now:
            return None
        return None if grant.single_use and row.used_by != used_by else grant

    def _by_digest(self, connection: Connection, run: RunFacts, ask: Ask, now: float) -> Judgement | None:
        rows = grants_for(connection, run.effects.digest, now)
        record = run_record(connection, run.run_id) if rows else None
        waiting: Judgement | None = None
        for row in rows:
            grant = self._signed.grant(row)
            if grant is None or grant.expires <= now or not _usable(grant, row.used_by, run, record):
                continue
            ruling = ask(grant.approvals, None)
            if ruling.verdict == "allow":
                return Judgement(ruling, (grant,))
            if ruling.waiting and waiting is None:
                waiting = Judgement(replace(ruling, request=grant.request), (grant,))
        return waiting

    def _by_assets(self, connection: Connection, run: RunFacts, ask: Ask, now: float) -> Judgement | None:
        """Grants that together list every asset. Policy is asked about each grant's assets with its approvals."""
        grants, listing = self._listing(connection, run, now)
        left, used, rulings = dict(run.effects.assets), list[Grant](), list[Ruling]()
        while left:
            offered = [name for name in listing.get(next(iter(left)), ()) if name in grants]
            if not offered:
                return None
            grant = grants.pop(offered[0])
            covered = [asset for asset in left if grant.request in listing.get(asset, ())]
            ruling = ask(grant.approvals, covered)
            if ruling.verdict == "allow" or ruling.waiting:
                used.append(grant)
                rulings.append(ruling)
                for asset in covered:
                    del left[asset]
        return Judgement(_together(rulings, used), tuple(used))

    def _listing(
        self, connection: Connection, run: RunFacts, now: float
    ) -> tuple[dict[str, Grant], dict[str, list[str]]]:
        """The grants that list an asset of the run, and their requests by asset, newest first."""
        assets, grants, listing = dict(run.effects.assets), dict[str, Grant | None](), dict[str, list[str]]()
        for asset, row in grants_listing(connection, assets, now):
            if row.request_id not in grants:
                grants[row.request_id] = self._signed.grant(row)
            grant = grants[row.request_id]
            if grant is None or grant.single_use or grant.expires <= now:
                continue
            # The list that counts is the signed one; the rows only find it.
            if grant.environment == run.effects.environment and grant.assets.get(asset) == assets[asset]:
                listing.setdefault(asset, []).append(grant.request)
        return {name: grant for name, grant in grants.items() if grant is not None}, listing


def _usable(grant: Grant, used_by: str, run: RunFacts, record: RunRecord | None) -> bool:
    """A single-use grant is for the runs that were held for it, and for the first of these."""
    if grant.environment != run.effects.environment:
        return False
    if not grant.single_use:
        return True
    return record is not None and record.request == grant.request and used_by in ("", run.run_id)


def _together(rulings: Sequence[Ruling], grants: Sequence[Grant]) -> Ruling:
    waiting = next(((r, g) for r, g in zip(rulings, grants, strict=True) if r.waiting), None)
    approvals = tuple(dict.fromkeys(decision for grant in grants for decision in grant.approvals))
    rules = tuple(dict.fromkeys(name for ruling in rulings for name in ruling.rules))
    if waiting is not None:
        return replace(waiting[0], request=waiting[1].request, rules=rules, approvals=approvals)
    return replace(rulings[0], rules=rules, approvals=approvals)
