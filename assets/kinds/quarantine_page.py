"""What a table's quarantine shows in the UI: an asset of its own, made of observations alone.

It has no definition: one more for each table would be paid by every process that loads them, and nobody runs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from agents.core.catalog import TableId
from assets.kinds.keys import asset_key
from assets.kinds.moves import quarantine_id, quarantine_schema, selected
from resources.markdown import plain, quoted, table

if TYPE_CHECKING:
    from resources.lake import Lake

_EXAMPLES, _LONGEST = 3, 300
_MOST = 40
"""Reasons that a page lists; a table with more has other troubles."""


def reasons(lake: Lake, of: TableId) -> list[dict[str, Any]]:
    """Why rows are in quarantine, most rows first: rule, reason, rows, batches, loads, since, and examples by form."""
    from assets.kinds.sides import forms
    from resources.lake_rewrite import engine

    place = quarantine_id(of)
    if not lake.exists(place):
        return []
    with engine() as db:
        db.register("held", lake.dataset(place))
        columns = selected(lake.schema(place), quarantine_schema(), "h")
        found = db.sql(
            "SELECT _rule AS rule, _reason AS reason, count(*) AS rows, min(_quarantined_at) AS since,"
            " count(DISTINCT _batch) AS batches, count(DISTINCT _run_id) AS loads,"
            f" min_by(row, _row_hash, {_EXAMPLES}) AS examples"
            f" FROM (SELECT {columns} FROM held h) GROUP BY _rule, _reason ORDER BY rows DESC, _rule, _reason"
        ).to_arrow_table()
    return [
        {**row, "since": row["since"].isoformat(timespec="seconds"), "examples": list(map(forms, row["examples"]))}
        for row in found.to_pylist()
    ]


def page(lake: Lake, of: TableId) -> dict[str, Any]:
    """The metadata of a quarantine as it stands; of the rows in it, which are kept whole, only forms are shown."""
    found = reasons(lake, of)
    header = ("rule", "why", "rows", "batches", "loads", "since", "examples (masked)")
    listed = "\n".join(table(header, map(_cells, found[:_MOST]))) if found else "No row is in quarantine."
    return {
        "dagster/table_name": ".".join(quarantine_id(of)),
        "dagster/uri": lake.uri(quarantine_id(of)),
        "dagster/row_count": sum(reason["rows"] for reason in found),
        "rows in quarantine": sum(reason["rows"] for reason in found),
        "by rule": dg.MetadataValue.md(listed),
        "table": dg.MetadataValue.url(_path(of)),
        "look closer": f"adp quality quarantine {of.asset} -e {of.environment}",
    }


def held_events(lake: Lake, of: TableId) -> Iterator[dg.AssetObservation]:
    """What a run shows on the page of its table's quarantine; nothing where no row ever was in one."""
    place = quarantine_id(of)
    if lake.exists(place):
        yield dg.AssetObservation(asset_key(place), metadata=page(lake, of))


def link(lake: Lake, of: TableId) -> dict[str, Any]:
    """Where a table's page leads on to the rows that it does not have."""
    place = quarantine_id(of)
    return {"quarantine": dg.MetadataValue.url(_path(place))} if lake.exists(place) else {}


def _path(of: TableId) -> str:
    return f"/assets/{'/'.join(of)}"


def _cells(reason: Mapping[str, Any]) -> Sequence[str]:
    shown = " ".join(quoted(_line(row), _LONGEST) for row in reason["examples"])
    numbers = (f"{reason[name]:,}" for name in ("rows", "batches", "loads"))
    return (quoted(reason["rule"]), plain(str(reason["reason"])), *numbers, reason["since"][:16], shown)


def _line(row: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name}={'' if value is None else value}" for name, value in row.items())
