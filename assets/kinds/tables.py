"""Specs to assets: one op a table, which can refresh the table, run its checks, or run only some of its checks.

Built with Dagster's public constructors instead of its decorators, which inspect the function anew for every table: a
third of the time, and load time is paid by every run and step process. Annotations are evaluated here: Dagster reads
those of op functions.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import dagster as dg

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from assets.kinds import keys
from assets.kinds.automation import automated_tables, condition
from assets.kinds.checks import check_specs
from assets.kinds.masked import NO_COLUMNS, Columns, known_columns, with_k_anonymity
from assets.kinds.personal import masked_views, personal_metadata, personal_tags
from assets.kinds.spec import Retry, Table, code_version, spec_digest
from assets.kinds.validation import Entry, ExtensionEntry

PLATFORM = "platform"
NOTIFY = "platform/notify"
DIGEST = "platform/digest"
Compute = Callable[[dg.AssetExecutionContext, Mapping[str, Any]], Iterator[Any]]
_TABLE = dg.Out(dagster_type=dg.Nothing, is_required=False)
_CHECK = dg.Out(dagster_type=None, is_required=False)
_AFTER = dg.In(dg.Nothing)
_BACKOFF = {"none": None, "linear": dg.Backoff.LINEAR, "exponential": dg.Backoff.EXPONENTIAL}


@dataclass(frozen=True, slots=True)
class LakeAsset:
    """A table in one environment, as its op needs it. `reads` are the lake tables that it is made from.

    `digest` is what an approval of it covers, as this process loaded it; `base` what specs say of the columns that a
    masked view reads.
    """

    id: TableId
    table: Table
    product: str
    where: str
    reads: tuple[TableId, ...] = ()
    checks: tuple[str, ...] = ()
    digest: str = ""
    base: Columns = field(default_factory=lambda: NO_COLUMNS)

    @property
    def key(self) -> dg.AssetKey:
        """Its asset key."""
        return keys.asset_key(self.id)


@dataclass(frozen=True, slots=True)
class Built:
    """The assets of the products, and the error of each product that Dagster itself refuses: it is left out whole."""

    assets: list[dg.AssetsDefinition]
    problems: list[SpecError]


def table_definitions(
    entries: Sequence[Entry], environments: Iterable[str], extensions: Iterable[ExtensionEntry] = ()
) -> Built:
    """The assets of every table in each loaded environment."""
    loaded = frozenset(environments)
    placed = [
        (entry, TableId(environment, entry.table.layer, entry.table.name), _reads(entry, environment))
        for entry in entries
        for environment in entry.table.environments
        if environment in loaded
    ]
    views = masked_views((entry.table, name.environment) for entry, name, _ in placed)
    automated = automated_tables({name: (entry.table, reads) for entry, name, reads in placed})
    columns = known_columns([*(entry.table for entry in entries), *(entry.extension for entry in extensions)])
    built: dict[int, list[dg.AssetsDefinition]] = {}
    refused: dict[int, SpecError] = {}
    for entry, name, reads in placed:
        product = id(entry.document)
        try:
            seen = views.get(name, ())
            built.setdefault(product, []).append(_definition(entry, name, reads, automated, columns, seen))
        except SpecError as error:
            refused.setdefault(product, error)
    kept = [asset for product, made in built.items() if product not in refused for asset in made]
    return Built(kept, list(refused.values()))


def _reads(entry: Entry, environment: str) -> tuple[TableId, ...]:
    return tuple(TableId(environment, *name.split("/", 1)) for name in entry.reads) if entry.reads else ()


def _definition(
    entry: Entry,
    name: TableId,
    reads: tuple[TableId, ...],
    automated: Mapping[TableId, bool],
    columns: Mapping[TableId, Columns],
    views: tuple[TableId, ...],
) -> dg.AssetsDefinition:
    table, product = with_k_anonymity(entry.table), entry.document.product
    key = keys.asset_key(name)
    try:
        checks = check_specs(key, table.rules)
        digest = spec_digest(entry.table, name.environment, entry.content)
        spec = dg.AssetSpec(
            key,
            deps=[keys.asset_key(read) for read in reads],
            description=table.description or None,
            group_name=keys.identifier(product.name),
            code_version=code_version(entry.content),
            owners=table.owners,
            tags={**table.tags, **personal_tags(table, views), **_kinds(table)},
            metadata={**_metadata(entry, name, digest), **personal_metadata(table, views)},
            automation_condition=condition(table, reads, automated),
            freshness_policy=freshness(table.freshness_hours),
        )
        names = tuple(check.name for check in checks)
        base = columns.get(reads[0], NO_COLUMNS) if table.masked else NO_COLUMNS
        asset = LakeAsset(name, table, product.name, str(entry.document.path), reads, names, digest, base)
        return _assets_definition(asset, spec, checks)
    except (dg.DagsterInvalidDefinitionError, SpecError) as error:
        what = error.what if isinstance(error, SpecError) else str(error)
        fix = error.fix if isinstance(error, SpecError) else ""
        raise entry.document.error(f"{table.asset}: {what}", ("tables", entry.index), fix) from error


def _assets_definition(
    asset: LakeAsset, spec: dg.AssetSpec, checks: Sequence[dg.AssetCheckSpec]
) -> dg.AssetsDefinition:
    named = {f"check_{number}": check for number, check in enumerate(checks)}
    inputs = {"__".join(map(keys.identifier, read)): keys.asset_key(read) for read in asset.reads}
    op = dg.OpDefinition(
        _compute(asset),
        keys.op_name(asset.id),
        ins=dict.fromkeys(inputs, _AFTER),
        outs={"table": _TABLE, **dict.fromkeys(named, _CHECK)},
        required_resource_keys={PLATFORM},
        retry_policy=retry_policy(asset.table.retry),
        pool=keys.pool(asset.id),
    )
    return dg.AssetsDefinition(
        keys_by_input_name=inputs,
        keys_by_output_name={"table": spec.key},
        node_def=op,
        can_subset=True,
        check_specs_by_output_name=named,
        specs=[spec],
    )


def _compute(asset: LakeAsset) -> Compute:
    def compute(context: dg.AssetExecutionContext, inputs: Mapping[str, Any]) -> Iterator[Any]:
        from assets.kinds.running import run_table  # loads the data libraries: not when definitions load

        yield from run_table(context, asset)

    return compute


def _kinds(table: Table) -> dict[str, str]:
    kinds = dict.fromkeys(("delta", table.layer, *(("sql",) if table.sql is not None else ())))
    return {f"dagster/kind/{kind}": "" for kind in kinds}


def _metadata(entry: Entry, name: TableId, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        DIGEST: digest,
        "dagster/table_name": ".".join(name),
        "platform/spec": dg.MetadataValue.path(str(entry.document.path)),
    }
    if entry.table.notify:
        found[NOTIFY] = json.dumps([[notify.kind, notify.to] for notify in entry.table.notify])
    return found


@cache
def retry_policy(retry: Retry) -> dg.RetryPolicy | None:
    """Dagster's policy for a spec's."""
    if retry.max == 0:
        return None
    jitter = dg.Jitter.PLUS_MINUS if retry.delay else None
    return dg.RetryPolicy(retry.max, retry.delay, _BACKOFF[retry.backoff], jitter)


@cache
def freshness(hours: float | None) -> dg.FreshnessPolicy | None:
    """Fails when the last refresh is older than `hours`."""
    return dg.FreshnessPolicy.time_window(timedelta(hours=hours)) if hours else None
