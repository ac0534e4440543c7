"""What `adp quality docs` writes: tables judged by the rules their specs have now, as Data Docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError, TableNotFound
from assets.kinds.spec import Column, Rule
from platform_defs.commands.printing import progress
from platform_defs.here import deployed
from resources.platform import Platform


def write_quality_docs(assets: Sequence[str], folder: Path, environment: str) -> dict[str, Any]:
    """Judge the assets, or all tables with rules, and write the pages: `{index, assets: {name: {rules, passed}}}`."""
    from assets.kinds.judging import judge
    from assets.kinds.rules.data_docs import write_docs

    platform, now = deployed(), datetime.now(UTC)
    rules = _rules(platform, environment)
    wanted = list(dict.fromkeys(assets)) or [asset for asset in rules if platform.lake.exists(_id(asset, environment))]
    for asset in wanted:
        if asset not in rules or not platform.lake.exists(_id(asset, environment)):
            what = "has no rules" if asset not in rules else f"is not in the {environment} lake"
            raise TableNotFound(f"{asset} {what}", fix="see the tables with adp catalog, the rules with adp doctor")
    if not wanted:
        raise TableNotFound(
            f"no table of the {environment} lake has rules", fix="adp goal 'Check the quality of layer/table'"
        )
    results = {
        asset: list(judge(platform.lake, _id(asset, environment), found, asset, now, columns).values())
        for asset in wanted
        for found, columns in [rules[asset]]
    }
    index = write_docs(results, folder, environment, now)
    counts = {name: {"rules": len(found), "passed": sum(r.success for r in found)} for name, found in results.items()}
    return {"index": str(index), "assets": counts}


def _id(asset: str, environment: str) -> TableId:
    layer, _, name = asset.partition("/")
    return TableId(environment, layer, name)


def _rules(platform: Platform, environment: str) -> Mapping[str, tuple[Sequence[Rule], Mapping[str, Column]]]:
    """The rules and columns of each asset of an environment, as the specs have them; what is pinned goes before."""
    from pydantic import TypeAdapter

    adapter, known = TypeAdapter(list[Rule]), TypeAdapter(dict[str, Column])
    found: dict[str, tuple[Sequence[Rule], Mapping[str, Column]]] = {}
    for repo in (platform.specs, *(() if environment == "dev" else (platform.releases(environment),))):
        for product in repo.products():
            try:
                attributes = repo.read(product)
            except SpecError as error:
                progress(f"left out: {error}")
                continue
            for entry in (*(attributes.get("tables") or ()), *(attributes.get("extensions") or ())):
                live = entry.get("environments") or ["dev"]
                if environment in live and entry.get("rules"):
                    asset = entry.get("asset") or f"{entry['layer']}/{entry['name']}"
                    columns = known.validate_python(entry.get("columns") or {})
                    found[asset] = adapter.validate_python(entry["rules"]), columns
    return found
