"""Tools that read and write the desired state: entries of the products' `defs.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.registry import tool
from agents.tools.pins import validator
from agents.tools.session import Session
from resources.platform import Platform
from resources.specs_repo import SpecsRepo

EXTENSIONS = "extensions"


@tool("specs.read", effect="read")
def read(session: Session, asset: str) -> dict[str, Any]:
    """The entry of `layer/table` as it stands; empty where no product has one."""
    return entry_of(session, asset)


@tool("specs.product_of", effect="read")
def product_of(session: Session, asset: str) -> str:
    """The product that holds an asset; one of its own for governance where none does."""
    found = place_of(session.platform, session.environment, asset)[1]
    return found[0] if found else "governance"


@tool("specs.product_for", effect="read")
def product_for(session: Session, sql: str) -> str | None:
    """The product that holds the first table which `sql` reads: what is computed from it belongs beside it."""
    from assets.kinds.lineage import reads

    for asset in reads(sql):
        if found := session.platform.specs.find(asset):
            return found[0]
    return None


@tool("specs.write", effect="write_spec")
def write(session: Session, asset: str, product: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Make the entry of `layer/table` say what `entry` says; what a person wrote stays as it is.

    What no product holds and has no source, SQL or base to mask is a person's Python asset: it is extended.
    Validated before it is written; the outputs say what was set and kept, and the commit.
    """
    return write_entry(session, asset, product, entry)


def write_entry(session: Session, asset: str, product: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What `specs.write` does, for other tools."""
    repo, found = place_of(session.platform, session.environment, asset)
    name = found[0] if found else product or EXTENSIONS
    desired = dict(entry)
    if found and not repo.environment:
        desired = _merged_environments(found[1], desired)
    if (found and "asset" in found[1]) or not (found or {"source", "sql", "masked"} & desired.keys()):
        desired["asset"] = asset
    change = repo.plan_change(name, asset, desired, session.agent)
    commit = repo.apply(
        change, session.goal, session.agent, f"{asset}: {_words(desired)}", validator(session.platform, repo, name)
    )
    return {
        "product": name,
        "changed": [edit.path for edit in (*change.set, *change.removed)] if commit else [],
        "kept": [edit.path for edit in change.kept],
        "commit": commit.id if commit else "",
        "schedule": entry_of(session, asset).get("schedule"),
    }


def entry_of(session: Session, asset: str) -> dict[str, Any]:
    """What `specs.read` gives, for other tools."""
    return entry_in(session.platform, session.environment, asset)


def entry_in(platform: Platform, environment: str, asset: str) -> dict[str, Any]:
    """The same for code that serves no agent."""
    found = place_of(platform, environment, asset)[1]
    return found[1] if found else {}


def place_of(platform: Platform, environment: str, asset: str) -> tuple[SpecsRepo, tuple[str, dict[str, Any]] | None]:
    """Where an asset's entry for an environment stands: its pin where it was released, else `defs.yaml`."""
    if environment != "dev":
        pins = platform.releases(environment)
        if found := pins.find(asset):
            return pins, found
    return platform.specs, platform.specs.find(asset)


def _merged_environments(current: Mapping[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """A table that lives in staging goes on to live there when dev is asked for."""
    if "environments" in desired:
        desired["environments"] = list(dict.fromkeys([*current.get("environments", []), *desired["environments"]]))
    return desired


def _words(desired: Mapping[str, Any]) -> str:
    named = [key for key in desired if key not in ("name", "layer", "asset", "environments")]
    return f"set {', '.join(named)}"
