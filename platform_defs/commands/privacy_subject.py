"""`adp privacy subject`: one person's rights. The identifier is read, hashed and forgotten: nothing keeps it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from platform_defs.commands.busy import busy
from platform_defs.commands.launched import launch_step
from platform_defs.commands.printing import Json, emit, progress, tell
from resources.markdown import count

if TYPE_CHECKING:
    from agents.core.subject import Subject
    from agents.tools.governing.subjects import Place
    from resources.platform import Platform

subject = typer.Typer(
    help="Find, export, erase or let in again one person. The identifier comes from standard input or a prompt, "
    "never from an argument, and is kept nowhere: requests, ledger and reports hold its keyed hash.",
    no_args_is_help=True,
)
Environment = Annotated[Literal["dev", "staging", "prod"], typer.Option("--environment", "-e", help="Which lake.")]
Follow = Annotated[
    list[str] | None, typer.Option(help="A column that holds the person's number, such as customer_id. Again for more.")
]
READERS = "query { assetNodes { assetKey { path } dependedByKeys { path } } }"


def register(app: typer.Typer) -> None:
    """Add the commands to `adp privacy`."""
    app.add_typer(subject, name="subject")


@subject.command("find")
def find(environment: Environment = "prod", follow: Follow = None, json: Json = False) -> None:
    """Say in which tables, archives and quarantines a person is, and in which columns. Shows no values.

    **Examples**

    echo ada@example.com | adp privacy subject find -e dev

    adp privacy subject find --follow customer_id --json
    """
    platform = _platform()
    person = _asked(platform)
    found = _found(platform, environment, person, follow)
    _recorded(platform, person, "found", found, environment)
    if json:
        emit({"subject": str(person), "environment": environment, "tables": [place.to_json() for place in found]})
        return
    tell(f"{person}: in {count(len(found), 'table')} of {environment}")
    for place in found:
        tell(_line(place))
    _hint(platform, environment, found, follow)


@subject.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file; only you may read it.")],
    environment: Environment = "prod",
    follow: Follow = None,
) -> None:
    """Write all rows of a person to a JSON file: what that person has a right to see.

    **Examples**

    echo ada@example.com | adp privacy subject export -o ada.json --follow customer_id
    """
    import os

    import orjson

    from agents.tools.governing.subjects import export_subject

    platform = _platform()
    person = _asked(platform)
    rows = dict(export_subject(platform, environment, person, follow or ()))
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(orjson.dumps({"subject": str(person), "tables": rows}, default=str, option=orjson.OPT_INDENT_2))
    _recorded(platform, person, "exported", {name: len(found) for name, found in rows.items()}, environment)
    tell(f"{person}: {count(sum(map(len, rows.values())), 'row')} of {count(len(rows), 'table')} in {output}")


@subject.command("erase")
def erase(environment: Environment = "prod", follow: Follow = None, json: Json = False) -> None:
    """Ask for the erasure of a person from tables, quarantine, archive and all versions. Held until people approve it.

    A source that still has the person does not bring the rows back; `adp privacy subject allow` lets them in again.

    Tables under a legal hold (`retention: {hold: true}`) keep the person, and the report says so.

    **Examples**

    echo ada@example.com | adp privacy subject erase -e dev

    adp privacy subject erase --follow customer_id --json
    """
    platform = _platform()
    person = _asked(platform)
    found = _found(platform, environment, person, follow)
    if not found:
        told = {"subject": str(person), "environment": environment, "status": "not found", "tables": []}
        emit(told) if json else tell(f"{person}: in no table of {environment}, nothing to erase")
        return
    for place in found:
        progress(_line(place))
    _hint(platform, environment, found, follow)
    _recorded(platform, person, "to be erased", found, environment)
    tables = [place.table.removeprefix("cold/") for place in found if not place.hold]
    inputs: dict[str, Any] = {"subject": str(person), "assets": _with_readers(tables, environment)}
    launch_step("governance", "erase", inputs | ({"follow": follow} if follow else {}), environment, json=json)


@subject.command("allow")
def allow(
    environment: Environment = "prod",
    lost: Annotated[bool, typer.Option(help="All whose hashes belong to an encryption key that is gone.")] = False,
    json: Json = False,
) -> None:
    """Ask for letting an erased person come back with the next load, who wants to. Held until people approve it.

    **Examples**

    echo ada@example.com | adp privacy subject allow -e dev

    adp privacy subject allow --lost
    """
    from agents.tools.governing.subjects import kept_away

    platform = _platform()
    people = [] if lost else kept_away(platform, environment, _identifier())
    if not people and not lost:
        told = {"environment": environment, "status": "not found"}
        emit(told) if json else tell(f"nobody of that identifier is kept out of {environment}")
        return
    launch_step("governance", "allow", {"people": people} if people else {}, environment, json=json)


def _platform() -> Platform:
    from platform_defs.here import deployed

    return deployed()


def _asked(platform: Platform) -> Subject:
    """The subject whom standard input, or the person at the terminal, names."""
    from agents.tools.governing.subjects import hasher

    return hasher(platform).subject(_identifier())


def _identifier() -> str:
    return str(typer.prompt("Identifier", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline())


def _found(platform: Platform, environment: str, person: Subject, follow: list[str] | None) -> list[Place]:
    from agents.tools.governing.following import columns_of, require_columns
    from agents.tools.governing.subjects import find_subject

    if follow:
        require_columns(columns_of(platform, environment), follow, environment)
    with busy(f"looking for {person} in {environment}"):
        return find_subject(platform, environment, person, follow or ())


def _hint(platform: Platform, environment: str, found: list[Place], follow: list[str] | None) -> None:
    """Say which further tables the person's number leads to: an erasure without them leaves rows of nobody."""
    from agents.tools.governing.following import columns_of, not_followed

    columns = columns_of(platform, environment)
    for name, tables in not_followed(platform, environment, found, columns, follow or ()).items():
        progress(f"{', '.join(tables)} also has {name}: --follow {name} takes the person's rows there along")


