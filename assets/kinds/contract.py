"""Contracts: what a table promises its readers, and what a change means for them. Pure: no Dagster, no I/O.

major   a promise is taken back: a column goes, its type narrows or becomes another, the key changes, data may be
        older; people decide on it
minor   more is promised: a further column, a wider type, a key where there was none
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from assets.kinds.spec_rules import Rule, RuleMeta
from assets.kinds.type_names import holds

Kind = Literal["removed", "retyped", "key", "freshness", "added", "widened"]
_BREAKING: frozenset[Kind] = frozenset({"removed", "retyped", "key", "freshness"})
_NOT_NULL, _UNIQUE = "expect_column_values_to_not_be_null", "expect_column_values_to_be_unique"
_UNIQUE_KEY = "expect_compound_columns_to_be_unique"
PROMISED = "contract"


@dataclass(frozen=True, slots=True)
class Promise:
    """One column: its type as Delta names it (`long`, `decimal(10,2)`, `timestamp`), never null, unique."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    type: str
    required: bool = False
    unique: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """The promise. Its rules are those of the table; what it requires of columns and key is checked besides."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    columns: tuple[Promise, ...]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] = "1.0.0"
    key: tuple[str, ...] = ()
    freshness_hours: Annotated[float, Field(gt=0)] | None = None

    def to_spec(self) -> dict[str, Any]:
        """The contract as `defs.yaml` holds it."""
        said: dict[str, Any] = {"version": self.version}
        if self.key:
            said["key"] = list(self.key)
        if self.freshness_hours is not None:
            said["freshness_hours"] = self.freshness_hours
        return {**said, "columns": [_column(promise) for promise in self.columns]}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as promised, or is more than promised."""

    kind: Kind
    column: str
    before: str = ""
    after: str = ""

    @property
    def breaking(self) -> bool:
        """Whether a reader may rely on what is taken back."""
        return self.kind in _BREAKING

    def __str__(self) -> str:
        types = " -> ".join(part for part in (self.before, self.after) if part)
        return f"{self.kind} {self.column}{f' ({types})' if types else ''}"


def problem(contract: Contract) -> str:
    """What is wrong with a contract in itself; empty where nothing is."""
    names = [promise.name.casefold() for promise in contract.columns]
    if doubled := {name for name in names if names.count(name) > 1}:
        return f"names {', '.join(sorted(doubled))} twice"
    if missing := [name for name in contract.key if name.casefold() not in names]:
        return f"has the key {', '.join(missing)}, which is none of its columns"
    return "" if names else "promises no column"


def differences(
    contract: Contract, columns: Mapping[str, str], key: Sequence[str], freshness_hours: float | None
) -> list[Difference]:
    """How a table of these columns (name to type), key and freshness differs from what is promised."""
    known = {name.casefold(): kind for name, kind in columns.items()}
    found: list[Difference] = []
    for promise in contract.columns:
        kind = known.get(promise.name.casefold())
        if kind is None:
            found.append(Difference("removed", promise.name, promise.type))
        elif kind != promise.type:
            found.append(
                Difference("widened" if holds(kind, promise.type) else "retyped", promise.name, promise.type, kind)
            )
    names = {promise.name.casefold() for promise in contract.columns}
    found += [Difference("added", name, "", kind) for name, kind in columns.items() if name.casefold() not in names]
    if contract.key and _folded(key) != _folded(contract.key):
        found.append(Difference("key", "key", ", ".join(contract.key), ", ".join(key) or "none"))
    if contract.freshness_hours and (freshness_hours is None or freshness_hours > contract.freshness_hours):
        late = "none" if freshness_hours is None else f"{freshness_hours:g} hours"
        found.append(Difference("freshness", "freshness_hours", f"{contract.freshness_hours:g} hours", late))
    return found


