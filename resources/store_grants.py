"""The rows of grants and leases, within somebody's transaction; nothing here decides anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from agents.core.approval import ApprovalRequest, Decision, Lease
from agents.core.digest import canonical_json
from resources.approvals_signed import Grant, lease_json, vote_json
from resources.store_approvals import parts
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection, Row

    from resources.keys import Keys
    from resources.store_database import Database


def save_vote(
    connection: Connection, database: Database, request: ApprovalRequest, decision: Decision, keys: Keys
) -> None:
    """Sign and store an approval; a later one of the same person replaces it."""
    payload = vote_json(request, decision)
    values = {"request_id": request.id, "who": decision.who, "payload": canonical_json(payload)}
    values["signature"] = keys.sign(payload)
    database.upsert(connection, tables().votes, values, ("payload", "signature"))


def votes_of(connection: Connection, request: ApprovalRequest) -> Sequence[Row[Any]]:
    """Rows of the approvals of a request; what they are worth only their signature tells."""
    votes = tables().votes
    return connection.execute(votes.select().where(votes.c.request_id == request.id).order_by(votes.c.who)).fetchall()


def insert_grant(connection: Connection, grant: Grant, keys: Keys) -> None:
    """Sign and store a grant."""
    db, payload = tables(), grant.to_json()
    connection.execute(
        db.grants.insert().values(
            request_id=grant.request,
            digest=grant.digest,
            used_by="",
            expires=grant.expires,
            payload=canonical_json(payload),
            signature=keys.sign(payload),
        )
    )


def grants_for(connection: Connection, digest: str, now: float) -> Sequence[Row[Any]]:
    """Rows of the live grants of a digest, newest first; what they are worth only their signature tells."""
    return connection.execute(_live("digest"), {"is": digest, "now": now}).fetchall()


def grants_listing(connection: Connection, assets: Mapping[str, str], now: float) -> Iterator[tuple[str, Row[Any]]]:
    """`(asset, grant row)` of the live grants that list an asset with this digest, newest grant first."""
    for part in parts(list(assets)):
        sought = {"assets": part, "specs": sorted({assets[asset] for asset in part}), "now": now}
        for row in connection.execute(_listing(), sought):
            if assets[row.asset] == row.spec_digest:
                yield row.asset, row


def live_grant(connection: Connection, request_id: str, now: float) -> Row[Any] | None:
    """The row of a request's grant while it is live."""
    return connection.execute(_live("request_id"), {"is": request_id, "now": now}).first()


# Every run is judged with these, so they are put together once: that takes longer than to carry them out.


@cache
def _live(column: str = "") -> Select[Any]:
    """Grants that have not expired `now` and whose request is granted still; those where a column `is` something."""
    import sqlalchemy as sa

    db = tables()
    query = sa.select(db.grants).join(db.requests, db.requests.c.id == db.grants.c.request_id)
    query = query.where(db.requests.c.state == "granted", db.grants.c.expires > sa.bindparam("now"))
    if column:
        query = query.where(db.grants.c[column] == sa.bindparam("is"))
    return query.order_by(db.grants.c.expires.desc(), db.grants.c.request_id.desc())


@cache
def _listing() -> Select[Any]:
    """Those that list one of the `assets` with one of the `specs`."""
    import sqlalchemy as sa

    db = tables()
    listed = db.grant_assets
    query = _live().join(listed, listed.c.request_id == db.grants.c.request_id)
    query = query.where(listed.c.asset.in_(sa.bindparam("assets", expanding=True)))
    query = query.where(listed.c.spec_digest.in_(sa.bindparam("specs", expanding=True)))
    return query.add_columns(listed.c.asset, listed.c.spec_digest)


def use_grant(connection: Connection, request_id: str, run_id: str) -> bool:
    """Use up a single-use grant; False when another run has."""
    grants = tables().grants
    free = (grants.c.request_id == request_id) & grants.c.used_by.in_(("", run_id))
    return connection.execute(grants.update().where(free).values(used_by=run_id)).rowcount > 0


def save_lease(connection: Connection, database: Database, lease: Lease, keys: Keys) -> None:
    """Sign and store a run's lease."""
    payload = lease_json(lease)
    values = {
        "run_id": lease.run_id,
        "expires": lease.expires,
        "ended": False,
        "payload": canonical_json(payload),
        "signature": keys.sign(payload),
    }
    database.upsert(connection, tables().leases, values, ("expires", "payload", "signature"))


def end_leases(connection: Connection, run_ids: Sequence[str]) -> list[str]:
    """End the leases of these runs; those that had not ended before."""
    leases, ended = tables().leases, list[str]()
    for part in parts(run_ids):
        change = leases.update().where(leases.c.run_id.in_(part), leases.c.ended.is_(False)).values(ended=True)
        ended += connection.execute(change.returning(leases.c.run_id)).scalars()
    return ended


def lease_row(connection: Connection, run_id: str) -> Row[Any] | None:
    """The row of a run's lease."""
    leases = tables().leases
    return connection.execute(leases.select().where(leases.c.run_id == run_id)).first()
