"""Where rows of a table live on: quarantine, log, what is computed from it, the cold tier; and that they are gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import StateError
from agents.core.registry import tool
from agents.tools.session import Session
from assets.kinds.moves import sides_of
from resources.lake import Lake
from resources.platform import Platform

COLD = "cold/"


@dataclass(frozen=True, slots=True)
class Proof:
    """One table after a deletion: rows, the data files its newest version names, those that lie in its folder.

    `versions` are the versions that can still be read. `clean` says that nothing but the newest one is there.
    """

    table: str
    rows: int
    files: int
    lying: int
    versions: int
    clean: bool

    def to_json(self) -> dict[str, Any]:
        """As step outputs keep it."""
        return asdict(self)


@tool("copies.readers", effect="read")
def readers(session: Session, asset: str) -> list[str]:
    """Every table of the lake that is computed from this one, directly or not: masked views, features, people's own."""
    table = session.table(asset)
    return [found.asset for found in session.orchestrator.readers(table) if session.platform.lake.exists(found)]


@tool("copies.count", effect="read")
def count(session: Session, assets: Sequence[str]) -> dict[str, int]:
    """Rows of tables as they stand, of their quarantine and log, and of what the cold tier has of them."""
    return {name: lake.rows(table) for name, lake, table in _places(session.platform, map(session.table, assets))}


@tool("copies.purge", effect="delete")
def purge(session: Session, assets: Sequence[str]) -> list[Proof]:
    """Make the newest version of these tables, their quarantine, log and archive the only one; what is left of each.

    Raises StateError when something of a former version could not be removed.
    """
    found: list[Proof] = []
    for name, lake, table in _places(session.platform, map(session.table, assets)):
        lake.purge(table)
        found.append(proof_of(name, lake, table))
    if unclean := [proof.table for proof in found if not proof.clean]:
        raise StateError(
            "files of former versions are left: somebody is writing, or a killed writer left them within the hour",
            where=", ".join(unclean),
            fix="run it again when that is over",
        )
    return found


def proof_of(name: str, lake: Lake, table: TableId) -> Proof:
    """What can be read of a table, file by file."""
    left = lake.footprint(table)
    return Proof(name, lake.rows(table), len(left.named), len(left.lying), len(left.commits) or 1, left.clean)


def _places(platform: Platform, tables: Iterable[TableId]) -> list[tuple[str, Lake, TableId]]:
    """The tables that are there, with their quarantine, log and part of the cold tier, each once."""
    found: dict[str, tuple[str, Lake, TableId]] = {}
    for table in tables:
        for one in (table, *sides_of(table)):
            if platform.lake.exists(one):
                found[one.asset] = (one.asset, platform.lake, one)
        if platform.settings.lake_cold and platform.cold.exists(table):
            found[COLD + table.asset] = (COLD + table.asset, platform.cold, table)
    return list(found.values())
