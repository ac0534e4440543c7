"""Tools that look at and tidy lake tables."""

from __future__ import annotations

from dataclasses import dataclass

from agents.core.errors import TableNotFound
from agents.core.registry import tool
from agents.tools.session import Session


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Size of a lake table: rows, files, bytes, version, and its columns with their Arrow types."""

    rows: int
    files: int
    bytes: int
    version: int
    columns: dict[str, str]


@tool("tables.facts", effect="read")
def facts(session: Session, asset: str) -> TableFacts:
    """How large a table is and what it holds, from its log alone."""
    return _facts(session, asset)


def _facts(session: Session, asset: str) -> TableFacts:
    lake, table = session.platform.lake, session.table(asset)
    if not lake.exists(table):
        raise TableNotFound(f"{asset} is not in the {session.environment} lake", fix="materialize it first")
    files, size = lake.size(table)
    columns = {field.name: str(field.type) for field in lake.schema(table)}
    return TableFacts(lake.rows(table), files, size, lake.version(table), columns)


@tool("tables.quarantined", effect="read")
def quarantined(session: Session, asset: str) -> dict[str, int]:
    """How many rows of a table are in quarantine now, by the rule that holds them."""
    from assets.kinds.quarantine import held_by_rule

    return held_by_rule(session.platform.lake, session.table(asset))


@tool("tables.compact", effect="write_data")
def compact(session: Session, asset: str) -> TableFacts:
    """Rewrite many small files as few large ones; the rows stay the same."""
    session.platform.lake.optimize(session.table(asset))
    return _facts(session, asset)
