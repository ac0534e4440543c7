"""`adp quality quarantine` and `adp quality replay`: rows that broke a rule, and their way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agents.core.catalog import TableId
from platform_defs.commands.busy import busy
from platform_defs.commands.printing import Json, emit, tell

if TYPE_CHECKING:
    from resources.platform import Platform

Asset = Annotated[str, typer.Argument(metavar="ASSET", help="Such as bronze/sales_orders.")]
Environment = Annotated[str, typer.Option("--environment", "-e", help="dev, staging or prod.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `adp quality`."""
    app.command()(quarantine)
    app.command()(replay)


def quarantine(asset: Asset, environment: Environment = "dev", json: Json = False) -> None:
    """Say why rows of a table are in quarantine: how many for each rule, since when, and examples with masked values.

    **Examples**

    adp quality quarantine bronze/sales_orders

    adp quality quarantine bronze/sales_orders -e prod --json
    """
    from agents.tools.replaying import reasons
    from platform_defs.here import deployed

    found = reasons(deployed(), table_of(asset, environment))
    if json:
        emit(found)
        return
    tell(f"{sum(reason['rows'] for reason in found):,} rows in quarantine")
    for reason in found:
        tell(f"  {reason['rows']:,}  {reason['rule']}: {reason['reason']}  (since {reason['since'][:16]})")
        for example in reason["examples"]:
            tell("        " + ", ".join(f"{name}={value}" for name, value in example.items()))


def replay(
    asset: Asset,
    environment: Environment = "dev",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would land; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Land the rows in quarantine that pass the table's rules now, each once; the others stay with their reason.

    A refresh after a change of rules does this by itself. In production it is held until people approve.

    **Examples**

    adp quality replay bronze/sales_orders --dry-run

    adp quality replay bronze/sales_orders --json
    """
    looked_at = launched_or_looked_at("replay", asset, environment, dry_run=dry_run, json=json)
    if looked_at is None:
        return
    from agents.tools.replaying import would_land

    with busy(f"judging the quarantine of {asset}"):
        found = would_land(*looked_at).to_json()
    if json:
        emit(found)
        return
    landed = f"{found['rows_checked']:,} rows in quarantine: {found['rows_landed']:,} would land"
    tell(f"{landed}, {found['rows_superseded']:,} are superseded, {found['rows_kept']:,} stay")
    for rule, rows in found["kept"].items():
        tell(f"  {rows:,}  {rule}")


def launched_or_looked_at(
    action: str, asset: str, environment: str, *, dry_run: bool, json: bool
) -> tuple[Platform, TableId] | None:
    """Launch the quality agent's step on a table; of a dry run what it is to look at."""
    from platform_defs.before_asking import check_rows
    from platform_defs.here import deployed

    platform, table = deployed(), table_of(asset, environment)
    check_rows(platform, table)
    if dry_run:
        return platform, table
    from platform_defs.commands.launched import launch_step

    launch_step("quality", action, {"asset": asset}, environment, json=json)
    return None


def table_of(asset: str, environment: str) -> TableId:
    """The lake table of `layer/table`; wrong use where it is not named so."""
    layer, slash, name = asset.partition("/")
    if not slash or not name or "/" in name:
        raise typer.BadParameter(f"{asset!r} is not layer/table, such as bronze/sales_orders")
    return TableId(environment, layer, name)
