"""Contracts in the Open Data Contract Standard, version 3.1 (https://bitol-io.github.io/open-data-contract-standard).

Types go by `physicalType`, which holds Delta's name exactly; `logicalType` is the standard's own. A document from
elsewhere has other physical types or none: then the logical type decides. Rules are `quality` entries, see
`odcs_quality`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from agents.core.errors import SpecError
from agents.tools.odcs_quality import check_of, column_of, rules_in
from assets.kinds.contract import Contract, Promise
from assets.kinds.spec_rules import Rule
from assets.kinds.type_names import known

API_VERSION, KIND = "v3.1.0", "DataContract"
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


class Imported(NamedTuple):
    """What a document holds for a table. `not_taken` says in words which of its quality is no rule here, and why."""

    contract: Contract
    rules: list[Rule]
    not_taken: list[str]


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
        "properties": [_property(promise, contract.key, rules) for promise in contract.columns],
    }
    columns = {promise.name for promise in contract.columns}
    if own := [check_of(rule) for rule in rules if column_of(rule) not in columns]:
        table["quality"] = own
    document["schema"] = [table]
    if contract.freshness_hours is not None:
        document["slaProperties"] = [
            {"property": "freshness", "value": contract.freshness_hours, "unit": "h", "element": name}
        ]
    if owners:
        document["team"] = {"members": [{"username": owner, "role": "owner"} for owner in owners]}
    return document


def from_odcs(document: object, asset: str) -> Imported:
    """The contract and the rules that a document holds for a table. SpecError where it has none."""
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
    key = [str(each["name"]) for each in sorted(keyed, key=_position)]
    version = _version(str(whole["version"]))
    rules, not_taken = _rules(table, properties)
    return Imported(Contract(promises, version, tuple(key), _freshness(whole)), rules, not_taken)


def _position(each: Mapping[str, Any]) -> int:
    found = each.get("primaryKeyPosition") or 0
    if not isinstance(found, int):
        raise _wrong(f"primaryKeyPosition of {each.get('name')} is no number")
    return found


def _property(promise: Promise, key: Sequence[str], rules: Sequence[Rule]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": promise.name,
        "logicalType": _logical(promise.type),
        "physicalType": promise.type,
        "required": promise.required,
        "unique": promise.unique,
    }
    if promise.name in key:
        found |= {"primaryKey": True, "primaryKeyPosition": key.index(promise.name) + 1}
    found |= {"description": promise.description} if promise.description else {}
    checks = [check_of(rule) for rule in rules if column_of(rule) == promise.name]
    return {**found, **({"quality": checks} if checks else {})}


def _logical(kind: str) -> str:
    if kind.startswith("decimal"):
        return "number"
    return "array" if kind.startswith("array") else _LOGICAL.get(kind, "object")


def _rules(table: Mapping[str, Any], properties: Sequence[Mapping[str, Any]]) -> tuple[list[Rule], list[str]]:
    """The rules of the table and of its columns, each once, and what was not taken."""
    columns = [str(each["name"]) for each in properties]
    places = [("", table), *((str(each["name"]), each) for each in properties)]
    found, left = dict[str, Rule](), list[str]()
    for column, place in places:
        rules, missing = rules_in(_listed(place.get("quality"), f"quality of {column or 'the table'}"), column, columns)
        left += missing
        for rule in rules:
            if rule.identity in found:
                left.append(f"quality of {column or 'the table'}: {rule.type} is given twice; the first is taken")
            found.setdefault(rule.identity, rule)
    return list(found.values()), left


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
