"""Pins as entries of `prod.yaml` and `staging.yaml`: what a promotion would write, and the digest it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from agents.core.digest import digest
from agents.core.errors import SpecError
from resources.platform import Platform
from resources.spec_change import Change
from resources.specs_repo import OVERRIDE, SpecsRepo

AGENT = "deployment"


def pin_of(specs: SpecsRepo, pins: SpecsRepo, asset: str, environment: str) -> Change | None:
    """The pin that makes an environment run what `defs.yaml` says of an asset now; None where no product holds it.

    A pin stands by itself: the product's owners and tags are written into it. A person's override is not: it goes on
    to hold where it was written.
    """
    found = specs.find(asset)
    if found is None:
        return None
    product, entry = found
    above = specs.read(product)
    own = {**dict.fromkeys(_fields(entry)), **{key: value for key, value in entry.items() if key != OVERRIDE}}
    own["owners"] = entry.get("owners") or above.get("owners")
    own["tags"] = {**(above.get("tags") or {}), **(entry.get("tags") or {})}
    return pins.plan_change(product, asset, {**own, "environments": [environment]}, AGENT)


def pinned_digests(
    specs: SpecsRepo, pins: SpecsRepo, changes: Sequence[Change], environment: str, sources: Mapping[str, str]
) -> dict[str, str]:
    """The digests that assets of one product will show once `changes` are written and loaded."""
    from pydantic import TypeAdapter

    from assets.kinds.documents import parse_documents
    from assets.kinds.people import python_digest
    from assets.kinds.pins import joined
    from assets.kinds.spec import Extension, Override, spec_digest

    text, path = pins.preview(changes), pins.path(changes[0].product)
    product = parse_documents(text, path)[0][0].product
    entries = {
        entry.asset: entry
        for entry in (*map(product.effective, product.tables), *map(product.extension, product.extensions))
    }
    found: dict[str, str] = {}
    for change in changes:
        entry, below = entries[change.asset], specs.find(change.asset)
        said = TypeAdapter(Override).validate_python((below[1] if below else {}).get(OVERRIDE) or {})
        entry = replace(entry, override=joined(said, entry.override))
        made = spec_digest(entry, environment)
        found[change.asset] = (
            python_digest(sources.get(change.asset, ""), [made]) if isinstance(entry, Extension) else made
        )
    return found


def removal_digest(asset: str) -> str:
    """What is approved when the first release of an asset is taken back: no spec has this digest."""
    return digest({"asset": asset, "removed": True})


def validator(platform: Platform, repo: SpecsRepo, product: str) -> Callable[[Mapping[str, Any]], None]:
    """Refuses a product's attributes that would not load beside all others."""
    import yaml

    from assets.kinds.loading import check_text

    def validate(attributes: Mapping[str, Any]) -> None:
        path = repo.path(product)
        text = yaml.safe_dump({"type": "platform_defs.DataProduct", "attributes": dict(attributes)}, sort_keys=False)
        try:
            check_text(text, path, platform.settings.specs_dir)
        except SpecError as error:
            # The line numbers are of a text nobody will see.
            raise SpecError(error.what, where=str(path), fix=error.fix) from error

    return validate


def _fields(entry: Mapping[str, Any]) -> list[str]:
    """All that an entry of this kind may say: what dev does not say is taken back."""
    from assets.kinds.spec import Extension, Table

    identity = {"name", "layer", "asset", OVERRIDE}
    return [each.name for each in fields(Extension if "asset" in entry else Table) if each.name not in identity]
