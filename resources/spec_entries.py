"""The entries of a product's document: its tables and extensions, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.core.errors import SpecError
from resources.spec_merge import plain, rule_identity

TYPE = "platform_defs.DataProduct"


def entry_of(document: Mapping[str, Any], asset: str) -> tuple[str, dict[str, Any]] | None:
    """Kind (`tables` or `extensions`) and entry of `layer/table`."""
    for kind in ("tables", "extensions"):
        for entry in document["attributes"].get(kind) or []:
            if asset_of(entry) == asset:
                return kind, entry
    return None


def without_entry(document: Mapping[str, Any], asset: str) -> dict[str, Any]:
    """The document without the entry."""
    made = plain(document)
    for kind in ("tables", "extensions"):
        entries = made["attributes"].get(kind) or []
        rest = [entry for entry in entries if asset_of(entry) != asset]
        if rest:
            made["attributes"][kind] = rest
        elif entries:
            del made["attributes"][kind]
    return made


def with_entry(document: Mapping[str, Any], kind: str, asset: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the entry in its place, or last when it is new."""
    made = plain(document)
    entries = made["attributes"].get(kind) or []
    places = [number for number, other in enumerate(entries) if asset_of(other) == asset]
    if places:
        entries[places[0]] = dict(entry)
    else:
        entries.append(dict(entry))
    made["attributes"][kind] = entries
    return made


def identified(asset: str, desired: Mapping[str, Any]) -> dict[str, Any]:
    """The desired entry with its identity first; an entry with `asset` is an extension."""
    layer, _, name = asset.partition("/")
    identity = {"asset": asset} if "asset" in desired else {"name": name, "layer": layer}
    if any(desired.get(key, value) != value for key, value in identity.items()) or not name:
        raise SpecError(f"the entry is not {asset}", fix="give layer/table and the same name and layer")
    return {**identity, **desired}


def kind_of(desired: Mapping[str, Any]) -> str:
    return "extensions" if "asset" in desired else "tables"


def asset_of(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ""
    named: Mapping[str, Any] = entry
    return str(named["asset"]) if "asset" in named else f"{named.get('layer')}/{named.get('name')}"


def item_key(item: Any) -> object:
    """Names list items: tables, extensions, rules and a contract's columns; None for any other."""
    if not isinstance(item, Mapping):
        return None
    named: Mapping[str, Any] = item
    if {"type", "name"} <= named.keys():
        return "column", named["name"]
    if "type" in named:
        return "rule", rule_identity(named)
    return ("entry", asset_of(named)) if "asset" in named or "layer" in named else None


def attributes_of(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    attributes = document.get("attributes")
    if document.get("type") != TYPE or not isinstance(attributes, dict):
        raise SpecError(f"expected `type: {TYPE}` and `attributes:`", where=str(path), fix="agents edit products alone")
    return attributes
