"""What checks look at: a table as spec and lake have it, and the deployment's parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from agents.tools.governing.declared import declared
from assets.kinds.spec_classes import NONE
from assets.kinds.spec_retention import Retention
from resources.platform import Platform

# Layers whose tables are judged with the table they belong to.
_DERIVED = frozenset({"quarantine", "models"})


@dataclass(frozen=True)
class TableFacts:
    """One table of an environment. `columns` are the lake's; `views` its masked views there."""

    platform: Platform
    table: TableId
    entry: Mapping[str, Any]
    columns: tuple[str, ...]
    views: tuple[str, ...] = ()
    retention: Retention | None = None

    @property
    def classes(self) -> dict[str, str]:
        """What columns hold, as the spec says it; columns nobody looked at are not in it."""
        declared_columns: Mapping[str, Any] = self.entry.get("columns") or {}
        return {name: str(column["pii"]) for name, column in declared_columns.items() if column.get("pii")}

    @property
    def unclassified(self) -> list[str]:
        """Columns of which nobody knows what they hold."""
        return [name for name in self.columns if not name.startswith("_") and name not in self.classes]

    @property
    def personal(self) -> dict[str, str]:
        """Columns with personal data and its type."""
        return {name: pii for name, pii in self.classes.items() if pii != NONE}

    @property
    def is_view(self) -> bool:
        """Whether it is itself a masked view."""
        return bool(self.entry.get("masked"))


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one control. `holds` is None where it cannot be known here; `fix` says what to do."""

    holds: bool | None
    why: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a control gives its check."""

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        return int(self.values.get(name, default))

    def names(self, name: str) -> frozenset[str]:
        """A list of names."""
        return frozenset(map(str, self.values.get(name) or ()))


def tables_of(platform: Platform, environment: str) -> Iterator[TableFacts]:
    """Every table of an environment's lake, with what the specs declare of it."""
    entries = declared(platform, environment)
    views: dict[str, list[str]] = {}
    for asset, entry in entries.items():
        if source := (entry.get("masked") or {}).get("source"):
            views.setdefault(str(source), []).append(asset)
    for table in platform.lake.tables(environment):
        if table.layer in _DERIVED:
            continue
        entry = entries.get(table.asset, {})
        there = tuple(v for v in views.get(table.asset, ()) if _exists(platform, environment, v))
        yield TableFacts(platform, table, entry, _columns(platform, table), there, _retention(entry))


def _columns(platform: Platform, table: TableId) -> tuple[str, ...]:
    try:
        return tuple(platform.lake.schema(table).names)
    except PlatformError:
        return ()


def _exists(platform: Platform, environment: str, view: str) -> bool:
    return platform.lake.exists(TableId(environment, *view.split("/", 1)))


def _retention(entry: Mapping[str, Any]) -> Retention | None:
    from pydantic import TypeAdapter

    return TypeAdapter(Retention).validate_python(entry["retention"]) if entry.get("retention") else None
