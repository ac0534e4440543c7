"""A table's new version: landed from its source, computed by its SQL, or its base's rows masked."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from agents.core.errors import SpecError
from assets.kinds.away import away_of
from assets.kinds.evolution import require
from assets.kinds.judging import Sieve
from assets.kinds.lake_writing import KEYS_MARK, MASKS_MARK, write_stream
from assets.kinds.landing import land
from assets.kinds.metadata import masking_metadata, sql_lineage
from assets.kinds.new_rules import hold_to_new_rules, remember_rules
from assets.kinds.promises import column_types, keep
from assets.kinds.quarantine import quarantined
from assets.kinds.spec import Environment, Masked, Source, Table
from assets.kinds.tables import LakeAsset
from assets.kinds.transform import query
from resources.lake_types import delta_schema

if TYPE_CHECKING:
    from resources.lake import Lake
    from resources.platform import Platform
    from resources.sources.stream import BatchStream


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: numbers for the UI, and the rows that each rule sent to quarantine."""

    version: int
    metadata: Mapping[str, Any]
    taken: Mapping[str, int] = field(default_factory=dict[str, int])


def refresh(platform: Platform, asset: LakeAsset, run_id: str, now: datetime) -> Refreshed:
    """Write the table's new version, or put the one that a person pinned in force; nothing is committed on failure."""
    pinned = pinned_version(asset)
    if pinned is not None:
        return _pinned(platform.lake, asset, pinned)
    if asset.table.source is not None:
        return _ingest(platform, asset, asset.table.source, run_id, now)
    if asset.table.sql is not None:
        return _compute(platform, asset, asset.table.sql, run_id, now)
    if asset.table.masked is not None:
        return _mask(platform, asset, asset.table.masked, run_id, now)
    raise SpecError(f"{asset.table.asset} has neither source nor sql nor masked", where=asset.where)


def pinned_version(asset: LakeAsset) -> int | None:
    """The version that a person's override keeps in force in this environment."""
    return asset.table.override.version.get(cast(Environment, asset.id.environment))


def _pinned(lake: Lake, asset: LakeAsset, version: int) -> Refreshed:
    """Restore the pinned version, unless the table is as it was then: nothing is loaded."""
    now = lake.snapshot(asset.id)
    if now is None or version > now.version:
        raise SpecError(
            f"{asset.id} has no version {version} to stay at",
            where=asset.where,
            fix="correct override.version, or remove it",
        )
    then = lake.snapshot(asset.id, version)
    if then is None or (then.marks, sorted(then.delta.file_uris())) != (now.marks, sorted(now.delta.file_uris())):
        lake.restore(asset.id, version)
    said = f"nothing was loaded: {asset.where} keeps version {version} in force"
    return Refreshed(lake.version(asset.id), {"pinned version": version, "warnings": said})


def _ingest(platform: Platform, asset: LakeAsset, source: Source, run_id: str, now: datetime) -> Refreshed:
    def read(since: str | None) -> BatchStream:
        return platform.sources.read(source.connection, source.table, watermark=source.watermark, since=since)

    held = hold_to_new_rules(platform.lake, asset.id, asset.table, asset.where, run_id, now)
    sieve = Sieve(asset.table.rules, asset.where, now)
    landed = land(
        platform.lake,
        read,
        asset.table,
        asset.id.environment,
        run_id=run_id,
        split=sieve.split,
        now=now,
        digest=asset.digest,
        away=away_of(platform, asset.id.environment, asset.table.retention, now),
    )
    remember_rules(platform.lake, asset.id, asset.table.rules, held)
    sieve.counts.update(held.counts)
    numbers = {
        "rows read": landed.rows_read,
        "rows landed": landed.rows_landed,
        "rows quarantined": landed.rows_quarantined,
        **landed.away,
        "rows updated": landed.rows_updated,
        **landed.repairs,
        "rows swept to quarantine": held.swept,
        "rows replayed": held.replayed and held.replayed.rows_landed,
        "rows superseded in quarantine": held.replayed and held.replayed.rows_superseded,
        "rows in quarantine": quarantined(platform.lake, asset.id),
        "seconds": landed.seconds,
        "watermark before": landed.watermark_before,
        "watermark": landed.watermark_after,
        "schema changes": "; ".join(map(str, landed.schema_changes)) or None,
        "warnings": "; ".join(landed.warnings) or None,
    }
    shown = {key: value for key, value in numbers.items() if value is not None}
    return Refreshed(platform.lake.version(asset.id), shown, _counted(asset.table, sieve))


def _compute(platform: Platform, asset: LakeAsset, sql: str, run_id: str, now: datetime) -> Refreshed:
    began, lake = time.monotonic(), platform.lake
    away = away_of(platform, asset.id.environment, asset.table.retention, now, people=False)
    sieve = Sieve(asset.table.rules, asset.where, now)
    with query(lake, sql, asset.reads, asset.where) as result:
        keep(asset.table, column_types(delta_schema(result.schema, asset.where)), asset.where)
        require(asset.table.key, result.schema, "key", asset.where)
        require(asset.table.partition_by, result.schema, "partition_by", asset.where)
        by = asset.table.partition_by
        rows = write_stream(lake, asset.id, result, sieve, run_id, asset.digest, by, away=away)
    numbers = {
        **rows,
        "rows in quarantine": quarantined(lake, asset.id),
        "seconds": time.monotonic() - began,
        "dagster/column_lineage": sql_lineage(lake, sql, asset.reads, lake.schema(asset.id).names),
        "sql": sql,
    }
    return Refreshed(lake.version(asset.id), numbers, _counted(asset.table, sieve))


def _mask(platform: Platform, asset: LakeAsset, view: Masked, run_id: str, now: datetime) -> Refreshed:
    """The view is always made whole: one value has one pseudonym in it, also after a key was replaced."""
    from assets.kinds.masking.view import masked_rows

    began, lake = time.monotonic(), platform.lake
    sieve = Sieve(asset.table.rules, asset.where, now)
    made = masked_rows(platform, asset.reads[0], view, asset.base, asset.where)
    table, schema = asset.table, made.rows.schema
    counted = view.k_anonymity.columns if view.k_anonymity else ()
    for what, names in (("key", table.key), ("partition_by", table.partition_by), ("k_anonymity", counted)):
        require(names, schema, what, asset.where)
    marks = {MASKS_MARK: made.digest, KEYS_MARK: json.dumps(dict(made.keys), sort_keys=True)}
    rows = write_stream(lake, asset.id, made.rows, sieve, run_id, asset.digest, table.partition_by, marks)
    numbers = {
        **rows,
        "seconds": time.monotonic() - began,
        **masking_metadata(asset.reads[0], made.plan, made.keys),
    }
    return Refreshed(lake.version(asset.id), numbers, _counted(table, sieve))


def _counted(table: Table, sieve: Sieve) -> dict[str, int]:
    """Rows taken out by each quarantining rule; a rule that took none has 0."""
    from assets.kinds.rules import check_names

    return {
        name: sieve.counts[name]
        for name, rule in zip(check_names(table.rules), table.rules, strict=True)
        if rule.meta.action == "quarantine"
    }
