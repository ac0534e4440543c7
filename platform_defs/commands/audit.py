"""`adp ledger`: check the audit trail, take it out, accept it after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from platform_defs.commands.printing import Json, emit, tell

if TYPE_CHECKING:
    from resources.ledger import Ledger

ledger = typer.Typer(help="The audit trail.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(ledger, name="ledger")


@ledger.command("verify")
def verify(json: Json = False) -> None:
    """Check the chain of the audit trail; exit 1 when a record was changed, removed, inserted or moved.

    **Example**

    adp ledger verify --json
    """
    found = _ledger().verify()
    if json:
        emit({"records": found.records, "ok": found.ok, "first_bad": found.first_bad})
    else:
        tell(f"{found.records:,} records, " + ("all as written" if found.ok else f"broken at record {found.first_bad}"))
    if not found.ok:
        raise typer.Exit(1)


@ledger.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="What to write; the ending says how: .jsonl or .parquet.")],
    form: Annotated[
        Literal["jsonl", "parquet"] | None, typer.Option("--format", help="Unless the ending says.")
    ] = None,
) -> None:
    """Write all records to a file, in order, with their hashes.

    **Examples**

    adp ledger export audit.jsonl

    adp ledger export audit.parquet
    """
    wanted: Literal["jsonl", "parquet"] = form or ("parquet" if file.suffix == ".parquet" else "jsonl")
    count = _ledger().export(file, wanted)
    tell(f"{count:,} records written to {file}")


@ledger.command("accept")
def accept(
    why: Annotated[str, typer.Option(help="Why the store was put back; it becomes a record.", prompt=True)],
    by: Annotated[str, typer.Option(help="Who accepts it.", prompt=True)],
) -> None:
    """Go on after the store was restored from a backup: production stays shut until somebody says why records are gone.

    **Example**

    adp ledger accept --by ada@example.com --why "disk failure, backup of 02:00 restored"
    """
    _ledger().accept(by, why)
    tell("accepted; the gap and its reason are in the ledger")


def _ledger() -> Ledger:
    from resources.platform import Platform
    from resources.settings import load_settings

    return Platform.of(load_settings()).ledger
