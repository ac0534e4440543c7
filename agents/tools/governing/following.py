"""Columns that take a person's number along: to which other tables, and whether there is such a column at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from agents.core.errors import GoalError
from agents.tools.governing.declared import declared
from agents.tools.governing.subjects import Place
from resources.platform import Platform


def columns_of(platform: Platform, environment: str) -> dict[str, list[str]]:
    """By column the tables of an environment that have it, without quarantine, views and the platform's own columns."""
    found: dict[str, list[str]] = {}
    for table in platform.lake.tables(environment):
        if table.layer not in ("quarantine", "masked"):
            for name in platform.lake.schema(table).names:
                if not name.startswith("_"):
                    found.setdefault(name, []).append(table.asset)
    return found


def require_columns(columns: Mapping[str, Sequence[str]], follow: Sequence[str], environment: str) -> None:
    """Refuse to follow a column that no table has: what it was to find would seem not to be there."""
    for name in follow:
        if name not in columns:
            near = get_close_matches(name, columns, n=3)
            meant = f"did you mean {', '.join(near)}?" if near else "see the columns with adp read layer/table"
            raise GoalError(f"no table of {environment} has a column {name!r}", where="--follow", fix=meant)


def not_followed(
    platform: Platform,
    environment: str,
    places: Sequence[Place],
    columns: Mapping[str, Sequence[str]],
    follow: Sequence[str],
) -> dict[str, list[str]]:
    """By key column of the tables that hold a person: other tables with that column, which nobody looked into by it."""
    specs, there = declared(platform, environment), {place.of for place in places}
    found: dict[str, list[str]] = {}
    for place in places:
        for name in specs.get(place.of, {}).get("key") or ():
            others = [table for table in columns.get(name, ()) if table not in there]
            if others and name not in follow:
                found[str(name)] = others
    return found
