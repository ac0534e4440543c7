"""`adp ledger`: check the audit trail, take it out, accept it after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from platform_defs.commands.printing import Json, emit, tell

if TYPE_CHECKING:
    from resources.ledger import Ledger, Verification

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
        tell(f"{found.records:,} records, " + (_state(found)))
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
    by_ending: dict[str, Literal["jsonl", "parquet"]] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
    wanted = form or by_ending.get(file.suffix.lower())
    if wanted is None:
        raise typer.BadParameter(f"{file} does not say how: end it .jsonl or .parquet, or give --format")
    count = _ledger().export(file, wanted)
    tell(f"{count:,} records written to {file}")


@ledger.command("accept")
def accept(
    why: Annotated[str, typer.Option(help="Why the store was put back; it becomes a record.", prompt=True)],
    by: Annotated[str, typer.Option(help="Who accepts it; else the user of this computer.")] = "",
) -> None:
    """Go on after the store was restored from a backup: production stays shut until somebody says why records are gone.

    Every grant is revoked: one that was taken back after the backup would be in force again.

    **Example**

    adp ledger accept --by ada@example.com --why "disk failure, backup of 02:00 restored"
    """
    from platform_defs.here import deployed

    platform = deployed()
    who = by or platform.settings.local_user
    platform.ledger.accept(who, why)
    granted = platform.approvals.requests(("granted",))
    for request in granted:
        platform.approvals.revoke(request.id, who, "the store was restored")
    tell(f"accepted; the gap and its reason are in the ledger, and {len(granted)} grants are revoked: prod asks anew")


def _state(found: Verification) -> str:
    if found.ok:
        return "all as written"
    return (
        f"broken at record {found.first_bad}" if found.first_bad else "but the head file that anchors them is missing"
    )


def _ledger() -> Ledger:
    from platform_defs.here import deployed

    return deployed().ledger
