"""`adp read`, `adp access`, `adp masking`: rows for people, who may see them in clear text, the keys that hide them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from platform_defs.commands.printing import Json, emit, progress, tell

if TYPE_CHECKING:
    from agents.core.approval import ApprovalRequest
    from agents.core.catalog import TableId
    from assets.kinds.reading import Rows
    from resources.access import Reader
    from resources.personal import PersonalData
    from resources.platform import Platform

access = typer.Typer(help="Who may read personal data in clear text.", no_args_is_help=True)
masking = typer.Typer(help="The keys behind pseudonyms and tokens.", no_args_is_help=True)
Asset = Annotated[str, typer.Argument(help="layer/table, such as silver/customers.")]
Environment = Annotated[str, typer.Option("--environment", "-e")]
Columns = Annotated[str, typer.Option(help="Only these, comma separated.")]
Name = Annotated[str, typer.Option(help="Who you are; else the user of this computer.")]
Code = Annotated[str, typer.Option(help="The six digits of your authenticator; asked for when a name is given.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(read)
    app.add_typer(access, name="access")
    app.add_typer(masking, name="masking")


def read(
    asset: Asset,
    environment: Environment = "dev",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="So many rows at most.")] = 20,
    columns: Columns = "",
    raw: Annotated[
        bool, typer.Option("--raw", help="Personal data in clear text: needs permission, is recorded.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    name: Name = "",
    code: Code = "",
    json: Json = False,
) -> None:
    """Show rows of a table, personal data masked: those of its masked view where there is one.

    **Examples**

    adp read silver/customers --limit 5

    adp read silver/customers --columns email,city --csv

    adp read silver/customers -e prod --raw --name ada@example.com
    """
    from assets.kinds.reading import read_rows, specs_of
    from platform_defs.scanning import Scanner

    platform = _platform(Scanner())
    found = read_rows(
        platform,
        _table(environment, asset),
        _reader(platform, name, code) if raw else _anybody(),
        specs_of(platform.settings.specs_dir),
        columns=_list(columns),
        limit=limit,
        raw=raw,
    )
    _say(found)
    if json:
        emit(
            {"asset": str(found.source), "masked": found.masked, "clear": found.clear, "rows": found.table.to_pylist()}
        )
    elif csv:
        _csv(found)
    else:
        _grid(found)


@access.command("request")
def request(
    asset: Asset,
    reason: Annotated[str, typer.Option(help="What for; who decides reads it.", prompt=True)],
    environment: Environment = "dev",
    columns: Columns = "",
    hours: Annotated[float, typer.Option(help="For how long.")] = 8,
    name: Name = "",
    code: Code = "",
    json: Json = False,
) -> None:
    """Ask to read a table in clear text. It waits for people like any request: `adp requests`, `adp decide`.

    **Example**

    adp access request silver/customers -e prod --columns email --hours 4 --reason "complaint 4711"
    """
    from platform_defs.before_asking import check_readable

    platform = _platform()
    table = _table(environment, asset)
    check_readable(platform, table, _list(columns))
    ruling = platform.access.request(_reader(platform, name, code), table, _list(columns), hours, reason)
    if json:
        emit({"request": ruling.request, "verdict": ruling.verdict, "needs": ruling.reason, "asset": str(table)})
    else:
        tell(
            f"{ruling.request} waits: {ruling.reason}" if ruling.request else "no permission is needed: adp read --raw"
        )


@access.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False, json: Json = False
) -> None:
    """Who asked for what, who may read what now, and until when.

    **Example**

    adp access list --json
    """
    found = [_line(one) for one in _platform().access.requests(every=every)]
    if json:
        emit(found)
        return
    words = (
        f"{one['request']}  {one['state']:9}  {one['person']}  {one['asset']}"
        f"  {', '.join(one['columns']) or 'all columns'}  until {one['expires']}  {one['reason']}"
        for one in found
    )
    tell("\n".join(words) or "nobody asked")


@access.command("revoke")
def revoke(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="Such as AR-000042.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
    name: Name = "",
    code: Code = "",
) -> None:
    """Give your permission back, or withdraw your request. An approver revokes others': `adp decide ID revoke`.

    **Example**

    adp access revoke AR-000042
    """
    platform = _platform()
    done = platform.access.revoke(request_id, _reader(platform, name, code), note)
    tell(f"{done.id} is {done.state}")


@masking.command("new-key")
def new_key(
    name: Annotated[str, typer.Option(help="The secret's name, as masks give it under key.")] = "MASKING_KEY",
    show: Annotated[bool, typer.Option("--show", help="Print the secret for a vault; nothing is written.")] = False,
) -> None:
    """Make a key, or a new version of one: it masks from now on, and former versions go on to open their tokens.

    Pseudonyms change: the sensor `masks` has all views made anew that were made by a former version, in production once
    people approved it.

    **Examples**

    adp masking new-key

    adp masking new-key --name PATIENTS --show
    """
    from resources.masking_keys import with_new_version
    from resources.platform import open_platform
    from resources.settings import load_settings

    platform = open_platform(load_settings())  # a key may be made before the first start
    text = with_new_version(platform.secrets.get(name), name)
    if show:
        tell(text)
        return
    platform.secrets.put(name, text)
    version = len(text.splitlines())
    platform.ledger.append("key", platform.settings.local_user, "new version of a masking key", subject=name)
    where = platform.settings.key_vault or "the state folder, readable by you alone"
    tell(f"version {version} of {name} masks from now on; it lies in {where}; `adp up` has the views made anew")


@masking.command("open")
def open_(
    token: Annotated[str, typer.Argument(help="As a masked view shows it.")],
    asset: Annotated[
        str, typer.Option(help="The table that the value is from, layer/table: its permission is needed.")
    ],
    column: Annotated[str, typer.Option(help="The column that the value is from.")],
    environment: Environment = "dev",
    key: Annotated[str, typer.Option(help="The key's name, where the mask gives one.")] = "",
    name: Name = "",
    code: Code = "",
) -> None:
    """Show the value behind a token. It is a reading of personal data: it needs permission and is recorded.

    **Example**

    adp masking open t1.0fexMbeVrsC0guh3Urk9mIwaX68jqrxdug --asset silver/customers --column email
    """
    from assets.kinds.masking import opened

    platform = _platform()
    table, reader = _table(environment, asset), _reader(platform, name, code)
    why = platform.access.permission(reader, table, [column])
    value = opened(token, platform.masking_keys, key)
    platform.access.record(reader.name, table, [column], 1, why="token", request=why.request, proven=reader.proven)
    tell(value.decode(errors="replace"))


def _platform(personal: PersonalData | None = None) -> Platform:
    from platform_defs.here import deployed

    return deployed(personal)


def _table(environment: str, asset: str) -> TableId:
    from agents.core.catalog import ENVIRONMENTS, LAYERS, TableId

    layer, _, table = asset.partition("/")
    if layer not in LAYERS or not table or "/" in table:
        raise typer.BadParameter(f"{asset!r} is not layer/table; layers are {', '.join(LAYERS)}")
    if environment not in ENVIRONMENTS:
        raise typer.BadParameter(f"{environment!r} is none of {', '.join(ENVIRONMENTS)}")
    return TableId(environment, layer, table)


def _reader(platform: Platform, name: str, code: str) -> Reader:
    """Who is at the keyboard: proven by a code, or the user of a computer whose users are trusted."""
    from resources.access import Reader

    if name:
        person = platform.people.verify(name, code or typer.prompt("Code", hide_input=True))
        return Reader(person.name, proven=True)
    return Reader(platform.settings.local_user, proven=platform.settings.profile == "local")


def _anybody() -> Reader:
    from resources.access import Reader

    return Reader("", proven=False)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _line(one: ApprovalRequest) -> dict[str, Any]:
    from datetime import UTC, datetime

    said = dict(one.effects.access or {})
    until = datetime.fromtimestamp(one.expires, UTC).isoformat(timespec="seconds")
    return {"request": one.id, "state": one.state, **said, "expires": until}


def _say(found: Rows) -> None:
    if found.clear:
        progress(f"{found.source}: {', '.join(found.clear)} in clear text; this reading is in the ledger")
    elif found.masked:
        progress(f"{found.source}: {', '.join(found.masked)} masked")
    else:
        progress(str(found.source))


def _csv(found: Rows) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found.table.column_names)
    for row in found.table.to_pylist():
        writer.writerow(list(row.values()))


def _grid(found: Rows) -> None:
    from platform_defs.commands.grids import print_rows

    rows = [["" if cell is None else str(cell) for cell in row.values()] for row in found.table.to_pylist()]
    print_rows(found.table.column_names, rows)
