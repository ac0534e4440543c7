"""What only Dagster knows of the assets of a request, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.core.catalog import ENVIRONMENTS

if TYPE_CHECKING:
    from dagster import AssetCheckKey, AssetKey, AssetRecord, DagsterInstance
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph


@dataclass(frozen=True, slots=True)
class Check:
    """The newest result of an asset check; `passed` is None where it never ran. `at` is UTC in seconds."""

    name: str
    passed: bool | None
    blocking: bool = False
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Known:
    """Facts by asset key (`dev/bronze/orders`), for the assets asked about and the same tables of other environments.

    An asset that is no key of `downstream` is not in the loaded definitions. `seconds` is how long the last run of
    the asset's step took; `built` when it was last materialized; `outdated` are assets materialized last with
    another spec than the loaded one; `schedules` are the cron lines of their automation.
    """

    downstream: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    checks: Mapping[str, tuple[Check, ...]] = field(default_factory=dict[str, tuple[Check, ...]])
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    built: Mapping[str, float] = field(default_factory=dict[str, float])
    outdated: frozenset[str] = frozenset()
    schedules: Mapping[str, str] = field(default_factory=dict[str, str])


def known_of(instance: DagsterInstance, graph: BaseAssetGraph[Any], assets: Iterable[str]) -> Known:
    """What the instance and the loaded asset graph (`repository_def.asset_graph`) know of these assets."""
    keys = [key for key in _siblings(assets) if graph.has(key)]
    records = {record.asset_entry.asset_key: record for record in instance.get_asset_records(keys)} if keys else {}
    built: dict[str, float] = {}
    seconds: dict[str, float] = {}
    outdated: set[str] = set()
    for key, record in records.items():
        entry = record.asset_entry.last_materialization
        if entry is None:
            continue
        name = "/".join(key.path)
        built[name] = entry.timestamp
        if (took := _seconds(instance, record)) is not None:
            seconds[name] = took
        if _code_version(record) not in (None, graph.get(key).code_version):
            outdated.add(name)
    return Known(
        {"/".join(key.path): tuple(_downstream(graph, key)) for key in keys},
        _checks(instance, graph, keys),
        seconds,
        built,
        frozenset(outdated),
        {"/".join(key.path): cron for key in keys if (cron := _cron(graph.get(key).automation_condition))},
    )


def _siblings(assets: Iterable[str]) -> list[AssetKey]:
    """The assets and, for tables, the same table in each environment."""
    from dagster import AssetKey

    names: dict[tuple[str, ...], None] = {}
    for asset in assets:
        path = tuple(asset.split("/"))
        names[path] = None
        if len(path) == 3 and path[0] in ENVIRONMENTS:
            names.update(dict.fromkeys((environment, *path[1:]) for environment in ENVIRONMENTS))
    return [AssetKey(path) for path in names if all(path)]


def _downstream(graph: BaseAssetGraph[Any], key: AssetKey) -> list[str]:
    """Everything that reads the asset, directly or not."""
    children: Mapping[Any, Iterable[Any]] = graph.asset_dep_graph["downstream"]
    found: dict[Any, None] = {}
    waiting = [key]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found and child != key:
                found[child] = None
                waiting.append(child)
    return sorted("/".join(child.path) for child in found)


def _checks(
    instance: DagsterInstance, graph: BaseAssetGraph[Any], keys: Sequence[AssetKey]
) -> dict[str, tuple[Check, ...]]:
    of: dict[AssetKey, list[AssetCheckKey]] = {
        key: sorted(graph.get_check_keys_for_assets({key}), key=lambda check: check.name) for key in keys
    }
    asked = [check for checks in of.values() for check in checks]
    latest: Mapping[Any, Any] = (
        instance.event_log_storage.get_latest_asset_check_execution_by_key(asked) if asked else {}
    )
    return {
        "/".join(key.path): tuple(_check(graph, check, latest.get(check)) for check in checks)
        for key, checks in of.items()
    }


def _check(graph: BaseAssetGraph[Any], key: AssetCheckKey, record: Any) -> Check:
    """Without the check's description and metadata: they quote what rows hold."""
    blocking, event = bool(graph.get(key).blocking), record.event if record else None
    found = event.dagster_event.event_specific_data if event and event.dagster_event else None
    passed = getattr(found, "passed", None)  # a check that was only planned has no verdict
    if event is None or passed is None:
        return Check(key.name, None, blocking)
    return Check(key.name, bool(passed), blocking, float(event.timestamp))


def _seconds(instance: DagsterInstance, record: AssetRecord) -> float | None:
    """How long the step of the last materialization took; None where its run is gone or was never one."""
    entry = record.asset_entry.last_materialization
    if entry is None or not entry.step_key or not entry.run_id:
        return None
    for stats in instance.get_run_step_stats(entry.run_id, [entry.step_key]):
        if stats.start_time and stats.end_time:
            return stats.end_time - stats.start_time
    return None


def _code_version(record: AssetRecord) -> str | None:
    entry = record.asset_entry.last_materialization
    made = entry.asset_materialization if entry else None
    return (made.tags or {}).get("dagster/code_version") if made else None


def _cron(condition: Any) -> str:
    """The first cron line of an automation condition; empty without one."""
    return next(_crons(condition), "") if condition is not None else ""


def _crons(condition: Any) -> Iterator[str]:
    if cron := getattr(condition, "cron_schedule", None):
        yield str(cron)
    for child in condition.children:
        yield from _crons(child)
