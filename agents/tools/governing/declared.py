"""What the specs declare of the tables of an environment: the pins where it was released, else `defs.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from resources.platform import Platform
from resources.specs_repo import SpecsRepo


def declared(platform: Platform, environment: str) -> dict[str, dict[str, Any]]:
    """By `layer/table` the entry in force, with its product's tags and owners; files that do not load are left out."""
    found: dict[str, dict[str, Any]] = {}
    for repo in (platform.releases(environment), platform.specs) if environment != "dev" else (platform.specs,):
        for product in repo.products():
            for entry in _entries(repo, product):
                asset = str(entry.get("asset") or f"{entry.get('layer')}/{entry.get('name')}")
                if environment in (entry.get("environments") or ["dev"]):
                    found.setdefault(asset, entry)
    return found


def declared_of(platform: Platform, table: TableId) -> dict[str, Any]:
    """The entry in force of one table; empty where no product has one."""
    return declared(platform, table.environment).get(table.asset, {})


def _entries(repo: SpecsRepo, product: str) -> list[dict[str, Any]]:
    try:
        attributes: Mapping[str, Any] = repo.read(product)
    except SpecError:
        return []  # the asset platform/specs shows it
    tags, owners = attributes.get("tags") or {}, attributes.get("owners") or []
    entries = [*(attributes.get("tables") or ()), *(attributes.get("extensions") or ())]
    return [
        {**entry, "tags": {**tags, **(entry.get("tags") or {})}, "owners": entry.get("owners") or owners}
        for entry in entries
    ]
