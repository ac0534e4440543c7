"""The pipeline agent: ingests source tables, computes tables with SQL, keeps both fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.catalog import snake
from agents.core.errors import RunFailed, SourceError
from agents.core.gate import Work
from agents.core.plan import AFTER
from agents.core.registry import agent
from agents.core.watermark import usable_watermark
from agents.tools import runs, sources, specs, tables

PIPELINE = agent(
    "pipeline",
    "Ingests tables from sources, computes tables with SQL, and keeps them fast.",
    after=AFTER["pipeline"],
)
SMALL_FILE = 32 * 1024 * 1024


@PIPELINE.action("ingest", effects=("write_spec", "write_data"))
def ingest(
    work: Work,
    connection: str,
    table: str,
    destination: str,
    mode: str = "full",
    watermark: str | None = None,
    key: list[str] | None = None,
    schedule: str | None = None,
    layer: str = "bronze",
) -> Mapping[str, Any]:
    """Write the spec of an ingested table, as the source has it now."""
    found = work.call(sources.describe, connection=connection, table=table)
    asset = destination if "/" in destination else f"{layer}/{destination}"
    for column in [*(key or []), *([watermark] if watermark else [])]:
        if column not in found.columns:
            raise SourceError(
                f"column {column!r} is gone from the source",
                where=f"{connection}/{table}",
                fix=f"it has {', '.join(found.columns)}; plan the goal again",
            )
    source: dict[str, Any] = {"connection": connection, "table": table, "mode": mode}
    if mode == "incremental" and watermark:
        source["watermark"] = watermark
    entry: dict[str, Any] = {
        "description": found.description or f"{table} of {connection}, as the source has it.",
        "source": source,
        "key": list(key if key is not None else found.key),
    }
    return _write(work, asset, snake(connection), entry, schedule)


@PIPELINE.action("transform", effects=("write_spec", "write_data"))
def transform(work: Work, sql: str, destination: str, schedule: str | None = None) -> Mapping[str, Any]:
    """Write the spec of a table computed with SQL."""
    product = work.call(specs.product_for, sql=sql) or "analytics"
    return _write(work, destination, product, {"sql": sql}, schedule)


@PIPELINE.action("optimize", effects=("write_spec", "write_data"))
def optimize(work: Work, asset: str) -> Mapping[str, Any]:
    """Make a table cheaper to read and to refresh: fewer files, and incremental where a watermark allows it."""
    before = work.call(tables.facts, asset=asset)
    after = work.call(tables.compact, asset=asset) if before.files > 1 else before
    made = [f"{before.files} files became {after.files}"] if after.files < before.files else []
    entry = work.call(specs.read, asset=asset)
    source = entry.get("source") or {}
    change: Mapping[str, Any] = {}
    if source.get("mode") == "full":
        found = work.call(sources.describe, connection=source["connection"], table=source["table"])
        watermark = usable_watermark(found)
        if watermark and found.key:
            wanted = {"source": {**source, "mode": "incremental", "watermark": watermark}, "key": list(found.key)}
            change = work.call(specs.write, asset=asset, product="", entry=wanted)
            made.append(f"reads only rows changed since the last load (watermark {watermark})")
    return {
        "dataset": asset,
        "made": made or ["nothing to gain"],
        "bytes": after.bytes,
        "build": bool(change),
        **change,
    }


@PIPELINE.finish
def build(work: Work, done: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Load the new specs and materialize every table of this phase in one child run."""
    assets = list(dict.fromkeys(out["dataset"] for out in done.values() if out.get("build", True)))
    if not assets:
        return {}
    work.call(runs.reload)
    child = work.call(runs.materialize, assets=assets)
    if not child.success:
        raise RunFailed(child.error, where=", ".join(assets), fix=f"see run {child.run_id}", run_id=child.run_id)
    left = {table.asset: found for table, found in child.tables.items()}
    return {
        step: {"run_id": child.run_id, **_landed(left[out["dataset"]].metadata)}
        for step, out in done.items()
        if out["dataset"] in left
    }


def _write(work: Work, asset: str, product: str, entry: dict[str, Any], schedule: str | None) -> Mapping[str, Any]:
    if schedule:
        entry["schedule"] = schedule
    entry["environments"] = [work.environment]
    return {"dataset": asset, **work.call(specs.write, asset=asset, product=product, entry=entry)}


def _landed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "rows": "dagster/row_count",
        "rows_read": "rows read",
        "rows_landed": "rows landed",
        "rows_quarantined": "rows quarantined",
        "rows_in_quarantine": "rows in quarantine",
        "rows_erased": "rows of erased people",
        "rows_expired": "rows past retention",
        "schema_changes": "schema changes",
        "warnings": "warnings",
    }
    return {name: metadata[key] for name, key in names.items() if key in metadata}
