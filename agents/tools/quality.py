"""Tools that look at the data itself and say what should hold on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.errors import TableNotFound
from agents.core.registry import tool
from agents.tools.session import Session
from agents.tools.specs import entry_of
from assets.kinds.spec import Rule
from assets.kinds.spec_classes import NONE

if TYPE_CHECKING:
    import pyarrow.dataset as pads

    from agents.tools.detection import Look

LOOKED_AT = 20_000
"""Rows that tell whether the values of a rule are personal data."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What profiling a table gave: its profile in the contract's form, and the rules it suggests."""

    profile: Mapping[str, Any]
    rules: Sequence[Rule]


@tool("quality.propose", effect="read")
def propose(session: Session, asset: str) -> Proposal:
    """Profile a table and its neighbours in the lake, and write the rules that should hold on it."""
    from pydantic import TypeAdapter

    from agents.tools.profiling import find_references, profile_table, write_rules

    lake, table = session.platform.lake, session.table(asset)
    if not lake.exists(table):
        raise TableNotFound(f"{asset} is not in the {session.environment} lake", fix="materialize it first")
    entry, now = entry_of(session, asset), datetime.now(UTC)
    others = {t.asset: lake.dataset(t) for t in lake.tables(session.environment) if t.layer == table.layer}
    profile = profile_table(others[asset], key=entry.get("key") or (), now=now)
    previous = TypeAdapter(list[Rule]).validate_python(entry.get("rules") or [])
    found = find_references(others).get(asset, ())
    rules = write_rules(profile, previous=previous, references=found, now=now, derived=is_derived(entry))
    hidden = personal_in(entry) | _listed_people(others[asset], rules, entry)
    return Proposal(profile.to_json(hidden=hidden), [rule for rule in rules if not names_people(rule, hidden)])


def _listed_people(rows: pads.Dataset, rules: Sequence[Rule], entry: Mapping[str, Any]) -> frozenset[str]:
    """Columns of which rules list the values, and which hold personal data or secrets as far as a first look tells.

    Rules are written before anybody scanned a new table, and the spec is no place for what people are called.
    """
    listing = {
        str(rule.kwargs["column"])
        for rule in rules
        if rule.meta.evidence and any(isinstance(value, str) for value in rule.kwargs.get("value_set") or ())
    }
    unseen = [name for name in rows.schema.names if name in listing - set(entry.get("columns") or {})]
    if not unseen:
        return frozenset()
    from agents.tools.privacy import scan_table

    found = scan_table(rows.head(LOOKED_AT, columns=unseen))
    return frozenset(name for name, column in found.columns.items() if column.pii)


@tool("quality.detect", effect="read")
def detect(session: Session, asset: str) -> Look:
    """Find the cells of a table that are probably wrong, and what they should hold; a huge table is sampled."""
    from agents.tools.detection import look

    lake, table = session.platform.lake, session.table(asset)
    if not lake.exists(table):
        raise TableNotFound(f"{asset} is not in the {session.environment} lake", fix="materialize it first")
    return look(lake.dataset(table), lake.rows(table), personal=personal_in(entry_of(session, asset)))


def is_derived(entry: Mapping[str, Any]) -> bool:
    """Whether a table is computed, by SQL or by a person's code, rather than loaded from a source."""
    return not entry.get("source")


def personal_in(entry: Mapping[str, Any]) -> frozenset[str]:
    """The columns that the spec says hold personal data: their values stay out of outputs and specs."""
    columns: Mapping[str, Mapping[str, Any]] = entry.get("columns") or {}
    return frozenset(name for name, column in columns.items() if column.get("pii", "") not in ("", NONE))


def names_people(rule: Rule, personal: frozenset[str]) -> bool:
    """Whether a rule that was learned from the data lists values of a personal column; a person's own rule may."""
    learned = bool(rule.meta.evidence) and not rule.meta.muted
    return learned and "value_set" in rule.kwargs and rule.kwargs.get("column") in personal