def amended(
    contract: Contract, found: Sequence[Difference], key: Sequence[str], freshness_hours: float | None
) -> Contract:
    """The contract that promises what there is now; its version says what kind of change that is."""
    if not found:
        return contract
    gone = {one.column.casefold() for one in found if one.kind == "removed"}
    types = {one.column.casefold(): one.after for one in found if one.kind in ("retyped", "widened")}
    columns = [
        replace(promise, type=types.get(promise.name.casefold(), promise.type))
        for promise in contract.columns
        if promise.name.casefold() not in gone
    ]
    columns += [Promise(one.column, one.after) for one in found if one.kind == "added"]
    kinds = {one.kind for one in found}
    return Contract(
        tuple(columns),
        next_version(contract.version, any(one.breaking for one in found)),
        tuple(key) if "key" in kinds else tuple(name for name in contract.key if name.casefold() not in gone),
        freshness_hours if "freshness" in kinds else contract.freshness_hours,
    )


def compared(old: Contract, new: Contract) -> list[Difference]:
    """What a new contract changes of an old one, as a reader of the old one sees it."""
    found = differences(old, {p.name: p.type for p in new.columns}, new.key, new.freshness_hours)
    promises = {promise.name.casefold(): promise for promise in new.columns}
    for promise in old.columns:
        now = promises.get(promise.name.casefold())
        for name in ("required", "unique"):
            if now is not None and getattr(promise, name) != getattr(now, name):
                words = (name, f"not {name}") if getattr(promise, name) else (f"not {name}", name)
                found.append(Difference("retyped" if getattr(promise, name) else "widened", promise.name, *words))
    return found


def next_version(version: str, breaking: bool) -> str:
    """The next major version, or the next minor one."""
    major, minor, _ = map(int, version.split("."))
    return f"{major + 1}.0.0" if breaking else f"{major}.{minor + 1}.0"


def promised(contract: Contract | None, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules with those that a contract needs: its columns' nulls, uniqueness and key.

    Where a rule that asks the same only alerts, it does what the contract needs: one check, not two of equal meaning.
    """
    if contract is None:
        return rules
    hard = {_asks(rule) for rule in rules if _hard(rule)}
    wanted = {_asks(rule): rule for rule in _needed(contract) if _asks(rule) not in hard}
    kept = [_hardened(rule, wanted.pop(_asks(rule), None)) if _strict(rule) else rule for rule in rules]
    return (*kept, *wanted.values())


def _hardened(rule: Rule, needed: Rule | None) -> Rule:
    if needed is None:
        return rule
    reasons = "; ".join(reason for reason in (rule.meta.reason, needed.meta.reason) if reason)
    return replace(rule, meta=replace(rule.meta, action=needed.meta.action, reason=reasons))


def _needed(contract: Contract) -> Iterator[Rule]:
    for promise in contract.columns:
        if promise.required or promise.name in contract.key:
            meta = RuleMeta("quarantine", f"contract {contract.version} promises {promise.name}", PROMISED)
            yield Rule(_NOT_NULL, {"column": promise.name}, meta)
        if promise.unique or contract.key == (promise.name,):
            meta = RuleMeta("block", f"contract {contract.version} promises one row for each {promise.name}", PROMISED)
            yield Rule(_UNIQUE, {"column": promise.name}, meta)
    if len(contract.key) > 1:
        meta = RuleMeta("block", f"contract {contract.version} promises one row for each key", PROMISED)
        yield Rule(_UNIQUE_KEY, {"column_list": list(contract.key)}, meta)


def _asks(rule: Rule) -> tuple[str, tuple[str, ...]]:
    """What a rule asks, and of which columns."""
    columns = rule.kwargs.get("column_list") or [rule.kwargs.get("column")]
    return rule.type, tuple(sorted(map(str, columns)))


def _hard(rule: Rule) -> bool:
    return rule.meta.action != "alert" and _strict(rule)


def _strict(rule: Rule) -> bool:
    """Whether a rule is asked of every row."""
    return not rule.meta.muted and not rule.condition and "mostly" not in rule.kwargs


def _column(promise: Promise) -> dict[str, Any]:
    said: dict[str, Any] = {"name": promise.name, "type": promise.type}
    said |= {name: True for name in ("required", "unique") if getattr(promise, name)}
    return {**said, **({"description": promise.description} if promise.description else {})}


def _folded(names: Sequence[str]) -> list[str]:
    return sorted(name.casefold() for name in names)
