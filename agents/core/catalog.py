"""What a plan may refer to: connections with their tables, and the lake's tables. Pure types."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from agents.core.errors import ConfigError

KINDS = ("sqlserver", "postgresql", "mysql", "sqlite", "duckdb", "files")
LAYERS = ("bronze", "silver", "gold", "features", "models", "masked", "quarantine")
ENVIRONMENTS = ("dev", "staging", "prod")
DEFAULT_SCHEMAS = frozenset({"", "dbo", "public", "main"})


class TableId(NamedTuple):
    """A lake table, as its asset key says it: `[environment, layer, table]`."""

    environment: str
    layer: str
    name: str

    @property
    def asset(self) -> str:
        """`layer/table`."""
        return f"{self.layer}/{self.name}"

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of a connection: `name` as the source says it (`sales.orders`), columns to lower-case engine types."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    rows: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """A source system and the tables it holds."""

    name: str
    kind: str
    description: str = ""
    tables: Mapping[str, SourceTable] = field(default_factory=dict[str, SourceTable])


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table of the lake; `name` is `layer/table`."""

    name: str
    columns: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything a goal can name."""

    connections: Mapping[str, Connection] = field(default_factory=dict[str, Connection])
    lake: Mapping[str, LakeTable] = field(default_factory=dict[str, LakeTable])

    def destination(self, connection: str, table: str) -> str:
        """Lake table name for a source table: `<schema>_<table>`, with the connection where that would be ambiguous."""
        schema, bare = split_name(table, self.connections[connection].kind)
        if schema in DEFAULT_SCHEMAS:
            return snake(f"{connection}_{bare}")
        plain = snake(f"{schema}_{bare}")
        rivals = sum(
            1
            for other in self.connections.values()
            for name in other.tables
            if (other.name, name) != (connection, table)
            and (parts := split_name(name, other.kind))[0] not in DEFAULT_SCHEMAS
            and snake("_".join(parts)) == plain
        )
        return snake(f"{connection}_{plain}") if rivals else plain

    def destinations(self) -> dict[tuple[str, str], str]:
        """`destination` of every source table, in one pass."""
        parts = {
            (connection.name, name): split_name(name, connection.kind)
            for connection in self.connections.values()
            for name in connection.tables
        }
        plain = {at: snake("_".join(found)) for at, found in parts.items() if found[0] not in DEFAULT_SCHEMAS}
        seen = Counter(plain.values())
        return {
            (connection, name): snake(f"{connection}_{bare}")
            if (connection, name) not in plain
            else plain[connection, name]
            if seen[plain[connection, name]] == 1
            else snake(f"{connection}_{plain[connection, name]}")
            for (connection, name), (_, bare) in parts.items()
        }


def split_name(table: str, kind: str) -> tuple[str, str]:
    """`(schema, table)`; files have no schema and lose their ending."""
    if kind == "files":
        return "", re.sub(r"(\.(csv|tsv|json|jsonl|ndjson|parquet|gz))+$", "", table, flags=re.IGNORECASE)
    schema, _, bare = table.rpartition(".")
    return schema.lower(), bare


def snake(text: str) -> str:
    """Lower snake case; letters of any script stay, everything else becomes one underscore."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"\W+|_+", "_", text).strip("_").lower()
    return f"t_{name}" if not name or name[0].isdigit() else name


def catalog_from(data: object, where: str) -> Catalog:
    """A catalog from YAML: `connections: {name: {kind, description, tables}}`, `lake: {layer/table: {columns}}`."""
    root = _mapping(data, where)
    connections = {
        str(name): _connection(str(name), _mapping(entry, f"{where}: connections.{name}"), where)
        for name, entry in _mapping(root.get("connections") or {}, f"{where}: connections").items()
    }
    lake = {
        str(name): LakeTable(
            str(name), _columns(_mapping(entry or {}, f"{where}: lake.{name}"), f"{where}: lake.{name}")
        )
        for name, entry in _mapping(root.get("lake") or {}, f"{where}: lake").items()
    }
    return Catalog(connections, lake)


def _connection(name: str, entry: Mapping[object, object], where: str) -> Connection:
    here = f"{where}: connections.{name}"
    kind = str(entry.get("kind", ""))
    if kind not in KINDS:
        raise ConfigError(f"unknown kind {kind!r}", where=here, fix=f"use one of {', '.join(KINDS)}")
    tables = {
        str(table): _table(str(table), _mapping(body or {}, f"{here}.tables.{table}"), f"{here}.tables.{table}")
        for table, body in _mapping(entry.get("tables") or {}, f"{here}.tables").items()
    }
    return Connection(name, kind, str(entry.get("description") or ""), tables)


def _table(name: str, body: Mapping[object, object], where: str) -> SourceTable:
    raw_key = body.get("key") or []
    key = [raw_key] if isinstance(raw_key, str) else raw_key
    if not isinstance(key, list):
        raise ConfigError("key must be a list of column names", where=where)
    rows = body.get("rows")
    return SourceTable(
        name,
        _columns(body, where),
        tuple(str(column) for column in key),
        int(rows) if isinstance(rows, int | float) else None,
        str(body.get("description") or ""),
    )


def _columns(body: Mapping[object, object], where: str) -> dict[str, str]:
    return {str(k): str(v).lower() for k, v in _mapping(body.get("columns") or {}, f"{where}.columns").items()}


def _mapping(value: object, where: str) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a mapping, found {type(value).__name__}", where=where)
    return value
