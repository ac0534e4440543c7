"""What every engine can do: list its tables, describe one, read one, say whether it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.core.errors import UnknownSource
from resources.sources.introspect import TableInfo, nearest

if TYPE_CHECKING:
    from resources.sources.connections import ConnectionConfig, Secrets
    from resources.sources.stream import BatchStream

DEFAULT_SCHEMAS = ("public", "dbo", "main")


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One read of one table: rows whose `watermark` is at or after `since`, all rows when `since` is None."""

    table: TableInfo
    watermark: str | None = None
    since: str | None = None
    batch_rows: int = 65_536


class Engine(ABC):
    """A source system; nothing is opened before a method is called, and nothing stays open after it."""

    def __init__(self, config: ConnectionConfig, secrets: Secrets) -> None:
        self.config = config
        self.secrets = secrets

    @property
    def where(self) -> str:
        """How messages name it."""
        return f"connection {self.config.name}"

    @abstractmethod
    def tables(self, only: str | None = None) -> list[TableInfo]:
        """Every table and view outside the engine's own schemas; with `only` at least the one of exactly that name."""

    @abstractmethod
    def read(self, request: ReadRequest) -> BatchStream:
        """The rows, in one transaction."""

    @abstractmethod
    def check(self) -> None:
        """Raise Unreachable, AccessRefused or UnknownSource unless the source answers."""

    def version(self) -> str:
        """Changes when the tables may have changed, where that can be seen without asking the engine; else empty."""
        return ""


def find_table(name: str, tables: list[TableInfo], where: str) -> TableInfo:
    """The table of that name: exact, else the only one that differs in case or in a default schema's prefix."""
    for table in tables:
        if table.name == name:
            return table
    low = name.lower()
    forms = {low, *(f"{schema}.{low}" for schema in DEFAULT_SCHEMAS)}
    alike = [table for table in tables if table.name.lower() in forms]
    if len(alike) == 1:
        return alike[0]
    near = nearest(name, [table.name for table in tables])
    fix = (
        f"nearest: {', '.join(near)}"
        if near
        else "the connection shows no tables: check its filter and its user's rights"
    )
    raise UnknownSource(f"no table {name!r}", where=where, fix=fix, table=name, candidates=near)
