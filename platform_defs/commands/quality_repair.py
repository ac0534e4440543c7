"""`adp quality repair`, `proposals`, `accept`, `undo`: wrong cells, what people are asked of them, the way back."""

from __future__ import annotations

from typing import Annotated

import typer

from platform_defs.commands.busy import busy
from platform_defs.commands.printing import Json, emit, tell
from platform_defs.commands.quality_rows import Asset, Environment, launched_or_looked_at, table_of

Set = Annotated[str, typer.Option("--proposals", help="A set of proposals, such as P-1f0c...; empty: the newest.")]
Columns = Annotated[list[str] | None, typer.Option("--column", help="Only cells of this column. Again for more.")]
Kind = Annotated[str, typer.Option("--kind", help="Only those whose kind has these words, such as 'another form'.")]
Least = Annotated[float, typer.Option("--at-least", min=0, max=1, help="Only those at least this likely to be right.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `adp quality`."""
    for command in (repair, proposals, accept, undo):
        app.command()(command)


def repair(
    asset: Asset,
    environment: Environment = "dev",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be repaired; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Repair the cells of a table and its quarantine that are wrong and whose right value is proven; ask about others.

    Every row is looked at. In production it is held until people approve. Every repair is logged, and undone with
    `adp quality undo`; what is likely and not proven waits under `adp quality proposals`.

    **Examples**

    adp quality repair bronze/sales_customers --dry-run

    adp quality repair bronze/sales_customers
    """
    looked_at = launched_or_looked_at("repair", asset, environment, dry_run=dry_run, json=json)
    if looked_at is None:
        return
    from agents.tools.wrong_rows import proposals

    with busy(f"looking for wrong cells in {asset}"):
        found = proposals(*looked_at).to_json()
    if json:
        emit(found)
        return
    rows = f"{found['rows_to_repair']:,} of {found['rows_looked_at']:,} rows would be repaired"
    tell(f"{rows}, and {found['held_to_repair']:,} rows in quarantine")
    for name, count in found["cells"].items():
        asked = found["asked"].get(name, 0)
        tell(f"  {name}: {count:,} cells look wrong, {asked:,} to ask about: {found['reasons'][name]}")


def proposals(
    asset: Asset,
    environment: Environment = "dev",
    name: Set = "",
    columns: Columns = None,
    kind: Kind = "",
    at_least: Least = 0.0,
    json: Json = False,
) -> None:
    """Show the repairs that wait for people: how many of which kind, how sure, with the forms of values as examples.

    They were found by the last `adp quality repair`, and are kept as they were found. Values themselves lie in the
    table's log, `quarantine/<layer>_<table>.log`, for those who may read them.

    **Examples**

    adp quality proposals bronze/sales_customers

    adp quality proposals bronze/sales_customers --column city --at-least 0.8 --json
    """
    from agents.tools.proposing import review, waiting
    from platform_defs.here import deployed

    platform, table = deployed(), table_of(asset, environment)
    found = review(platform, table, waiting(platform, table, name, columns or (), kind, at_least))
    if json:
        emit(found)
        return
    tell(f"{found['proposals']}: {sum(found['cells'].values()):,} cells in {found['rows']:,} rows")
    for one in found["kinds"]:
        low, high = one["confidence"]
        tell(f"  {one['column']}: {one['cells']:,} cells, {low:.2f} to {high:.2f} sure: {one['kind']}")
        for example in one["examples"]:
            tell(f"        {example['before']} -> {example['after']}")
        if model := one.get("model"):
            tell(f"        {model['name']} says: {model['words']}")
    tell(f"accept them: adp quality accept {asset} --proposals {found['proposals']}")


def accept(
    asset: Asset,
    environment: Environment = "dev",
    name: Set = "",
    columns: Columns = None,
    kind: Kind = "",
    at_least: Least = 0.0,
    json: Json = False,
) -> None:
    """Make repairs that wait for people, exactly as they were shown: all of a set, or those that the options choose.

    It is held until people approve, as what was there may have been right. A row that changed since it was looked at
    stays as it is, and is counted. Undone with `adp quality undo`.

    **Examples**

    adp quality accept bronze/sales_customers

    adp quality accept bronze/sales_customers --column city --at-least 0.8
    """
    from agents.tools.proposing import waiting
    from platform_defs.commands.launched import launch_step
    from platform_defs.here import deployed

    chosen = waiting(deployed(), table_of(asset, environment), name, columns or (), kind, at_least)
    inputs = {
        "asset": asset,
        "proposals": chosen.name,
        "cells": chosen.asked,
        **({"columns": columns} if columns else {}),
        **({"kind": kind} if kind else {}),
        **({"at_least": at_least} if at_least else {}),
    }
    launch_step("quality", "accept", inputs, environment, json=json)


def undo(asset: Asset, environment: Environment = "dev", json: Json = False) -> None:
    """Take the last repair of a table back: every cell as it was, except in rows that changed since.

    **Examples**

    adp quality undo bronze/sales_customers
    """
    from platform_defs.before_asking import check_undo
    from platform_defs.commands.launched import launch_step
    from platform_defs.here import deployed

    check_undo(deployed(), table_of(asset, environment))
    launch_step("quality", "undo", {"asset": asset}, environment, json=json)
