"""The rows of requests, runs and decisions, within somebody's transaction; nothing here decides anything."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from agents.core.approval import ApprovalRequest, Decision, Effects, Facts, Requester, RunFacts
from agents.core.digest import canonical_json
from agents.core.errors import StateError
from agents.core.risk import Risk
from resources.approvals_signed import decisions_from, requester_from, requester_json
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Row

    from resources.store_database import Database

_AT_ONCE = 500  # values in one IN (...): databases have a limit


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was found of a run when it was submitted, and what became of it."""

    run_id: str
    job: str
    digest: str
    requester: Requester
    verdict: str
    request: str
    partition: str
    goal: str
    at: float


# Requests


def insert_request(connection: Connection, request: ApprovalRequest) -> None:
    """Add a request; its runs and decisions are rows of their own, and so are its assets, by which it is found."""
    db = tables()
    connection.execute(
        db.requests.insert().values(
            id=request.id,
            state=request.state,
            digest=request.digest,
            environment=request.environment,
            effects=canonical_json(request.effects.to_json()),
            requester=canonical_json(requester_json(request.requester)),
            goal=request.goal,
            reason=request.reason,
            card="",
            escalations=request.escalations,
            created=request.created,
            expires=request.expires,
            updated=request.created,
            **asked(request.facts, request.risk, request.rules, request.quorum, request.groups),
        )
    )
    assets = [{"request_id": request.id, "asset": a, "spec_digest": d} for a, d in request.effects.assets.items()]
    if assets:
        connection.execute(db.grant_assets.insert(), assets)


def pending_of_assets(connection: Connection, assets: Sequence[str]) -> list[ApprovalRequest]:
    """The pending requests that name one of these assets."""
    db = tables()
    named, found = db.grant_assets.c, dict[str, ApprovalRequest]()
    for part in parts(assets):
        ids = db.grant_assets.select().with_only_columns(named.request_id).where(named.asset.in_(part))
        # Not by the index of states: there may be very many pending ones, and few of them name these assets.
        pending = (db.requests.c.state + "") == "pending"
        for request in find_requests(connection, pending, db.requests.c.id.in_(ids)):
            found[request.id] = request
    return list(found.values())


def asked(facts: Facts, risk: Risk, rules: Sequence[str], quorum: int, groups: Collection[str]) -> dict[str, Any]:
    """The columns that say what is asked for and why."""
    return {
        "facts": canonical_json(asdict(facts)),
        "risk": canonical_json({"level": risk.level, "reasons": list(risk.reasons)}),
        "rules": canonical_json(list(rules)),
        "quorum": quorum,
        "groups": canonical_json(sorted(groups)),
    }


def update_request(connection: Connection, request_id: str, now: float, **values: Any) -> None:
    """Change columns of a request."""
    requests = tables().requests
    connection.execute(requests.update().where(requests.c.id == request_id).values(updated=now, **values))


def one_request(connection: Connection, request_id: str) -> ApprovalRequest:
    """A request with its runs and decisions. Raises StateError for an unknown id."""
    found = find_requests(connection, tables().requests.c.id == request_id)
    if not found:
        raise StateError("no such request", where=request_id, fix="see `adp requests --all`")
    return found[0]


def find_requests(
    connection: Connection, *where: ColumnElement[bool], limit: int | None = None
) -> list[ApprovalRequest]:
    """Requests with their runs and decisions, newest first."""
    db = tables()
    query = db.requests.select().where(*where).order_by(db.requests.c.created.desc(), db.requests.c.id.desc())
    rows = connection.execute(query if limit is None else query.limit(limit)).fetchall()
    ids = [row.id for row in rows]
    runs, said = _runs(connection, ids), _decisions(connection, ids)
    return [_request(row, runs.get(row.id, ()), said.get(row.id, ())) for row in rows]


