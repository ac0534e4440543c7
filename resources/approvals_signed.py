"""What webserver and daemon sign: grants and leases, as the text that the signature covers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from agents.core.approval import ApprovalRequest, Decision, Effects, Facts, Lease, Requester

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

    from resources.keys import Keys

_KEPT = 4096  # signatures whose check is remembered: each costs a tenth of a millisecond


@dataclass(frozen=True, slots=True)
class Grant:
    """The permission for one digest. `assets` are those whose refresh it also covers, with their specs' digests."""

    request: str
    digest: str
    environment: str
    single_use: bool
    assets: Mapping[str, str]
    approvals: tuple[Decision, ...]
    granted: float
    expires: float

    def to_json(self) -> dict[str, Any]:
        """What is signed."""
        return {
            "kind": "grant",
            "request": self.request,
            "digest": self.digest,
            "environment": self.environment,
            "single_use": self.single_use,
            "assets": dict(self.assets),
            "approvals": decisions_json(self.approvals),
            "granted": self.granted,
            "expires": self.expires,
        }


def grant_of(request: ApprovalRequest, approvals: Sequence[Decision], now: float, expires: float) -> Grant:
    """The grant for what a request asks."""
    effects = request.effects
    return Grant(
        request.id,
        effects.digest,
        effects.environment,
        effects.single_use,
        refreshable(effects),
        tuple(approvals),
        now,
        expires,
    )


def refreshable(effects: Effects) -> dict[str, str]:
    """Assets that may be written again as their specs say: only where whole assets were to be written like that."""
    partial = effects.selection or effects.tags or (effects.config and not effects.steps)
    if effects.single_use or partial or "write_data" not in effects.effects:
        return {}
    return {asset: spec for asset, spec in effects.assets.items() if asset.split("/")[0] == effects.environment}


def lease_json(lease: Lease) -> dict[str, Any]:
    """What is signed of a lease; whether it has ended is not."""
    return {
        "kind": "lease",
        "run_id": lease.run_id,
        "effects": lease.effects.to_json(),
        "facts": asdict(lease.facts),
        "requester": requester_json(lease.requester),
        "requests": list(lease.requests),
        "approvals": decisions_json(lease.approvals),
        "issued": lease.issued,
        "expires": lease.expires,
    }


def vote_json(request: ApprovalRequest, decision: Decision) -> dict[str, Any]:
    """What is signed of a person's approval: on which request, of what."""
    return {"kind": "vote", "request": request.id, "digest": request.digest, **decisions_json([decision])[0]}


class Signed:
    """Reads signed rows; what is not exactly as it was signed does not exist."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._good: dict[tuple[str, str], None] = {}

    def grant(self, row: Row[Any]) -> Grant | None:
        """The grant of a row, or None when it was forged, changed, or belongs to another request."""
        data = self._payload(row.payload, row.signature, "grant")
        if data is None or (data["request"], data["digest"]) != (row.request_id, row.digest):
            return None
        return Grant(
            data["request"],
            data["digest"],
            data["environment"],
            bool(data["single_use"]),
            dict(data["assets"]),
            decisions_from(data["approvals"]),
            float(data["granted"]),
            float(data["expires"]),
        )

    def votes(self, request: ApprovalRequest, rows: Iterable[Row[Any]]) -> tuple[Decision, ...]:
        """The approvals of a request that were signed for exactly what it asks; rows of anybody else are none."""
        found = [self._payload(row.payload, row.signature, "vote") for row in rows]
        mine = [data for data in found if data and (data["request"], data["digest"]) == (request.id, request.digest)]
        return decisions_from([data for data in mine if data["choice"] == "approve"])

    def lease(self, row: Row[Any]) -> Lease | None:
        """The lease of a row, or None when it was forged, changed, or belongs to another run."""
        data = self._payload(row.payload, row.signature, "lease")
        if data is None or data["run_id"] != row.run_id:
            return None
        return Lease(
            data["run_id"],
            Effects.from_json(data["effects"]),
            Facts(**data["facts"]),
            requester_from(data["requester"]),
            tuple(data["requests"]),
            decisions_from(data["approvals"]),
            float(data["issued"]),
            float(data["expires"]),
            bool(row.ended),
        )

    def _payload(self, payload: str, signature: str, kind: str) -> dict[str, Any] | None:
        try:
            data = json.loads(payload)
        except ValueError:
            return None
        if not isinstance(data, dict) or data.get("kind") != kind:
            return None
        known = (payload, signature)
        if known not in self._good:
            if not self._keys.verify(data, signature):
                return None
            if len(self._good) >= _KEPT:
                self._good.clear()
            self._good[known] = None
        return data


def decisions_json(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """Decisions as plain values."""
    return [{**asdict(decision), "groups": sorted(decision.groups)} for decision in decisions]


def decisions_from(data: Sequence[Mapping[str, Any]]) -> tuple[Decision, ...]:
    """The inverse of `decisions_json`."""
    return tuple(Decision(d["who"], d["choice"], frozenset(d["groups"]), d["at"], d["note"], d["run_id"]) for d in data)


def requester_json(requester: Requester) -> dict[str, Any]:
    """A requester as plain values."""
    return {"name": requester.name, "known": requester.known, "claimed": list(requester.claimed)}


def requester_from(data: Mapping[str, Any]) -> Requester:
    """The inverse of `requester_json`."""
    return Requester(data["name"], bool(data["known"]), tuple(data["claimed"]))
