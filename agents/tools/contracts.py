"""Tools on contracts: what a table promises now, how it differs from what there is, and changing the promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.core.catalog import TableId
from agents.core.digest import digest
from agents.core.errors import SpecError, TableNotFound
from agents.core.registry import tool
from agents.tools.pins import validator
from agents.tools.ready import AUTOMATION
from agents.tools.replaying import declared
from agents.tools.session import Session
from agents.tools.specs import entry_of, place_of, write_entry
from assets.kinds.contract import Contract, Difference, Promise, amended, compared, differences
from assets.kinds.spec import Extension, Table
from resources.platform import Platform
from resources.spec_merge import rule_identity


@dataclass(frozen=True, slots=True)
class Standing:
    """A table's contract (None: it has none), what there is beside it, and the contract that would promise that."""

    contract: Contract | None
    found: tuple[Difference, ...]
    proposed: Contract

    @property
    def breaking(self) -> bool:
        """Whether the proposed contract takes something back."""
        return any(one.breaking for one in self.found)

    def to_json(self) -> dict[str, Any]:
        """For people and programs."""
        return {
            "contract": self.contract and self.contract.to_spec(),
            "changes": [str(one) for one in self.found],
            "breaking": self.breaking,
            "proposed": self.proposed.to_spec(),
        }


@tool("contracts.standing", effect="read")
def standing(session: Session, asset: str) -> Standing:
    """How a table as it stands differs from what it promises."""
    return standing_of(session.platform, session.table(asset))


def standing_of(platform: Platform, table: TableId) -> Standing:
    """The same for code that serves no agent. Raises TableNotFound where the table was never materialized."""
    from assets.kinds.promises import column_types

    if not platform.lake.exists(table):
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix="materialize it first")
    spec = declared(platform, table)
    columns = column_types(platform.lake.schema(table))
    old = spec.contract
    key = spec.key if isinstance(spec, Table) else old.key if old else ()
    if old is None:
        return Standing(None, (), _first(spec, columns, key))
    hours = spec.freshness_hours
    if hours is None and isinstance(spec, Extension):
        hours = old.freshness_hours
    found = tuple(differences(old, columns, key, hours))
    return Standing(old, found, amended(old, found, key, hours))


@tool("contracts.compare", effect="read")
def compare(session: Session, asset: str, contract: Mapping[str, Any]) -> Standing:
    """What a contract would change of the one in force; its version follows from that."""
    return against(session.platform, session.table(asset), contract_from(contract))


def against(platform: Platform, table: TableId, new: Contract) -> Standing:
    """The same for code that serves no agent."""
    old = declared(platform, table).contract
    if old is None:
        return Standing(None, (), new)
    found = tuple(compared(old, new))
    version = old.version if not found else amended(old, found, new.key, new.freshness_hours).version
    return Standing(old, found, Contract(new.columns, version, new.key, new.freshness_hours))


