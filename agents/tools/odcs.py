"""Contracts in the Open Data Contract Standard, version 3.1 (https://bitol-io.github.io/open-data-contract-standard).

Types go by `physicalType`, which holds Delta's name exactly; `logicalType` is the standard's own. A document from
elsewhere has other physical types or none: then the logical type decides. Rules are `quality` entries of type custom,
engine greatExpectations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from agents.core.errors import SpecError
from assets.kinds.contract import Contract, Promise
from assets.kinds.spec_rules import Rule, RuleMeta
from assets.kinds.type_names import known

API_VERSION, KIND, ENGINE = "v3.1.0", "DataContract", "greatExpectations"
_REQUIRED = ("apiVersion", "kind", "id", "version", "status")
_FRESH = ("freshness", "latency", "timeliness")
_HOURS = {"h": 1.0, "hr": 1.0, "hour": 1.0, "hours": 1.0, "d": 24.0, "day": 24.0, "days": 24.0,
          "m": 1 / 60, "min": 1 / 60, "minute": 1 / 60, "minutes": 1 / 60, "s": 1 / 3600}  # fmt: skip
_LOGICAL = {
    "byte": "integer", "short": "integer", "integer": "integer", "long": "integer", "float": "number",
    "double": "number", "boolean": "boolean", "string": "string", "binary": "string", "date": "date",
    "timestamp": "timestamp", "timestamp_ntz": "timestamp",
}  # fmt: skip
_PHYSICAL = {
    "integer": "long", "number": "double", "boolean": "boolean", "string": "string", "date": "date",
    "timestamp": "timestamp", "time": "string",
}  # fmt: skip


def to_odcs(
    contract: Contract, asset: str, environment: str, *, product: str = "", description: str = "",
    owners: Sequence[str] = (), rules: Sequence[Rule] = (),
) -> dict[str, Any]:  # fmt: skip
    """The contract of a table as a document of the standard."""
    name = asset.partition("/")[2]
    document: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "id": f"{environment}/{asset}",
        "name": name,
        "version": contract.version,
        "status": "active",
    }
    if product:
        document["dataProduct"] = product
    if description:
        document["description"] = {"purpose": description}
    table: dict[str, Any] = {
        "name": name,
        "physicalName": asset,
        "logicalType": "object",
        "physicalType": "table",
        "properties": [_property(promise, contract.key) for promise in contract.columns],
    }
    if rules:
        table["quality"] = [_quality(rule) for rule in rules]
    document["schema"] = [table]
    if contract.freshness_hours is not None:
        document["slaProperties"] = [
            {"property": "freshness", "value": contract.freshness_hours, "unit": "h", "element": name}
        ]
    if owners:
        document["team"] = {"members": [{"username": owner, "role": "owner"} for owner in owners]}
    return document


def from_odcs(document: object, asset: str) -> tuple[Contract, list[Rule]]:
    """The contract and the Great Expectations rules that a document holds for a table. SpecError where it has none."""
    if not isinstance(document, Mapping):
        raise _wrong("it is no mapping")
    whole = cast("Mapping[str, Any]", document)
    if missing := [name for name in _REQUIRED if not whole.get(name)]:
        raise _wrong(f"it lacks {', '.join(missing)}")
    if whole["kind"] != KIND or not str(whole["apiVersion"]).startswith("v3."):
        raise _wrong(f"it is {whole['kind']} {whole['apiVersion']}, and {KIND} v3 is understood")
    table = _table_of(whole, asset)
    properties = _listed(table.get("properties"), "properties")
    promises = tuple(_promise(each) for each in properties)
    keyed = [each for each in properties if each.get("primaryKey")]
    key = [str(each["name"]) for each in sorted(keyed, key=lambda each: int(each.get("primaryKeyPosition") or 0))]
    version = _version(str(whole["version"]))
    return Contract(promises, version, tuple(key), _freshness(whole)), list(_rules(table))


def _property(promise: Promise, key: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": promise.name,
        "logicalType": _logical(promise.type),
        "physicalType": promise.type,
        "required": promise.required,
        "unique": promise.unique,
    }
    if promise.name in key:
        found |= {"primaryKey": True, "primaryKeyPosition": key.index(promise.name) + 1}
    return {**found, **({"description": promise.description} if promise.description else {})}


def _logical(kind: str) -> str:
    if kind.startswith("decimal"):
        return "number"
    return "array" if kind.startswith("array") else _LOGICAL.get(kind, "object")


def _quality(rule: Rule) -> dict[str, Any]:
    severity = {"alert": "warning", "quarantine": "error", "block": "error"}[rule.meta.action]
    found = {"type": "custom", "engine": ENGINE, "implementation": rule.to_gx(), "severity": severity}
    return {**found, **({"description": rule.meta.reason} if rule.meta.reason else {})}


def _rules(table: Mapping[str, Any]) -> Iterator[Rule]:
    for check in _listed(table.get("quality"), "quality"):
        made = check.get("implementation")
        if check.get("type") != "custom" or check.get("engine") != ENGINE or not isinstance(made, Mapping):
            continue
        said = cast("Mapping[str, Any]", made)
        meta = cast("Mapping[str, Any]", said.get("meta") or {})
        action = meta.get("action", "alert")
        if not said.get("type") or action not in ("alert", "quarantine", "block"):
            raise _wrong("a rule of quality has no type, or an unknown action")
        yield Rule(str(said["type"]), dict(said.get("kwargs") or {}), RuleMeta(action, str(meta.get("reason", ""))))


def _table_of(document: Mapping[str, Any], asset: str) -> Mapping[str, Any]:
    tables = _listed(document.get("schema"), "schema")
    names = (asset, asset.partition("/")[2])
    found = [t for t in tables if t.get("physicalName") in names or t.get("name") in names]
    if not found and len(tables) == 1:
        return tables[0]
    if not found:
        raise _wrong(f"it has no table {asset}, only {', '.join(str(t.get('name')) for t in tables) or 'none'}")
    return found[0]


def _promise(each: Mapping[str, Any]) -> Promise:
    name = str(each.get("name") or "")
    physical, logical = str(each.get("physicalType") or "").lower(), str(each.get("logicalType") or "string")
    kind = physical if known(physical) else _PHYSICAL.get(logical, "")
    if not name or not kind:
        raise _wrong(f"column {name or '?'} has no type that is known", "give physicalType as Delta names it")
    description = str(each.get("description") or "")
    return Promise(name, kind, bool(each.get("required")), bool(each.get("unique")), description)


def _freshness(document: Mapping[str, Any]) -> float | None:
    for sla in _listed(document.get("slaProperties"), "slaProperties"):
        unit = _HOURS.get(str(sla.get("unit") or "h").lower())
        value = sla.get("value")
        if sla.get("property") in _FRESH and unit and isinstance(value, int | float) and value > 0:
            return value * unit
    return None


def _version(text: str) -> str:
    """Three numbers, whatever the document has of them."""
    numbers = [part for part in text.lstrip("v").split("-")[0].split(".") if part.isdigit()][:3]
    return ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "1.0.0"


def _listed(value: object, where: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in cast("list[object]", value)):
        raise _wrong(f"{where} is no list of mappings")
    return cast("list[Mapping[str, Any]]", value)


def _wrong(what: str, fix: str = "see the standard's own examples") -> SpecError:
    return SpecError(what, where="data contract", fix=fix)
