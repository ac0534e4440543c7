"""`adp privacy publish`: the catalogs outside are told what a table's columns hold."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from platform_defs.commands.launched import launch_step
from platform_defs.commands.printing import Json


def register(app: typer.Typer) -> None:
    """Add the command to `adp privacy`."""
    app.command("publish")(publish)


def publish(
    asset: Annotated[str, typer.Argument(help="layer/table, such as silver/customers.")],
    environment: Annotated[Literal["dev", "staging", "prod"], typer.Option("--environment", "-e")] = "dev",
    json: Json = False,
) -> None:
    """Tell Unity Catalog, Microsoft Purview and the lake's ACLs what the spec says of a table's columns.

    Agents do so after each scan. This is for production after a release, and after a catalog was out of reach.

    **Examples**

    adp privacy publish bronze/customers

    adp privacy publish masked/customers -e prod --json
    """
    from platform_defs.before_asking import check_publishing
    from platform_defs.here import deployed

    check_publishing(deployed(), asset, environment)
    launch_step("governance", "publish", {"asset": asset}, environment, json=json)
