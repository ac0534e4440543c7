"""Overrides: what people said in a spec that agents may not do to an asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.platform import Platform
from resources.specs_repo import OVERRIDE, SpecsRepo


def forbidden(platform: Platform, environment: str, asset: str, what: str) -> str:
    """Why a person forbade an action (`pipeline.optimize`) or a tool for `layer/table`; empty where nobody did."""
    for repo in (platform.specs, platform.releases(environment)) if environment != "dev" else (platform.specs,):
        for path, word in _words(repo, asset):
            if what in (word.get("forbid") or ()):
                return f"override.forbid of {asset} in {path}"
    return ""


def _words(repo: SpecsRepo, asset: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if found := repo.find(asset):
        yield str(repo.path(found[0])), found[1].get(OVERRIDE) or {}
