"""What Dagster can show of a lake table, under its standard metadata keys; numbers are plotted over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from agents.core.catalog import TableId
from assets.kinds.keys import asset_key
from assets.kinds.lineage import column_lineage

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.kinds.masking.plan import MaskPlan
    from resources.lake import Lake


def table_metadata(lake: Lake, table: TableId) -> dict[str, Any]:
    """The table as it stands: name, place, rows, bytes, files, version, columns."""
    files, size = lake.size(table)
    return {
        "dagster/table_name": ".".join(table),
        "dagster/uri": lake.uri(table),
        "dagster/row_count": lake.rows(table),
        "dagster/column_schema": column_schema(lake.schema(table)),
        "bytes": size,
        "files": files,
        "version": lake.version(table),
    }


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """The columns with their Arrow types, as the asset page lists them."""
    return dg.TableSchema([dg.TableColumn(field.name, str(field.type)) for field in schema])


def sql_lineage(lake: Lake, sql: str, reads: Iterable[TableId], columns: Iterable[str]) -> dg.TableColumnLineage:
    """From which columns of which tables each column comes."""
    schemas: dict[str, Mapping[str, str]] = {}
    ids: dict[str, TableId] = {}
    for read in reads:
        schemas[read.asset], ids[read.asset] = dict.fromkeys(lake.schema(read).names, ""), read
    found = column_lineage(sql, schemas, list(columns))
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key(ids[asset]), _spelled(name, schemas[asset]))
                for asset, name in origins
                if asset in ids
            ]
            for column, origins in found.items()
        }
    )


def masking_metadata(base: TableId, plan: MaskPlan, keys: Mapping[str, int]) -> dict[str, Any]:
    """How each column of a masked view is masked and why; never a value."""
    rows = [
        f"| {c.name} | {c.mask.method}{' inside' if c.mask.inside else ''} | {c.pii} | {c.why} |" for c in plan.columns
    ]
    table = "\n".join(("| column | mask | holds | because |", "|---|---|---|---|", *rows))
    found: dict[str, Any] = {
        "dagster/column_lineage": dg.TableColumnLineage(
            {shown.name: [dg.TableColumnDep(asset_key(base), shown.name)] for shown in plan.columns}
        ),
        "masking": dg.MetadataValue.md(table),
    }
    if keys:
        found["masking keys"] = ", ".join(f"{name} version {version}" for name, version in sorted(keys.items()))
    if plan.warnings:
        found["warnings"] = "; ".join(plan.warnings)
    return found


def _spelled(name: str, columns: Iterable[str]) -> str:
    """The column as its table spells it: SQL ignores case."""
    return next((column for column in columns if column.lower() == name.lower()), name)
