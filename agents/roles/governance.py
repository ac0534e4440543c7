"""The governance agent: finds and masks personal data, lets rows go when their time is over, says what complies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.errors import Denied, RunFailed
from agents.core.gate import Work
from agents.core.plan import AFTER
from agents.core.registry import agent
from agents.tools import ready, runs, specs
from agents.tools.governing import copies, retention

GOVERNANCE = agent(
    "governance",
    "Finds personal data and masks it, keeps rows as long as they may be kept, and says what regulations lack.",
    after=AFTER["governance"],
)
ERASED = ("table", "rows before", "rows now", "data files", "files in the folder", "readable versions")


@GOVERNANCE.action("retain", effects=("write_spec",))
def retain(work: Work, asset: str, keep_days: int, then: str = "archive") -> Mapping[str, Any]:
    """Declare how long rows are kept; what is due already is asked for in a goal of its own, which people decide on."""
    rule = {"column": work.call(retention.column, asset=asset), "keep_days": keep_days, "then": then}
    written = work.call(specs.write, asset=asset, product="", entry={"retention": rule})
    due = work.call(retention.due, asset=asset)
    out: dict[str, Any] = {"dataset": asset, **written, "due": due.to_json()}
    told = f"{due.due:,} of {due.rows:,} rows are older than {due.before} by {due.column}"
    told += f", {due.undated:,} say no age and stay" if due.undated else ""
    if due.against:
        told += f"; nothing leaves: {due.against}"
    elif due.due or due.quarantined:
        out["goal"] = work.call(
            ready.submit,
            text=f"Retention of {asset}: {then} rows older than {due.before}",
            steps=[("governance", "expire", _expiry(work, asset, due.before))],
            key=f"expire:{asset}:{due.before}",
        )
        told += f"; {out['goal']} asks people to let them go"
    return {**out, "told": [told]}


@GOVERNANCE.action("expire", effects=("write_data", "delete"))
def expire(work: Work, asset: str, before: str, assets: list[str] | None = None) -> Mapping[str, Any]:
    """Archive what retention says, delete rows older than `before` from the table and all copies, and prove it.

    `assets` are the table and what is computed from it, as people approved them. Safe to repeat from any point.
    """
    due = work.call(retention.due, asset=asset, before=before)
    if due.against:
        raise Denied(f"nothing may be deleted: {due.against}", where=asset)
    readers = work.call(copies.readers, asset=asset)
    before_counts = work.call(copies.count, assets=[asset, *readers])
    archived = work.call(retention.archive, asset=asset, before=before) if due.then == "archive" else 0
    gone = work.call(retention.delete, asset=asset, before=before)
    proofs = _forgotten(work, [asset], readers)
    left = work.call(retention.due, asset=asset, before=before)
    if left.due or left.quarantined:
        raise RunFailed(f"{left.due + left.quarantined:,} rows are still there", where=asset, fix="run it again")
    told = f"`{asset}`: {archived:,} rows archived, {sum(gone.values()):,} deleted (older than {before}), none is left"
    return {
        "dataset": asset,
        "archived": archived,
        "deleted": gone,
        "proof": [proof.to_json() for proof in proofs],
        "told": [told],
        "shown": {"title": "Gone from every version", "header": ERASED, "rows": _rows(before_counts, proofs)},
    }


def _expiry(work: Work, asset: str, before: str) -> dict[str, Any]:
    return {"asset": asset, "before": before, "assets": [asset, *work.call(copies.readers, asset=asset)]}


def _forgotten(work: Work, assets: list[str], readers: list[str]) -> list[copies.Proof]:
    """Compute anew what was computed from these tables, then leave nothing but the newest version of all of them."""
    if readers:
        child = work.call(runs.materialize, assets=readers)
        if not child.success:
            fix = f"see run {child.run_id}, then run this again"
            raise RunFailed(f"{child.error}; copies may still hold the rows", where=", ".join(readers), fix=fix)
    return work.call(copies.purge, assets=[*assets, *readers])


def _rows(before: Mapping[str, int], proofs: list[copies.Proof]) -> list[list[Any]]:
    return [[p.table, before.get(p.table, 0), p.rows, p.files, p.lying, p.versions] for p in proofs]
