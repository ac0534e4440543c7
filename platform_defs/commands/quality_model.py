"""`adp quality suggest`, `explain` and `meanings`: what a language model says of a table, and taking it over."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agents.core.errors import GoalError
from platform_defs.commands.printing import Json, emit, tell
from platform_defs.commands.quality_rows import Asset, Environment, table_of


def register(app: typer.Typer) -> None:
    """Add the commands to `adp quality`."""
    for command in (suggest, explain, meanings):
        app.command()(command)


def suggest(asset: Asset, environment: Environment = "dev", json: Json = False) -> None:
    """Ask the language model what a table's columns mean and what should hold. It sees names, types and aggregates.

    Rules that hold on the data as claimed are written, and only alert; meanings wait under `adp quality meanings`.

    **Examples**

    adp quality suggest bronze/sales_orders
    """
    _launch("suggest", {"asset": asset}, asset, environment, json=json)


def explain(
    asset: Asset,
    environment: Environment = "dev",
    name: Annotated[str, typer.Option("--proposals", help="A set of proposals; empty: the newest.")] = "",
    json: Json = False,
) -> None:
    """Ask the language model for a sentence on each kind of repair that waits for people. It sees no row and no value.

    `adp quality proposals` shows it as the model's words.

    **Examples**

    adp quality explain bronze/sales_customers
    """
    _launch("explain", {"asset": asset, **({"proposals": name} if name else {})}, asset, environment, json=json)


def meanings(
    asset: Asset,
    environment: Environment = "dev",
    columns: Annotated[list[str] | None, typer.Option("--column", help="Only this column. Again for more.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Take them over as descriptions in the spec.")] = False,
    json: Json = False,
) -> None:
    """Show what a language model said that columns mean; with --accept they become descriptions in the spec.

    A description that a person wrote stays as it is.

    **Examples**

    adp quality meanings bronze/sales_orders

    adp quality meanings bronze/sales_orders --column amount --accept
    """
    from agents.tools.asking import meanings as said_of
    from resources.platform import Platform
    from resources.settings import load_settings

    table_of(asset, environment)
    said = said_of(Platform.of(load_settings()), environment, asset)
    if unknown := sorted(set(columns or ()) - set(said)):
        raise GoalError(f"no model said what {', '.join(unknown)} means", fix=f"one of {', '.join(said)}")
    chosen = {name: text for name, text in said.items() if not columns or name in columns}
    if accept:
        _launch("describe", {"asset": asset, "columns": chosen}, asset, environment, json=json)
    elif json:
        emit(chosen)
    else:
        for name, text in chosen.items():
            tell(f"  {name}: {text}")


def _launch(action: str, inputs: dict[str, Any], asset: str, environment: str, *, json: bool) -> None:
    from platform_defs.commands.launched import launch_step

    table_of(asset, environment)
    launch_step("quality", action, inputs, environment, json=json)
