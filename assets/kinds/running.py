"""What the op of a table does: refresh it, judge it, publish it or take it back; or only judge it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from agents.core.catalog import TableId
from agents.core.errors import (
    ConfigError,
    PlatformError,
    PolicyError,
    SchemaMismatch,
    SourceError,
    SpecError,
    TableNotFound,
    Unreachable,
)
from assets.kinds.judging import check_results, judge, refused
from assets.kinds.lake_writing import KEYS_MARK, MASKS_MARK, RULES_MARK, SPEC_MARK
from assets.kinds.metadata import table_metadata
from assets.kinds.moves import MOVES_MARK, settle_moves
from assets.kinds.quarantine_page import held_events, link, version
from assets.kinds.refresh import pinned_version, refresh
from assets.kinds.report_card import card
from assets.kinds.spec import Extension
from assets.kinds.tables import PLATFORM, LakeAsset
from resources.production import claim
from resources.unexpected import alone, data_errors, wordless

if TYPE_CHECKING:
    from assets.kinds.rules import RuleResult
    from resources.lake import Lake
    from resources.platform import Platform

# Trying again cannot help: a person has to change something first.
LASTING = (ConfigError, PolicyError, SchemaMismatch, SourceError, SpecError, TableNotFound)


def run_table(context: dg.AssetExecutionContext, asset: LakeAsset) -> Iterator[Any]:
    """The events of one run of a table's op, for the assets and checks that the run selected."""
    platform: Platform = getattr(context.resources, PLATFORM)
    now = datetime.now(UTC)
    wanted = {key.name for key in context.selected_asset_check_keys}
    rules = asset.table.rules
    with told(asset.id):
        if not context.selected_asset_keys:
            yield from check_results(asset.id, rules, _judged(platform.lake, asset, now), wanted)
            return
        former, held = platform.lake.snapshot(asset.id), version(platform.lake, asset.id)
        with claim(asset.id, asset.digest):
            done = refresh(platform, asset, context.run.run_id, now)
        results = _judged(platform.lake, asset, now)
        if (bad := refused(results)) and pinned_version(asset) is None:
            with claim(asset.id, asset.digest):
                back = take_back(platform.lake, asset.id, former.version if former else None)
            _card(platform, asset, results, done.metadata, context.run.run_id, now, bad)
            numbers = {**done.metadata, "refused version": done.version, "restored version": former and former.version}
            yield dg.AssetObservation(asset.key, metadata=_shown(numbers), description=back)
            yield from held_events(platform.lake, asset.id, held)
            yield from check_results(asset.id, rules, results, wanted, done.taken)
            raise _failure(bad, results, back, numbers)
        card_of = _card(platform, asset, results, done.metadata, context.run.run_id, now)
        shown = {**table_metadata(platform.lake, asset.id), **done.metadata, **link(platform.lake, asset.id), **card_of}
        yield dg.MaterializeResult(asset_key=asset.key, metadata=shown)
        yield from held_events(platform.lake, asset.id, held)
        yield from check_results(asset.id, rules, results, wanted, done.taken)


def _judged(lake: Lake, asset: LakeAsset, now: datetime) -> dict[str, RuleResult]:
    return judge(lake, asset.id, asset.table.rules, asset.where, now, asset.table.columns)


def _card(
    platform: Platform,
    asset: LakeAsset,
    results: Mapping[str, RuleResult],
    numbers: Mapping[str, Any],
    run_id: str,
    now: datetime,
    refused: Sequence[str] = (),
) -> dict[str, Any]:
    return card(
        platform,
        asset.id,
        results,
        numbers,
        run_id,
        now,
        override=asset.table.override,
        freshness_hours=asset.table.freshness_hours,
        schedule=asset.table.schedule,
        refused=refused,
        contract=asset.table.contract,
    )


def run_extension_checks(
    context: dg.AssetCheckExecutionContext, table: TableId, extension: Extension
) -> Iterator[dg.AssetCheckResult]:
    """The checks that YAML added to an asset a person wrote, over its table in the lake."""
    platform: Platform = getattr(context.resources, PLATFORM)
    wanted = {key.name for key in context.selected_asset_check_keys}
    with told(table):
        results = judge(platform.lake, table, extension.rules, str(table), datetime.now(UTC), extension.columns)
        yield from check_results(table, extension.rules, results, wanted)


def take_back(lake: Lake, table: TableId, former: int | None) -> str:
    """Make a refused version unreadable: restore the one before, or empty a table that has none. Says what was done.

    Rows that moved between the table and its quarantine meanwhile move back.
    """
    if former is not None:
        lake.restore(table, former)
        settle_moves(lake, table)
        return f"the new version was refused; version {former} is restored and stays in force"
    import pyarrow as pa

    nothing = pa.RecordBatchReader.from_batches(lake.schema(table), [])
    gone = ("source", "watermark", "watermark_column", RULES_MARK, SPEC_MARK, MASKS_MARK, KEYS_MARK, MOVES_MARK)
    lake.overwrite(table, nothing, marks=dict.fromkeys(gone, ""))
    settle_moves(lake, table)
    return "the first version was refused; the table is empty until a load passes"


def _failure(bad: list[str], results: Mapping[str, RuleResult], back: str, numbers: Mapping[str, Any]) -> dg.Failure:
    reasons = "; ".join(results[name].rule.meta.reason or name for name in bad)
    return dg.Failure(
        f"{len(bad)} blocking check{'s' if len(bad) > 1 else ''} failed ({', '.join(bad)}): {reasons}; {back}",
        metadata=_shown(numbers),
        allow_retries=False,
    )


def _shown(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in numbers.items() if value is not None}


def _passing(error: PlatformError) -> bool:
    """Whether a second try may go well: what a source or the storage did, not what somebody wrote."""
    return isinstance(error, Unreachable) or not isinstance(error, LASTING)


@contextmanager
def told(table: TableId) -> Generator[None]:
    """Our errors as Dagster shows them best; those that no second try can mend are not tried again.

    What a library says may quote a row: neither its words nor what led to our error get into the run's events.
    """
    try:
        yield
    except PlatformError as error:
        raise _told(table, alone(error)) from error
    except data_errors() as error:
        unforeseen = wordless(error, str(table))
        raise _told(table, unforeseen) from unforeseen


def _told(table: TableId, error: PlatformError) -> dg.Failure:
    public = {key: str(value) for key, value in error.fields.items()}
    facts = {**public, "asset": str(table), "error": type(error).__name__, "fix": error.fix}
    metadata = {key: value for key, value in facts.items() if value}
    return dg.Failure(f"{table}: {error}", metadata, allow_retries=_passing(error))
