"""A table's contract at work: what would break it is refused before anything lands, and proposed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.core.errors import ContractBroken
from assets.kinds.contract import Contract, amended, differences
from assets.kinds.evolution import INGESTED_AT, SOURCE, Evolution
from assets.kinds.spec import Extension, Table
from assets.kinds.type_names import holds, type_name

if TYPE_CHECKING:
    import pyarrow as pa

CHANGE = "contract_change"  # the public field of the error: the new contract and what it takes back, as JSON


def column_types(schema: pa.Schema) -> dict[str, str]:
    """The columns that a table's readers see as their source's, with the names of their types."""
    return {field.name: type_name(field.type) for field in schema if field.name not in (INGESTED_AT, SOURCE)}


def arriving(evolution: Evolution) -> dict[str, str]:
    """The columns that a load brings, as they would land: those that the source lost are missing."""
    from resources.lake_types import delta_type

    unfit = {change.column for change in evolution.changes if change.kind == "incompatible"}
    return {
        field.name: type_name(delta_type(evolution.source.field(place).type) if field.name in unfit else field.type)
        for field, place in zip(evolution.target, evolution.places, strict=True)
        if place is not None
    }


def keep(of: Table | Extension, columns: Mapping[str, str], where: str) -> None:
    """Raise ContractBroken where rows of these columns would take back what `of` promises."""
    if of.contract is None:
        return
    key = of.key if isinstance(of, Table) else of.contract.key
    hours = of.freshness_hours if of.freshness_hours is not None else _hours(of)
    found = differences(of.contract, columns, key, hours)
    broken = [one for one in found if one.breaking]
    if not broken:
        return
    new = amended(of.contract, found, key, hours)
    raise ContractBroken(
        f"nothing was loaded: contract {of.contract.version} would be broken: {'; '.join(map(str, broken))}",
        where=where,
        fix=f"mend the source or the spec, or let people approve contract {new.version}",
        **{CHANGE: json.dumps({"contract": new.to_spec(), "changes": [str(one) for one in found]})},
    )


def promises_more(contract: Contract | None, columns: Mapping[str, str]) -> list[str]:
    """What a table of these columns holds beyond its contract, in words; nothing where it also takes something back."""
    if contract is None:
        return []
    found = differences(contract, columns, contract.key, contract.freshness_hours)
    return [] if any(one.breaking for one in found) else [str(one) for one in found]


def _hours(of: Table | Extension) -> float | None:
    """A Python asset may have its own freshness policy, which YAML does not see."""
    return of.contract.freshness_hours if isinstance(of, Extension) and of.contract else None


def outgrown(contract: Contract | None, table: pa.Schema) -> bool:
    """Whether people approved other types than the table's columns have: then it is read and written anew, whole."""
    if contract is None:
        return False
    stored = {name.casefold(): kind for name, kind in column_types(table).items()}
    kinds = ((stored.get(promise.name.casefold(), promise.type), promise.type) for promise in contract.columns)
    return any(not holds(kind, wanted) for kind, wanted in kinds)


def described(fields: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[str]] | None:
    """The proposed contract and its changes, from an error's public fields; None where it is about something else."""
    if CHANGE not in fields:
        return None
    told = json.loads(str(fields[CHANGE]))
    return told["contract"], told["changes"]
