"""`adp quality`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from platform_defs.commands import quality_contract, quality_model, quality_repair, quality_rows
from platform_defs.commands.printing import Json, emit, markdown, progress, tell

quality = typer.Typer(help="Look at data and what should hold on it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    quality_rows.register(quality)
    quality_repair.register(quality)
    quality_model.register(quality)
    quality_contract.register(quality)
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


@quality.command("cells")
def cells(
    input: Annotated[Path, typer.Option("--input", "-i", help="A CSV file; every cell is read as text.")],  # noqa: A002
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the flagged cells go, as CSV.")],
    repaired: Annotated[Path | None, typer.Option("--repaired", help="Where the repaired table goes, as CSV.")] = None,
) -> None:
    """Find the cells of a file that are probably wrong, without labels or rules, and propose repairs.

    OUTPUT has the columns row_index (from 0), column, repair, confidence, reason. An empty repair means flagged only,
    `__EMPTY__` means that the cell should be empty. REPAIRED has only the repairs made that are sure.

    **Examples**

    adp quality cells --input dirty.csv --output flagged.csv

    adp quality cells --input dirty.csv --output flagged.csv --repaired better.csv
    """
    from platform_defs.cells import find_cells

    found, made = find_cells(input, output, repaired)
    offered = sum(1 for cell in found if cell.repair is not None)
    emit({"rows": found.rows, "flagged": len(found), "repairs_proposed": offered, "repairs_made": made})


@quality.command("anomalies")
def anomalies(
    source: Annotated[Path, typer.Option("--input", "-i", help="A CSV file: timestamp,value.")],
    target: Annotated[Path, typer.Option("--output", "-o", help="The CSV file to write: timestamp, a row a flag.")],
    json: Json = False,
) -> None:
    """Flag the points of a series that its past does not explain.

    Each point is judged from the points before it alone: by the same time on former days and weeks, by its recent
    past, and by every value seen. What lasts becomes normal. Points may be unsorted or irregular; an empty value or
    NaN is missing.

    **Examples**

    adp quality anomalies --input series.csv --output flags.csv

    adp quality anomalies -i series.csv -o flags.csv --json     # with reasons
    """
    from agents.tools.anomalies import find_anomalies
    from agents.tools.anomalies.files import read_series, write_timestamps

    series = read_series(source)
    found = find_anomalies(series.times, series.values)
    write_timestamps(target, (series.written[each.index] for each in found))
    if json:
        facts = [
            {"timestamp": series.written[each.index], "score": min(round(each.score, 2), 999.0), "reason": each.reason}
            for each in found
        ]
        emit({"points": len(series.times), "anomalies": facts})
    else:
        progress(f"{len(found):,} of {len(series.times):,} points flagged")


@quality.command("scorecard")
def scorecard(
    asset: Annotated[str | None, typer.Argument(metavar="[ASSET]", help="layer/table; empty: every table.")] = None,
    environment: Annotated[str, typer.Option("--environment", "-e")] = "dev",
    json: Json = False,
) -> None:
    """Show how good tables are: completeness, validity, uniqueness, consistency, freshness, volume, 0 to 100.

    **Examples**

    adp quality scorecard

    adp quality scorecard bronze/sales_orders --json
    """
    from platform_defs.scorecards import card_of, lines_of, overview_of

    if asset is None:
        found = overview_of(environment)
        if json:
            emit({"tables": found})
        else:
            tell("\n".join(lines_of(found)) if found else "no table has been refreshed yet")
        return
    card = card_of(asset, environment)
    if json:
        emit(card.facts)
    else:
        markdown(card.text)


@quality.command("confirm")
def confirm(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Such as silver/orders.")],
    quiet: Annotated[
        list[str] | None,
        typer.Option(help="A measure never to report: rows, amount.nulls, 'amount.*'. Again for more."),
    ] = None,
) -> None:
    """Say that a table is normal as it is now, in its product's `defs.yaml` and in your name.

    What was measured before is no longer what is usual. With --quiet, the named measures are left alone instead.

    **Examples**

    adp quality confirm bronze/sales_orders

    adp quality confirm bronze/sales_orders --quiet rows
    """
    from platform_defs.scorecards import confirm_normal

    tell(confirm_normal(asset, tuple(quiet or ())))


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