@tool("contracts.extend", effect="write_spec")
def extend(
    session: Session, asset: str, contract: Mapping[str, Any], rules: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Write a table's first contract, or one that promises more; refused where it would take something back.

    `rules` that came with it join the table's own.
    """
    new = contract_from(contract)
    found = against(session.platform, session.table(asset), new)
    if found.breaking:
        broken = "; ".join(str(one) for one in found.found if one.breaking)
        raise SpecError(
            f"contract {new.version} would take back what is promised: {broken}",
            where=asset,
            fix="propose it: people decide on that",
        )
    entry: dict[str, Any] = {"contract": new.to_spec()}
    theirs = _written_by_people(session, asset, entry)
    if theirs:
        # Half of a contract, or a version that says what the columns do not, would be no contract.
        del entry["contract"]
    if rules:
        entry["rules"] = _joined(entry_of(session, asset).get("rules") or [], rules)
    written = write_entry(session, asset, "", entry)
    return {**written, "kept": [*theirs, *written["kept"]]}


@tool("contracts.amend", effect="delete")
def amend(
    session: Session, asset: str, contract: Mapping[str, Any], rules: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Put a contract in force that takes promises back: readers lose them, which is why people decide on it first."""
    new = contract_from(contract)
    entry: dict[str, Any] = {"contract": new.to_spec()}
    gone = _gone(declared(session.platform, session.table(asset)).contract, new)
    if gone or rules:
        # Rules on a column that comes no longer would quarantine every further row.
        kept = [rule for rule in entry_of(session, asset).get("rules") or [] if _column(rule) not in gone]
        entry["rules"] = _joined(kept, rules)
    written = write_entry(session, asset, "", entry)
    if not any(path.startswith("contract") for path in written["kept"]):
        return written
    # A person wrote the former contract, and people approved this one: their later word counts.
    repo, found = place_of(session.platform, session.environment, asset)
    check = validator(session.platform, repo, found[0]) if found else None
    commit = repo.override(asset, new.to_spec(), check, "contract")
    return {**written, "changed": ["contract"], "kept": [], "commit": commit.id if commit else ""}


@tool("contracts.readers", effect="read")
def readers(session: Session, asset: str) -> list[str]:
    """The tables that are computed from this one, directly or not: whom a change reaches."""
    return [str(table) for table in session.orchestrator.readers(session.table(asset))]


def readers_declared(platform: Platform, table: TableId) -> list[str]:
    """The SQL tables and masked views that specs compute from a table, directly or not, where nothing is loaded."""
    from assets.kinds.loading import load_products

    checked = load_products(platform.settings.specs_dir).checked
    found: dict[str, None] = {}
    waiting = [table.asset]
    while waiting:
        name = waiting.pop(0)
        for entry in checked.tables:
            asset = entry.table.asset
            if name in entry.reads and table.environment in entry.table.environments and asset not in found:
                found[asset] = None
                waiting.append(asset)
    return [f"{table.environment}/{asset}" for asset in found]


def proposal(
    asset: str,
    new: Contract,
    changes: Sequence[str],
    readers: Sequence[str],
    rules: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The inputs of `quality.amend`: what people approve, and whom it reaches."""
    said = {"asset": asset, "contract": new.to_spec(), "changes": list(changes), "readers": list(readers)}
    return {**said, "rules": list(rules)} if rules else said


def proposal_key(table: TableId, new: Contract) -> str:
    """The same proposal is the same goal, however often it is made."""
    return f"{AUTOMATION}contract:{table}:{digest(new.to_spec())[7:23]}"


def contract_from(data: Mapping[str, Any]) -> Contract:
    """A contract from its plain form. Raises SpecError where it cannot be one."""
    from pydantic import TypeAdapter, ValidationError

    from assets.kinds.contract import problem
    from assets.kinds.spec_errors import spelled
    from assets.kinds.type_names import known

    try:
        contract = TypeAdapter(Contract).validate_python(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SpecError(f"{spelled(first['loc'])}: {first['msg']}", where="contract", fix="correct it") from error
    unknown = [promise.type for promise in contract.columns if not known(promise.type)]
    wrong = problem(contract) or (f"has the unknown type {unknown[0]!r}" if unknown else "")
    if wrong:
        raise SpecError(f"the contract {wrong}", where="contract", fix="correct it")
    return contract


def _gone(old: Contract | None, new: Contract) -> set[str]:
    """Columns that were promised and are promised no longer."""
    return {p.name for p in old.columns} - {p.name for p in new.columns} if old else set()


def _written_by_people(session: Session, asset: str, entry: Mapping[str, Any]) -> list[str]:
    """The parts of a contract that a person wrote otherwise, and that therefore stay."""
    repo, found = place_of(session.platform, session.environment, asset)
    if not found:
        return []
    return [edit.path for edit in repo.plan_change(found[0], asset, entry, session.agent).kept]


def _joined(present: Sequence[Mapping[str, Any]], more: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rules with further ones, which take the place of those that are the same but for their limits."""
    later = {rule_identity(rule): rule for rule in more}
    kept = [later.pop(rule_identity(rule), rule) for rule in present]
    return [*kept, *later.values()]


def _column(rule: Mapping[str, Any]) -> str:
    kwargs: Mapping[str, Any] = rule.get("kwargs") or {}
    return str(kwargs.get("column", ""))


def _first(spec: Table | Extension, columns: Mapping[str, str], key: Sequence[str]) -> Contract:
    """What the rules of a table and its columns say already, as a promise."""
    hard = [
        rule
        for rule in spec.rules
        if rule.meta.action != "alert" and not rule.condition and "mostly" not in rule.kwargs
    ]

    def ruled(kind: str) -> set[str]:
        return {str(rule.kwargs.get("column")) for rule in hard if rule.type == kind}

    required, unique = ruled("expect_column_values_to_not_be_null"), ruled("expect_column_values_to_be_unique")
    described = {name: column.description for name, column in spec.columns.items()}
    promises = tuple(
        Promise(
            name,
            kind,
            required=name in required or name in key,
            unique=name in unique or tuple(key) == (name,),
            description=described.get(name, ""),
        )
        for name, kind in columns.items()
    )
    return Contract(promises, "1.0.0", tuple(key), spec.freshness_hours)
