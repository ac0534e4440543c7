"""What was approved before: a spec that nobody approved, or another one than was approved, is no mere refresh."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from agents.core.approval import ApprovalRequest, State
from agents.core.errors import PlatformError
from resources.markdown import Missing
from resources.platform import Platform

_ONCE_GRANTED: Collection[State] = ("granted", "expired", "revoked", "superseded", "cancelled")
_LOOKED_AT = 300


@dataclass(frozen=True, slots=True)
class Approved:
    """The newest request under which an asset was approved, and the digest of its spec then."""

    request: str
    digest: str


def approved_before(platform: Platform, request: ApprovalRequest) -> dict[str, Approved] | Missing:
    """By asset its newest approval; only the newest requests are looked at."""
    try:
        found = platform.approvals.requests(_ONCE_GRANTED, limit=_LOOKED_AT)
    except PlatformError as error:
        return Missing(f"former approvals cannot be read: {error.what}")
    last: dict[str, Approved] = {}
    for former in found:
        given = sum(decision.choice == "approve" for decision in former.decisions)
        if former.id == request.id or given < max(1, former.quorum):
            continue
        for asset, digest in former.effects.assets.items():
            last.setdefault(asset, Approved(former.id, digest))
    return last
