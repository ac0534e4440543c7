"""The record of releases beside a product's pins: what stood there before each, so that it can be gone back to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agents.core.errors import StateError

KEEP = 10


@dataclass(frozen=True, slots=True)
class Release:
    """One release of an asset: the digest it put in force, and the pin and the table's version before it.

    `former` is None where nothing was pinned, `version` where there was no table.
    """

    goal: str
    digest: str
    former: Mapping[str, Any] | None
    version: int | None


def record_name(environment: str) -> str:
    """The record's file."""
    return f".releases.{environment}.json"


def read_releases(text: str, where: Path) -> dict[str, list[Release]]:
    """By asset its releases, the newest last. Raises StateError when the text is damaged."""
    if not text.strip():
        return {}
    try:
        data = json.loads(text)
        return {asset: [Release(**release) for release in found] for asset, found in data["assets"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            "the record of releases is damaged", where=str(where), fix="restore it from git; rollback needs it"
        ) from error


def releases_text(assets: Mapping[str, Sequence[Release]]) -> str:
    """The record's text; empty where nothing is released any more."""
    kept = {asset: [asdict(r) for r in found[-KEEP:]] for asset, found in sorted(assets.items()) if found}
    if not kept:
        return ""
    data = {"about": "what each release replaced, the newest last", "assets": kept}
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
