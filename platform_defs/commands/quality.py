"""`adp quality`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from platform_defs.commands.printing import Json, emit, tell

quality = typer.Typer(help="Look at data and what should hold on it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(quality, name="quality")


@quality.command("profile")
def profile(
    target: Annotated[
        str, typer.Argument(metavar="FILE_OR_ASSET", help="A CSV, JSON or Parquet file, or layer/table.")
    ],
    environment: Annotated[str, typer.Option("--environment", "-e")] = "dev",
    json: Json = False,
) -> None:
    """Profile a file or a lake table and show the rules its data suggests.

    **Examples**

    adp quality profile orders.csv --json

    adp quality profile bronze/sales_orders
    """
    from platform_defs.profiling import profile_target

    found = profile_target(target, environment, Path.cwd())
    if json:
        emit(found)
        return
    tell(f"{found['rows']:,} rows")
    for name, column in found["columns"].items():
        tell(f"    {name}: {', '.join(f'{k} {v}' for k, v in column.items() if not isinstance(v, dict | list))}")
    for rule in found["rules"]:
        tell(f"  {rule['type']} {rule['kwargs']}: {rule['meta'].get('reason', '')}")


@quality.command("docs")
def docs(
    output: Annotated[Path, typer.Option("--output", "-o", help="An empty or new folder; open its index.html.")],
    assets: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSET]...", help="layer/table; all tables with rules by default.")
    ] = None,
    environment: Annotated[str, typer.Option("--environment", "-e")] = "dev",
    json: Json = False,
) -> None:
    """Judge lake tables by their rules and write the results as Great Expectations Data Docs.

    **Examples**

    adp quality docs --output docs/quality

    adp quality docs bronze/sales_orders -o /tmp/quality --environment prod
    """
    from platform_defs.quality_docs import write_quality_docs

    written = write_quality_docs(assets or [], output, environment)
    if json:
        emit(written)
        return
    for asset, numbers in written["assets"].items():
        tell(f"    {asset}: {numbers['passed']} of {numbers['rules']} rules hold")
    tell(f"open {written['index']}")
