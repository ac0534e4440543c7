"""What a masked view does with each column of its base, decided anew at every refresh: the base may have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa

from agents.core.digest import digest
from agents.core.errors import SpecError
from assets.kinds.evolution import INGESTED_AT, SOURCE
from assets.kinds.masking.defaults import REDACT, default_mask
from assets.kinds.spec import NO_PII, Column, Mask, Masked
from resources.masking_keys import MaskingKeys

KEEP = Mask("keep")
_OWN = frozenset({INGESTED_AT, SOURCE})  # the platform's own columns
_KEYED = frozenset({"hash", "tokenise", "format"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the view, how it is masked, and why so."""

    name: str
    mask: Mask
    why: str
    pii: str = ""


@dataclass(frozen=True, slots=True)
class MaskPlan:
    """The columns in the base's order, and what in the view's spec no longer fits the base."""

    columns: tuple[Shown, ...]
    warnings: tuple[str, ...] = ()

    @property
    def hidden(self) -> tuple[str, ...]:
        """The columns that are not shown as they are."""
        return tuple(shown.name for shown in self.columns if shown.mask.method != KEEP.method)

    def digest(self, keys: MaskingKeys) -> str:
        """What the values were masked by: methods and key versions."""
        return digest([[c.name, asdict(c.mask), _version(c.mask, keys)] for c in self.columns])

    def keys(self, keys: MaskingKeys) -> dict[str, int]:
        """The version of each key in use, by the secret's name."""
        used = (c.mask for c in self.columns if c.mask.method in _KEYED)
        return {keys.name(mask.key): keys.version(mask.key) for mask in used}


def undecided(view: Masked, base: Mapping[str, Column], schema: pa.Schema) -> list[str]:
    """Columns of which neither the view nor the base's spec says what they are."""
    return [name for name in schema.names if name not in view.drop and _said(view, base, schema.field(name)) is None]


def mask_plan(
    view: Masked, base: Mapping[str, Column], schema: pa.Schema, found: Mapping[str, str] | None, where: str
) -> MaskPlan:
    """The mask of every column that the view shows.

    `found` is the type of personal data (empty: none) that was found in each column nobody described; None: nobody
    looked, and they are hidden. Raises SpecError where nothing would be left to show.
    """
    columns = tuple(
        _said(view, base, schema.field(name)) or _found(schema.field(name), found)
        for name in schema.names
        if name not in view.drop
    )
    if not columns:
        raise SpecError("the view drops every column", where=where, fix="leave one out of drop")
    return MaskPlan(columns, tuple(_gone(view, schema.names)))


def _said(view: Masked, base: Mapping[str, Column], column: pa.Field) -> Shown | None:
    """What a person or an agent decided for it."""
    name = column.name
    if name in view.columns:
        return Shown(name, view.columns[name], "the view says so")
    known = base.get(name, Column())
    if known.mask is not None:
        return Shown(name, known.mask, "the column's own mask", known.pii)
    if known.pii == NO_PII:
        return Shown(name, KEEP, "declared to be no personal data")
    if known.pii:
        return Shown(name, default_mask(known.pii, column.type), "the default of its type", known.pii)
    return Shown(name, KEEP, "the platform's own column") if name in _OWN else None


def _found(column: pa.Field, found: Mapping[str, str] | None) -> Shown:
    if found is None or column.name not in found:
        return Shown(column.name, REDACT, "nobody has said what it holds")
    pii = found[column.name]
    if not pii:
        return Shown(column.name, KEEP, "no personal data was found in it")
    return Shown(column.name, default_mask(pii, column.type), "the default of what was found in it", pii)


def _gone(view: Masked, names: Sequence[str]) -> list[str]:
    return [
        f"{name} is named by the view and no column of {view.source}"
        for name in (*view.columns, *view.drop)
        if name not in names
    ]


def _version(mask: Mask, keys: MaskingKeys) -> int:
    return keys.version(mask.key) if mask.method in _KEYED else 0
