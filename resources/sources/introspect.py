"""What an engine says about its tables, in more detail than the catalog keeps: enough to build an exact read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agents.core.catalog import SourceTable
from agents.core.errors import SourceError
from resources.secret_values import find_secrets
from resources.secrets_said import hidden

if TYPE_CHECKING:
    from resources.sources.connections import ConnectionConfig


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the engine declares it. `type` is the bare lower-case engine type, `full` the type as written."""

    name: str
    type: str
    full: str = ""
    precision: int | None = None
    scale: int | None = None
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view; `name` is what people call it, `parts` its identifiers from schema to table."""

    name: str
    parts: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rows: int | None = None
    description: str = ""

    def column(self, name: str) -> Column:
        """The column of that name; SourceError with the nearest ones if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise SourceError(
            f"no column {name!r}",
            where=f"table {self.name}",
            fix=f"use one of: {', '.join(nearest(name, [c.name for c in self.columns]))}",
            column=name,
        )

    def to_catalog(self) -> SourceTable:
        """The catalog's form, which is kept and shown: what somebody wrote in a comment or name as a secret is not."""
        columns = {hidden(column.name): column.type for column in self.columns}
        return SourceTable(self.name, columns, tuple(map(hidden, self.key)), self.rows, hidden(self.description))


def refuse_secret_names(names: Iterable[str], where: str) -> None:
    """Raise SourceError where a column's name is a secret: names stand in specs, plans, logs and prompts."""
    for place, name in enumerate(names, 1):
        if found := find_secrets(name):
            raise SourceError(
                f"the name of column {place} holds a secret (it looks like {found[0].type})",
                where=where,
                fix="rename it and replace the secret at its source, or ingest a view with another name for it",
            )


def nearest(wanted: str, known: Iterable[str], limit: int = 5) -> list[str]:
    """Up to `limit` known names, most alike first."""
    from rapidfuzz import fuzz, process, utils

    found = process.extract(wanted, list(known), scorer=fuzz.WRatio, processor=utils.default_process, limit=limit)
    return [name for name, _, _ in found]


def included(config: ConnectionConfig, tables: Iterable[TableInfo]) -> list[TableInfo]:
    """The tables that the connection's `schemas` and `tables` patterns let through, by name."""
    kept = [t for t in tables if _matches(config.schemas, ".".join(t.parts[:-1])) and _matches(config.tables, t.name)]
    return sorted(kept, key=lambda table: table.name)


def _matches(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def tables_from_rows(
    rows: Iterable[Mapping[str, object]],
    keys: Mapping[tuple[str, ...], Sequence[str]],
    columns_of: Mapping[tuple[str, ...], list[Column]],
) -> list[TableInfo]:
    """Tables from an engine's answer: rows of `schema`, `name`, `rows`, `description`; keys and columns beside."""
    made: list[TableInfo] = []
    for row in rows:
        parts = (str(row["schema"]), str(row["name"]))
        estimate = row.get("rows")
        info = TableInfo(".".join(parts), parts, tuple(columns_of.get(parts, ())), tuple(keys.get(parts, ())))
        rows_known = int(estimate) if isinstance(estimate, int | float) and estimate >= 0 else None
        made.append(replace(info, rows=rows_known, description=str(row.get("description") or "")))
    return made
