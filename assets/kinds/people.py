"""Assets that people write in Python, and what YAML extensions add to them without touching their file."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import dagster as dg

from agents.core.catalog import TableId
from agents.core.digest import digest
from assets.kinds import keys
from assets.kinds.checks import check_specs
from assets.kinds.personal import Views, personal_metadata, personal_tags
from assets.kinds.source_digest import Sources
from assets.kinds.spec import Extension, spec_digest
from assets.kinds.tables import DIGEST, PLATFORM, freshness
from assets.kinds.validation import ExtensionEntry

SOURCE = "platform/source"


def python_definitions(package: ModuleType) -> dg.Definitions:
    """Everything below a package, by Dagster's own loader: assets with their digests, checks, jobs, sensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # Dagster's word for this loader, not for people's code
        found = dg.load_definitions_from_package_module(package)
        if not found.assets:
            return found
        sources = Sources(package)
        return found.permissive_map_resolved_asset_specs(lambda spec: _digested(spec, sources.digest(spec.key)), None)


def python_tables(definitions: dg.Definitions) -> frozenset[TableId]:
    """The lake tables that people's assets make or name."""
    found = (keys.table_id(key) for asset in definitions.assets or () for key in _keys(asset))
    return frozenset(table for table in found if table)


def awaited(definitions: dg.Definitions, made: Iterable[dg.AssetKey]) -> list[dg.AssetSpec]:
    """Lake tables that people's assets read and nobody makes yet, such as one that a goal will bring: known, not made.

    Without them Dagster would refuse every definition because of one input.
    """
    own = [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)]
    known = {*made, *(key for asset in own for key in asset.keys)}
    read = {key for asset in own for key in asset.keys_by_input_name.values()}
    return [dg.AssetSpec(key) for key in sorted(read - known, key=str) if keys.table_id(key)]


def extended(
    definitions: dg.Definitions,
    entries: Sequence[ExtensionEntry],
    environments: Iterable[str],
    views: Views | None = None,
) -> dg.Definitions:
    """People's definitions with the descriptions, owners, tags, freshness and checks that extensions add."""
    loaded = frozenset(environments)
    added: dict[dg.AssetKey, list[ExtensionEntry]] = {}
    for entry in entries:
        layer, _, name = entry.extension.asset.partition("/")
        for environment in loaded.intersection(entry.extension.environments):
            added.setdefault(keys.asset_key(TableId(environment, layer, name)), []).append(entry)
    if not added:
        return definitions
    return dg.Definitions.merge(
        definitions.permissive_map_resolved_asset_specs(
            lambda spec: _extend(spec, added.get(spec.key, ()), views or {}), None
        ),
        dg.Definitions(asset_checks=[checks for key in sorted(added, key=str) for checks in _checks(key, added[key])]),
    )


def _extend(spec: dg.AssetSpec, entries: Sequence[ExtensionEntry], views: Views) -> dg.AssetSpec:
    table = keys.table_id(spec.key)
    seen = views.get(table, ()) if table else ()
    for entry in entries:
        extension = entry.extension
        spec = spec.replace_attributes(
            description=extension.description or spec.description,
            owners=list(dict.fromkeys([*spec.owners, *extension.owners])),
            tags={**spec.tags, **extension.tags, **personal_tags(extension, seen)},
            metadata={**spec.metadata, **personal_metadata(extension, seen)},
            freshness_policy=freshness(extension.freshness_hours) or spec.freshness_policy,
        )
    found = [spec_digest(entry.extension, spec.key.path[0]) for entry in entries]
    return _digested(spec, str(spec.metadata[SOURCE]), found) if found else spec


def _digested(spec: dg.AssetSpec, source: str, extensions: Sequence[str] = ()) -> dg.AssetSpec:
    return spec.merge_attributes(metadata={SOURCE: source, DIGEST: python_digest(source, extensions)})


def python_digest(source: str, extensions: Sequence[str] = ()) -> str:
    """What an approval of a Python asset covers: its source, and the digests of what YAML adds to it."""
    return digest({"source": source, "extensions": list(extensions)})


def _checks(key: dg.AssetKey, entries: Iterable[ExtensionEntry]) -> Iterator[dg.AssetChecksDefinition]:
    for number, entry in enumerate(entry for entry in entries if entry.extension.rules):
        yield _checks_definition(key, entry.extension, number)


def _checks_definition(key: dg.AssetKey, extension: Extension, number: int) -> dg.AssetChecksDefinition:
    table = TableId(*key.path)
    specs = check_specs(key, extension.rules)

    @dg.multi_asset_check(
        name=f"{keys.op_name(table)}__extension_{number}",
        specs=specs,
        can_subset=True,
        required_resource_keys={PLATFORM},
    )
    def run_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        from assets.kinds.running import run_extension_checks  # loads the data libraries: not when definitions load

        yield from run_extension_checks(context, table, extension)

    return run_checks


def _keys(asset: Any) -> Iterable[dg.AssetKey]:
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    return [asset.key]
