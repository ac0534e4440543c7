"""The lake's guard: nothing writes production but a run with a lease for exactly that.

It stands where the data is, so that no way to start a run leads around it, and it compares what was approved with
what is loaded in the very process that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from agents.core.approval import Lease
from agents.core.catalog import LAYERS, TableId
from agents.core.errors import ApprovalRequired

if TYPE_CHECKING:
    from resources.approvals import Approvals

PROD = "prod"
# These leave the rows as they are, or as they were: which spec is loaded makes no difference to them.
KEEPS_ROWS = frozenset({"restore", "optimize", "vacuum"})

_claims: ContextVar[tuple[tuple[TableId, str], ...]] = ContextVar("adp_claims", default=())


@contextmanager
def claim(table: TableId, digest: str) -> Generator[None]:
    """Say which spec the writes inside follow: `digest` is that of the table's spec as loaded in this process.

    It holds for the table's quarantine too, and in this thread alone.
    """
    token = _claims.set((*_claims.get(), (table, digest)))
    try:
        yield
    finally:
        _claims.reset(token)


class ProductionGuard:
    """Asked before each write, with the table that the storage path really is; raises ApprovalRequired.

    `approvals` opens the deployment's approvals, which only a write in production needs.
    """

    def __init__(self, approvals: Callable[[], Approvals], run_id: str) -> None:
        self._approvals, self._run_id = approvals, run_id
        self._reviewed: set[tuple[str, float]] = set()

    def __call__(self, table: TableId, operation: str) -> None:
        """Let the write pass, or raise. Other environments than production are not guarded."""
        if table.environment != PROD:
            return
        lease = self._lease(table, operation)
        listed = _listed(table, lease)
        if listed is None:
            raise _refused(table, operation, "it is not among the tables that were approved", self._run_id)
        claimed = _claimed(table, listed)
        if claimed is not None and claimed != lease.effects.assets[str(listed)]:
            raise _refused(table, operation, "the spec loaded here is not the one that was approved", self._run_id)
        if claimed is None and operation not in KEEPS_ROWS and not lease.effects.steps:
            raise _refused(table, operation, "nothing says which spec it follows", self._run_id)
        self._review(table, operation, lease, str(listed))

    def _lease(self, table: TableId, operation: str) -> Lease:
        lease = self._approvals().lease(self._run_id) if self._run_id else None
        if lease is None or lease.effects.environment != PROD:
            who = f"run {self._run_id} has no approval in force" if self._run_id else "this is no run"
            raise _refused(table, operation, who, self._run_id)
        return lease

    def _review(self, table: TableId, operation: str, lease: Lease, asset: str) -> None:
        """Ask the policy as this process loads it, once for each table and lease."""
        if (asset, lease.issued) in self._reviewed:
            return
        ruling = self._approvals().review(lease, asset)
        if ruling.verdict != "allow":
            raise _refused(table, operation, ruling.reason, self._run_id)
        self._reviewed.add((asset, lease.issued))


def base_of(quarantine: TableId) -> TableId | None:
    """The table whose quarantine, or log of what left it, this is; None for any other table."""
    layer, _, name = quarantine.name.removesuffix(".log").partition("_")
    if quarantine.layer != "quarantine" or layer not in LAYERS or not name:
        return None
    return TableId(quarantine.environment, layer, name)


def _listed(table: TableId, lease: Lease) -> TableId | None:
    """The leased table that this one is or belongs to."""
    return next((t for t in (table, base_of(table)) if t is not None and str(t) in lease.effects.assets), None)


def _claimed(table: TableId, listed: TableId) -> str | None:
    """The digest that was claimed last for a table, or for the one it belongs to."""
    return next((digest for named, digest in reversed(_claims.get()) if named in (table, listed)), None)


def _refused(table: TableId, operation: str, why: str, run_id: str) -> ApprovalRequired:
    return ApprovalRequired(
        f"{operation} in production needs an approval: {why}",
        where=str(table),
        fix="start the run in the deployment, where it is held until somebody approves it",
        run_id=run_id,
    )