def _runs(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    runs, found = tables().run_records, dict[str, list[str]]()
    for part in parts(ids):
        query = runs.select().with_only_columns(runs.c.request_id, runs.c.run_id)
        query = query.where(runs.c.request_id.in_(part)).order_by(runs.c.at, runs.c.run_id)
        for row in connection.execute(query):
            found.setdefault(row.request_id, []).append(row.run_id)
    return found


def _decisions(connection: Connection, ids: Sequence[str]) -> dict[str, list[Decision]]:
    """Decisions by request. Who takes a grant back that they gave is there twice: the grant keeps what they said."""
    db, found = tables(), dict[str, list[Decision]]()
    for part in parts(ids):
        query = db.decisions.select().where(db.decisions.c.request_id.in_(part))
        for row in connection.execute(query.order_by(db.decisions.c.at, db.decisions.c.who)):
            found.setdefault(row.request_id, []).append(_decision(row))
    taken_back = [request for request, said in found.items() if any(d.choice == "revoke" for d in said)]
    for part in parts(taken_back):
        for row in connection.execute(db.grants.select().where(db.grants.c.request_id.in_(part))):
            given, said = decisions_from(json.loads(row.payload)["approvals"]), found[row.request_id]
            found[row.request_id] = [*given, *(decision for decision in said if decision not in given)]
    return found


def _request(row: Row[Any], runs: Iterable[str], decisions: Iterable[Decision]) -> ApprovalRequest:
    return ApprovalRequest(
        id=row.id,
        state=row.state,
        effects=Effects.from_json(json.loads(row.effects)),
        digest=row.digest,
        requester=requester_from(json.loads(row.requester)),
        facts=Facts(**json.loads(row.facts)),
        risk=_risk(json.loads(row.risk)),
        rules=tuple(json.loads(row.rules)),
        quorum=row.quorum,
        groups=frozenset(json.loads(row.groups)),
        goal=row.goal,
        created=row.created,
        expires=row.expires,
        runs=tuple(runs),
        decisions=tuple(decisions),
        reason=row.reason,
        escalations=row.escalations,
    )


def _risk(data: Mapping[str, Any]) -> Risk:
    return Risk(data["level"], tuple(data["reasons"]))


# Runs


def record_run(
    connection: Connection, database: Database, run: RunFacts, verdict: str, request: str, now: float
) -> None:
    """Record what was found of a run; who asked for it and when stand as they were first recorded."""
    values = {
        "run_id": run.run_id,
        "job": run.job,
        "digest": run.effects.digest,
        "requester": canonical_json(requester_json(run.requester)),
        "verdict": verdict,
        "request_id": request,
        "partition": run.partition,
        "goal": run.goal,
        "at": now,
    }
    database.upsert(connection, tables().run_records, values, ("digest", "verdict", "request_id"))


def run_record(connection: Connection, run_id: str) -> RunRecord | None:
    """What was recorded of a run."""
    found = find_runs(connection, tables().run_records.c.run_id == run_id)
    return found[0] if found else None


def find_runs(connection: Connection, *where: ColumnElement[bool]) -> list[RunRecord]:
    """Records of runs, oldest first."""
    runs = tables().run_records
    query = runs.select().where(*where).order_by(runs.c.at, runs.c.run_id)
    return [
        RunRecord(
            r.run_id,
            r.job,
            r.digest,
            requester_from(json.loads(r.requester)),
            r.verdict,
            r.request_id,
            r.partition,
            r.goal,
            r.at,
        )
        for r in connection.execute(query)
    ]


def set_verdict(connection: Connection, run_id: str, verdict: str) -> None:
    """Say what became of a run."""
    runs = tables().run_records
    connection.execute(runs.update().where(runs.c.run_id == run_id).values(verdict=verdict))


def held_runs(connection: Connection, states: Collection[str]) -> list[tuple[ApprovalRequest, list[RunRecord]]]:
    """Requests in these states with the runs that are held for them."""
    db = tables()
    in_state = db.requests.select().with_only_columns(db.requests.c.id).where(db.requests.c.state.in_(sorted(states)))
    held: dict[str, list[RunRecord]] = {}
    for record in find_runs(connection, db.run_records.c.verdict == "ask", db.run_records.c.request_id.in_(in_state)):
        held.setdefault(record.request, []).append(record)
    found = [r for part in parts(list(held)) for r in find_requests(connection, db.requests.c.id.in_(part))]
    return [(request, held[request.id]) for request in found]


# Decisions


def save_decision(connection: Connection, database: Database, request_id: str, decision: Decision) -> None:
    """Record a person's word; a later one of the same person replaces it."""
    values = {**asdict(decision), "request_id": request_id, "groups": canonical_json(sorted(decision.groups))}
    database.upsert(connection, tables().decisions, values, ("choice", "groups", "note", "run_id", "at"))


def _decision(row: Row[Any]) -> Decision:
    return Decision(row.who, row.choice, frozenset(json.loads(row.groups)), row.at, row.note, row.run_id)


def parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values in lots that fit into one statement."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
