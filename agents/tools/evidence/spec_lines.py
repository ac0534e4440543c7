"""A spec entry as short lines, and what differs between two of them: what an approver reads, most telling first."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents.core.digest import digest
from assets.kinds.spec_classes import NONE

# What decides what a table holds comes first; what no approval covers (words, places, who hears of it) is left out.
_FIRST = (
    "source",
    "sql",
    "masked",
    "columns",
    "key",
    "partition_by",
    "override",
    "schedule",
    "tags",
    "freshness_hours",
)
_UNCOVERED = frozenset({"description", "environments", "name", "layer", "asset", "owners", "notify", "retry"})
_NAMING = frozenset({"column_list", "column_set", "type_list"})


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """What becomes of an entry: how much of it changes, and the lines of a unified diff."""

    kind: str
    lines: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """Lines that come."""
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines that go."""
        return sum(line.startswith("-") for line in self.lines)


def spec_diff(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> SpecDiff:
    """`new`, `changed`, `unchanged` or `removed`, with its lines."""
    old, new = (list(lines_of(entry)) if entry is not None else [] for entry in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    if before is None or after is None:
        return SpecDiff("new" if before is None else "removed", tuple(line for line in lines if line[:2] != "@@"))
    return SpecDiff(
        "changed" if lines else "unchanged", tuple(" …" if line[:2] == "@@" else line for line in lines[1:])
    )


def lines_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """The entry's fields with an effect, one a line, SQL as it is written, one line a rule."""
    fields = [*_FIRST, *sorted(entry.keys() - {*_FIRST, "rules"})]
    for field in fields:
        if field not in _UNCOVERED and entry.get(field) not in (None, [], {}, ""):
            classes = field == "columns" and isinstance(entry[field], Mapping)
            yield from _classes(entry[field]) if classes else _field(field, entry[field])
    for rule in entry.get("rules") or ():
        yield _rule(rule) if isinstance(rule, Mapping) else f"rule {_short(rule)}"


def _classes(columns: Mapping[str, Any]) -> Iterator[str]:
    """What columns hold and how views hide it, a line for each with personal data; how sure a scan was is no change."""
    said = {name: column for name, column in columns.items() if isinstance(column, Mapping)}
    for name, column in said.items():
        if column.get("pii", NONE) != NONE or column.get("mask"):
            masked = f", masked: {_short(column['mask'])}" if column.get("mask") else ""
            yield f"columns.{name}: {column.get('pii') or 'no class'}{masked}"
    if plain := [name for name, column in said.items() if column.get("pii") == NONE and not column.get("mask")]:
        yield f"columns without personal data: {', '.join(plain)}"


def _field(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _field(f"{name}.{key}", item)
    elif isinstance(value, str) and "\n" in value.strip():
        yield f"{name}:"
        yield from (f"  {line}" for line in value.strip().splitlines())
    else:
        yield f"{name}: {_short(value)}"


def _rule(rule: Mapping[str, Any]) -> str:
    """Type, columns, limits and action. Lists of values are counted: they hold what rows hold."""
    meta: Any = rule.get("meta") or {}
    given: Mapping[str, Any] = rule.get("kwargs") or {}
    shown = ", ".join(f"{name}={_argument(name, value)}" for name, value in sorted(given.items()))
    muted = ", muted" if meta.get("muted") else ""
    return f"rule {rule.get('type')}({shown}): {meta.get('action', 'alert')}{muted}"


def _argument(name: str, value: Any) -> str:
    if isinstance(value, list) and name not in _NAMING:
        return f"{len(value)} values #{digest(value)[7:13]}"
    return _short(value)


def _short(value: Any) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
