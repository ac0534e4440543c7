"""Pins: what staging and prod run, in `staging.yaml` and `prod.yaml` beside a product's `defs.yaml`.

A promotion writes them. A pinned entry stands in place of the entry of `defs.yaml` in that environment, so that work
in dev never changes what was released. A pin file that cannot be read takes its environment out of the product: what
is not known to be released must not run in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from assets.kinds.documents import Document
from assets.kinds.spec import NO_OVERRIDE, Extension, Override, Table

PIN_FILES: Mapping[str, str] = {"staging.yaml": "staging", "prod.yaml": "prod"}
SPEC_FILE = "defs.yaml"
E = TypeVar("E", Table, Extension)


class _Change(Protocol):
    def __call__(self, entry: E, /) -> E: ...


def overlaid(documents: Sequence[Document], pins: Mapping[str, Sequence[Document] | None]) -> list[Document]:
    """The documents of one folder with its pins by environment (None: not readable) in force."""
    if not pins:
        return list(documents)
    taken = {environment: None if found is None else set(_assets(found)) for environment, found in pins.items()}
    said = {entry.asset: entry.override for d in documents for entry in (*d.product.tables, *d.product.extensions)}

    def below(entry: E) -> E:
        return _without(entry, taken)

    def above(entry: E) -> E:
        return _overridden(entry, said)

    held = [document for found in pins.values() for document in found or ()]
    return [*(_mapped(document, below) for document in documents), *(_mapped(document, above) for document in held)]


def pinned(documents: Sequence[Document], environment: str) -> Sequence[Document]:
    """The documents of a pin file. Raises SpecError where an entry names another environment."""
    for document in documents:
        product = document.product
        for kind, entries in (("tables", product.tables), ("extensions", product.extensions)):
            for index, entry in enumerate(entries):
                if entry.environments != (environment,):
                    what = f"{entry.asset} is pinned for {environment} and lives in {', '.join(entry.environments)}"
                    raise document.error(what, (kind, index), f"write environments: [{environment}]")
    return documents


def _assets(documents: Iterable[Document]) -> Iterable[str]:
    return (entry.asset for d in documents for entry in (*d.product.tables, *d.product.extensions))


def _mapped(document: Document, change: _Change) -> Document:
    product = document.product
    tables = tuple(change(table) for table in product.tables)
    extensions = tuple(change(extension) for extension in product.extensions)
    return replace(document, product=replace(product, tables=tables, extensions=extensions))


def _without(entry: E, taken: Mapping[str, set[str] | None]) -> E:
    """The entry without the environments in which a pin stands in its place."""
    left = tuple(e for e in entry.environments if e not in taken or _stays(entry.asset, taken[e]))
    return entry if left == entry.environments else replace(entry, environments=left)


def _stays(asset: str, pinned: set[str] | None) -> bool:
    return pinned is not None and asset not in pinned


def _overridden(entry: E, said: Mapping[str, Override]) -> E:
    """What a person said of an asset in `defs.yaml` holds for its pins too."""
    override = joined(said.get(entry.asset, NO_OVERRIDE), entry.override)
    return entry if override == entry.override else replace(entry, override=override)


def joined(base: Override, pinned: Override) -> Override:
    """Everything that either forbids or quiets; what the pin says of a version or of what is normal goes before."""
    forbidden = tuple(dict.fromkeys([*base.forbid, *pinned.forbid]))
    quiet = tuple(dict.fromkeys([*base.quiet, *pinned.quiet]))
    return Override(forbidden, {**base.version, **pinned.version}, quiet, pinned.normal_since or base.normal_since)


def confirmed(override: Override) -> float:
    """When a person last said that a table is normal, in seconds; 0 if nobody did."""
    if not override.normal_since:
        return 0.0
    moment = datetime.fromisoformat(override.normal_since)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
