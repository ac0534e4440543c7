"""What people said of columns in specs: kept where they said it, and learned for like columns of other tables.

The specs themselves are the memory: a class that no agent wrote as it stands is a person's word.
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.core.errors import PlatformError
from agents.core.words import pieces
from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's word: the column of the table (`layer/table`) holds `pii`, or none."""

    asset: str
    column: str
    pii: str


def corrections(platform: Platform) -> list[Correction]:
    """Every class of a column that a person wrote, by table and column."""
    found: list[Correction] = []
    for product in platform.specs.products():
        try:
            attributes = platform.specs.read(product)
        except PlatformError:
            continue  # platform/specs shows what does not load
        for entry in (*(attributes.get("tables") or ()), *(attributes.get("extensions") or ())):
            asset = str(entry.get("asset") or f"{entry.get('layer')}/{entry.get('name')}")
            classed = {
                name: column["pii"] for name, column in (entry.get("columns") or {}).items() if column.get("pii")
            }
            theirs = set(platform.specs.persons(asset)) if classed else set[str]()
            found += [Correction(asset, name, pii) for name, pii in classed.items() if f"columns/{name}/pii" in theirs]
    return sorted(found, key=lambda one: (one.asset, one.column))


def same_column(one: str, other: str) -> bool:
    """Whether two columns are called alike: `EMail_Addr`, `email_addr`."""
    return "".join(pieces(one)) == "".join(pieces(other))
