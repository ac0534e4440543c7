"""Tools that let go of a table whole: its entry in the specs first, so that nothing makes it anew, then its files."""

from __future__ import annotations

from typing import Any

from agents.core.errors import Denied
from agents.core.registry import tool
from agents.tools.pins import validator
from agents.tools.session import Session
from agents.tools.specs import place_of
from assets.kinds.moves import log_id
from assets.kinds.quarantine import quarantine_id


@tool("dropping.retire", effect="delete")
def retire(session: Session, asset: str) -> dict[str, Any]:
    """Take a table's entry out of the specs; the outputs say with which commit.

    Raises Denied where a person wrote in the entry, where it lives in another environment too, or is under legal hold.
    """
    repo, found = place_of(session.platform, session.environment, asset)
    if found is None:
        return {"commit": ""}
    product, entry = found
    _may_go(entry, session.environment, asset, bool(repo.environment))
    change = repo.plan_removal(product, asset)
    if change.kept:
        kept = ", ".join(edit.path for edit in change.kept)
        fix = f"take the entry out of {repo.path(product)} yourself, then ask again"
        raise Denied(f"people wrote {kept} of {asset}", where=f"product {product}", fix=fix)
    checked = validator(session.platform, repo, product)
    commit = repo.apply(change, session.goal, session.agent, f"{asset}: deleted", checked)
    return {"commit": commit.id if commit else ""}


@tool("dropping.drop", effect="delete")
def drop(session: Session, asset: str) -> dict[str, int]:
    """Delete a table, its quarantine, log and archive with every file and version; how many files of each are gone."""
    platform, table = session.platform, session.table(asset)
    gone = {
        one.asset: platform.lake.drop(one)
        for one in (log_id(table), quarantine_id(table), table)
        if platform.lake.exists(one)
    }
    if platform.settings.lake_cold and platform.cold.exists(table):
        gone[f"cold/{asset}"] = platform.cold.drop(table)
    return gone


def _may_go(entry: dict[str, Any], environment: str, asset: str, pinned: bool) -> None:
    if (entry.get("retention") or {}).get("hold"):
        raise Denied("a legal hold is on the table", where=asset, fix="end the hold: retention.hold in its spec")
    others = [name for name in entry.get("environments") or ["dev"] if name != environment]
    if others and not pinned:
        raise Denied(f"{asset} also lives in {', '.join(others)}", where=asset, fix=f"delete it in {others[0]} first")
