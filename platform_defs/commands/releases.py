"""`adp promote`, `adp rollback`, `adp override`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from platform_defs.commands.launched import launch_step
from platform_defs.commands.printing import Json, tell

Assets = Annotated[list[str], typer.Argument(metavar="ASSET...", help="Such as silver/orders.")]
Requester = Annotated[str, typer.Option(help="Who asks.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(promote)
    app.command()(rollback)
    app.command()(override)


def promote(
    assets: Assets,
    to: Annotated[Literal["staging", "prod"], typer.Option(help="Where to.")] = "prod",
    requester: Requester = "",
    json: Json = False,
) -> None:
    """Release what dev has into staging or production: pinned, materialized, tested, taken back when it fails.

    What needs an approval is held, and the command says where to decide.

    **Examples**

    adp promote silver/orders gold/daily_revenue

    adp promote silver/orders --to staging --json
    """
    from agents.tools.before_release import check_promotion
    from platform_defs.client import connect
    from platform_defs.here import deployed
    from platform_defs.instance import Home

    platform = deployed()
    check_promotion(platform, assets, to, lambda: connect(Home(platform.settings.state_dir)).tables())
    launch_step("deployment", "promote", {"assets": assets, "to": to}, to, requester, json=json)


def rollback(
    assets: Assets,
    environment: Annotated[Literal["staging", "prod"], typer.Option("--environment", "-e", help="Where.")] = "prod",
    requester: Requester = "",
    json: Json = False,
) -> None:
    """Go back to the release before: its specs and its table versions. Held like a release.

    **Examples**

    adp rollback silver/orders
    """
    from agents.tools.before_release import check_rollback
    from platform_defs.here import deployed

    check_rollback(deployed(), assets, environment)
    launch_step("deployment", "rollback", {"assets": assets}, environment, requester, json=json)


def override(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Such as silver/orders.")],
    forbid: Annotated[
        list[str] | None, typer.Option(help="An action agents may not do, or a tool. Again for more.")
    ] = None,
    version: Annotated[list[str] | None, typer.Option(help="A version that stays in force, such as prod=12.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take the override back.")] = False,
) -> None:
    """Overrule the agents for one asset, in its product's `defs.yaml` and in your name; it replaces what stood there.

    **Examples**

    adp override silver/orders --forbid pipeline.optimize

    adp override silver/orders --version prod=12

    adp override silver/orders --clear
    """
    from agents.tools.pins import validator
    from platform_defs.here import with_specs
    from platform_defs.overruling import check_override, product_of

    if clear == bool(forbid or version):
        raise typer.BadParameter("give --forbid or --version, or --clear")
    platform = with_specs()
    word = {} if clear else _word(forbid or [], version or [])
    product, _ = product_of(platform, asset)
    check_override(platform, asset, word.get("forbid", ()), word.get("version", {}))
    commit = platform.specs.override(asset, word, validator(platform, platform.specs, product))
    done = "written; reload the definitions for it to hold" if commit else "it says so already"
    tell(f"{platform.specs.path(product)}: {done}")


def _word(forbid: list[str], version: list[str]) -> dict[str, Any]:
    versions: dict[str, int] = {}
    for text in version:
        environment, _, number = text.partition("=")
        if not number.isdigit():
            raise typer.BadParameter(f"{text!r} is not ENVIRONMENT=VERSION, such as prod=12")
        versions[environment] = int(number)
    return {key: value for key, value in (("forbid", forbid), ("version", versions)) if value}