def _recorded(platform: Platform, person: Subject, what: str, found: Any, environment: str) -> None:
    """Who looked at whom is in the audit trail, by the hash."""
    places: list[Place] = [] if isinstance(found, dict) else found
    tables = (
        found
        if isinstance(found, dict)
        else {place.table: place.rows + sum(place.mentions.values()) for place in places}
    )
    facts = {"environment": environment, "tables": tables, "held": [place.table for place in places if place.hold]}
    platform.ledger.append("subject", platform.settings.local_user, what, subject=str(person), facts=facts)


def _with_readers(tables: list[str], environment: str) -> list[str]:
    """The tables and all that is computed from them, as the running deployment has it: all of it is approved."""
    from platform_defs.client import connect
    from platform_defs.instance import Home
    from resources.settings import load_settings

    nodes = connect(Home(load_settings().state_dir)).ask(READERS, {})["assetNodes"]
    reading = {"/".join(n["assetKey"]["path"]): ["/".join(k["path"]) for k in n["dependedByKeys"]] for n in nodes}
    found = dict.fromkeys(f"{environment}/{table}" for table in tables)
    waiting = list(found)
    while waiting:
        fresh = [name for name in reading.get(waiting.pop(), ()) if name not in found]
        found.update(dict.fromkeys(fresh))
        waiting += fresh
    return [name.removeprefix(f"{environment}/") for name in found if name.count("/") == 2]


def _line(place: Place) -> str:
    columns = ", ".join(f"{name} ({rows:,})" for name, rows in place.columns.items())
    mentions = ", ".join(f"{name} ({rows:,})" for name, rows in place.mentions.items())
    parts = [count(place.rows, "row") + (f" by {columns}" if columns else "")]
    parts += [f"mentioned in {mentions}"] if mentions else []
    parts += ["under a legal hold"] if place.hold else []
    return f"    {place.table}: {'; '.join(parts)}"
