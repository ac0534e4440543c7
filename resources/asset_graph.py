"""What the loaded definitions say of how tables hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph


def readers_in(graph: BaseAssetGraph[Any], table: TableId) -> list[TableId]:
    """Lake tables that an asset graph computes from this one, directly or not."""
    from dagster import AssetKey

    found: dict[Any, None] = {}
    waiting = [AssetKey(list(table))]
    while waiting:
        key = waiting.pop(0)
        children = graph.get(key).child_keys if graph.has(key) else ()
        fresh = [child for child in sorted(children) if child not in found]
        found.update(dict.fromkeys(fresh))
        waiting += fresh
    return [TableId(*key.path) for key in found if len(key.path) == 3 and tuple(key.path) != table]


def tables_in(graph: BaseAssetGraph[Any]) -> frozenset[TableId]:
    """The lake tables that an asset graph makes."""
    return frozenset(TableId(*key.path) for key in graph.materializable_asset_keys if len(key.path) == 3)
