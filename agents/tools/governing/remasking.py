"""Which masked views were made by a former version of a key. Their pseudonyms join with no view made since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from agents.core.catalog import TableId
from agents.core.errors import ConfigError
from agents.tools.governing.declared import declared
from assets.kinds.lake_writing import KEYS_MARK, MASKS_MARK
from resources.masking_keys import MASKING_KEY, MaskingKeys
from resources.platform import Platform


def views(platform: Platform, environments: Iterable[str]) -> list[TableId]:
    """The masked views that environments declare, in order of their names."""
    entries = ((name, asset, e) for name in environments for asset, e in declared(platform, name).items())
    return sorted((TableId(name, *asset.split("/", 1)) for name, asset, e in entries if e.get("masked")), key=str)


def key_versions(platform: Platform, environments: Iterable[str]) -> dict[str, int]:
    """The version that masks now of every key that specs name, as the secrets stand at this moment.

    A key that cannot be read is left out: views that need it say so when they are made.
    """
    keys = MaskingKeys(platform.secrets)  # a fresh one: it keeps what it read, and a code server lives long
    names = {
        name for environment in environments for e in declared(platform, environment).values() for name in _named(e)
    }
    found: dict[str, int] = {}
    for name in sorted(names):
        try:
            found[name] = keys.version(name)
        except ConfigError:
            continue
    return found


def outdated(platform: Platform, view: TableId, versions: Mapping[str, int]) -> bool:
    """Whether the lake has it as made by a former version of a key, or before views said by which. Raises LakeError."""
    snapshot = platform.lake.snapshot(view) if platform.lake.exists(view) else None
    marks = snapshot.marks if snapshot else {}
    if MASKS_MARK not in marks:
        return False  # empty, or not made by a refresh: the first one takes the newest keys anyway
    used = _used(marks.get(KEYS_MARK, ""))
    return used is None or any(versions.get(name, version) != version for name, version in used.items())


def _named(entry: Mapping[str, Any]) -> set[str]:
    """The keys that the masks of an entry name."""
    view = entry.get("masked") or {}
    own = [(column or {}).get("mask") for column in (entry.get("columns") or {}).values()]
    masks = [*(view.get("columns") or {}).values(), *own]
    named = {str(mask["key"]) for mask in masks if isinstance(mask, Mapping) and mask.get("key")}
    return named | ({MASKING_KEY} if view else set())


def _used(mark: str) -> dict[str, int] | None:
    try:
        found: object = json.loads(mark)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {str(name): int(version) for name, version in cast("dict[Any, Any]", found).items()}
