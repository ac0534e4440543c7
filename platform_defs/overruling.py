"""What people write over agents is checked against what there is: a name that nothing has would hold nothing back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from resources.platform import Platform
from resources.specs_repo import OVERRIDE

# Measures of a table as a whole, and those that each column may have.
WHOLE, OF_COLUMNS = ("rows", "schema", "freshness"), ("nulls", "distinct", "mean")


def product_of(platform: Platform, asset: str) -> tuple[str, dict[str, Any]]:
    """The product and entry of `layer/table`. Raises SpecError, with what is near, where no product holds it."""
    found = platform.specs.find(asset)
    if found is None:
        known = [name for name, _ in _entries(platform)]
        raise SpecError(f"no product holds {asset}", fix=_near(asset, known, "name it layer/table as adp doctor shows"))
    return found


def check_override(platform: Platform, asset: str, forbid: Iterable[str], version: Mapping[str, int]) -> None:
    """Raise SpecError for an action or tool that nobody registered, or a version that the table does not have."""
    actions, tools = _forbiddable(platform)
    for name in forbid:
        if name not in (*actions, *tools):
            fix = _near(name, (*actions, *tools), f"actions: {', '.join(actions)}")
            raise SpecError(f"no agent has the action, and there is no tool, {name!r}", where=asset, fix=fix)
    for environment, number in version.items():
        _check_version(platform, asset, environment, number)


def check_quiet(platform: Platform, asset: str, quiet: Iterable[str]) -> None:
    """Raise SpecError for a measure, or a pattern of them, that no column of the table has."""
    columns = _columns(platform, asset)
    known = [*WHOLE, *(f"{column}.{kind}" for column in columns for kind in OF_COLUMNS)]
    for pattern in quiet:
        unbuilt = not columns and pattern.rpartition(".")[2] in (*OF_COLUMNS, "*")
        if not unbuilt and not any(fnmatchcase(measure, pattern) for measure in known):
            fix = _near(pattern, known, f"measures: {', '.join(WHOLE)}, and COLUMN.nulls, .distinct, .mean")
            raise SpecError(f"nothing is measured that is called {pattern!r}", where=asset, fix=fix)


def unknown_words(platform: Platform) -> list[SpecError]:
    """The forbidden actions and tools in all products that nothing has: somebody believes them held back."""
    actions, tools = _forbiddable(platform)
    known = (*actions, *tools)
    found: list[SpecError] = []
    for asset, entry in _entries(platform):
        for name in (entry.get(OVERRIDE) or {}).get("forbid") or ():
            if name not in known:
                fix = _near(str(name), known, f"adp override {asset} --forbid ACTION")
                found.append(SpecError(f"forbids {name!r}, which nothing is called", where=asset, fix=fix))
    return found


def _check_version(platform: Platform, asset: str, environment: str, number: int) -> None:
    places = platform.settings.environments
    if environment not in places:
        fix = f"there are {', '.join(places)}"
        raise SpecError(f"{environment!r} is no environment", where=asset, fix=fix)
    table = TableId(environment, *asset.split("/", 1))
    snapshot = platform.lake.snapshot(table)
    if snapshot is None:
        fix = "build it there first; a version that is not there cannot stay in force"
        raise SpecError("there is no such table yet, so it has no versions", where=str(table), fix=fix)
    if number > snapshot.version:
        raise SpecError(
            f"there is no version {number}", where=str(table), fix=f"the newest is {snapshot.version}, the first is 0"
        )


def _forbiddable(platform: Platform) -> tuple[list[str], list[str]]:
    """The actions of all agents, and the tools."""
    from agents.roles import register_agents

    registry = register_agents(platform.settings.extensions)
    return sorted(f"{agent}.{action}" for agent, action in registry.installed()), sorted(registry.tools)


def _columns(platform: Platform, asset: str) -> list[str]:
    tables = [TableId(environment, *asset.split("/", 1)) for environment in platform.settings.environments]
    there = [name for table in tables if platform.lake.exists(table) for name in platform.lake.schema(table).names]
    return list(dict.fromkeys(there))


def _entries(platform: Platform) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for product in platform.specs.products():
        attributes = platform.specs.read(product)
        found += [
            (f"{entry.get('layer', '')}/{entry.get('name', '')}", entry) for entry in attributes.get("tables", ())
        ]
        found += [(str(entry.get("asset", "")), entry) for entry in attributes.get("extensions", ())]
    return found


def _near(name: str, known: Collection[str], otherwise: str) -> str:
    """What may have been meant: names written like it, and those with the same last part."""
    last = name.rpartition(".")[2] or name
    near = [*get_close_matches(name, known, 5, 0.6), *(each for each in known if each.rpartition(".")[2] == last)]
    return f"did you mean {', '.join(list(dict.fromkeys(near))[:5])}? ({otherwise})" if near else otherwise
