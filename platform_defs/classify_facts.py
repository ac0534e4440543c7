"""What risk depends on: what is downstream of what a run does, what personal data it touches, the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agents.core.approval import Effects, Facts
from agents.core.catalog import ENVIRONMENTS, TableId
from assets.kinds.personal import VIEWS, data_class
from assets.kinds.spec_classes import CLASSES
from platform_defs.classify import Graph, digest_of, table_of

if TYPE_CHECKING:
    from dagster import AssetKey
    from dagster._core.definitions.assets.graph.remote_asset_graph import RemoteAssetNode

    from resources.platform import Platform


def facts_of(
    effects: Effects, graph: Graph, budget: float | None = None, told: Mapping[str, str] | None = None
) -> Facts:
    """Blast radius, personal data and reversibility of what a run would do outside dev, or in it and lastingly.

    `told` are classes by asset key that are known better than the loaded definitions know them.
    """
    reversible = not {"provision", "delete", "external", "spend"}.intersection(effects.effects)
    dev = effects.environment == "dev"
    if dev and reversible:  # nobody is asked about it, and it is most of what runs
        return Facts(0, "unknown", None, budget, True)
    found = (table_of(name.split("/")) for name in effects.assets)
    tables = [table for table in found if table and (dev or table.environment != "dev")]
    said = told or {}
    classes = [said.get(str(one)) or _class(_sources(one, effects, graph), effects, graph) for one in tables]
    pii = max(classes, key=CLASSES.index, default="unknown")
    nodes = [node for table in tables if (node := _twin(table, graph))]
    return Facts(len(_downstream(nodes, graph)), pii, None, budget, reversible)


def told_by_specs(platform: Platform, effects: Effects, graph: Graph) -> dict[str, str]:
    """By asset key what the specs that a promotion brings say of personal data: definitions may lag behind a scan.

    Of Python assets the definitions know more, since their code speaks too; a spec that does not load says nothing.
    """
    from pydantic import TypeAdapter, ValidationError

    from agents.tools.governing.declared import declared
    from assets.kinds.spec import Table

    if effects.environment == "dev" or not _promotes(effects):
        return {}
    entries, found = declared(platform, "dev"), dict[str, str]()
    for name in effects.assets:
        table = table_of(name.split("/"))
        entry = entries.get(table.asset) if table else None
        if table is None or entry is None or "asset" in entry:
            continue
        try:
            spec = TypeAdapter(Table).validate_python(entry)
        except ValidationError:
            continue
        found[name] = data_class(spec, _views(table, entries, effects, graph)) or "unknown"
    return found


def _views(table: TableId, entries: Mapping[str, Mapping[str, Any]], effects: Effects, graph: Graph) -> list[TableId]:
    """The masked views of a table that its environment has, or that come with it."""
    from dagster import AssetKey

    shown = [key for key, view in entries.items() if (view.get("masked") or {}).get("source") == table.asset]
    views = [TableId(table.environment, *key.split("/", 1)) for key in shown]
    return [view for view in views if str(view) in effects.assets or graph.node(AssetKey(list(view)))]


def _twin(table: TableId, graph: Graph) -> RemoteAssetNode | None:
    """The asset, or what it is to be promoted from: before its first promotion it is not defined yet."""
    from dagster import AssetKey

    places = (table.environment, *reversed(ENVIRONMENTS))
    found = (graph.node(AssetKey([place, table.layer, table.name])) for place in places)
    return next((node for node in found if node), None)


def _class(nodes: Iterable[RemoteAssetNode], effects: Effects, graph: Graph) -> str:
    """The strictest that any of the definitions says; of none, nothing is known."""
    return max((_pii(node, effects, graph) for node in nodes), key=CLASSES.index, default="unknown")


def _sources(table: TableId, effects: Effects, graph: Graph) -> list[RemoteAssetNode]:
    """The definitions that say what a table would be after the run.

    Its own, where the run leaves them as they are. A promotion brings those of an environment below, which may have
    been scanned since the last one; a rollback brings former ones, of which the stricter of the two is assumed.
    """
    from dagster import AssetKey

    own, *lower = (graph.node(AssetKey([place, *table[1:]])) for place in (table.environment, "dev", "staging"))
    if own is not None and digest_of(own) == effects.assets.get(str(table)):
        return [own]
    source = next((node for node in lower if node is not None and node is not own), None)
    if own is not None and (source is None or not _promotes(effects)):
        return [node for node in (own, source) if node]
    return [source] if source else []


def _promotes(effects: Effects) -> bool:
    """Whether all that a run of `workflow` releases comes from an environment below."""
    return {step["action"] for step in effects.steps if step["agent"] == "deployment"} == {"promote"}


def _pii(node: RemoteAssetNode, effects: Effects, graph: Graph) -> str:
    """What the definitions say. A table counts as masked where its masked view is, or comes with it."""
    from dagster import AssetKey

    told = node.tags.get("pii", "unknown")
    views = json.loads(str(getattr(node.metadata.get(VIEWS), "value", "[]")))
    places = [f"{effects.environment}/{view}" for view in views]
    if told == "masked" and places:
        there = any(place in effects.assets or graph.node(AssetKey(place.split("/"))) for place in places)
        return "masked" if there else "unmasked"
    return told if told in CLASSES else "unknown"


def _downstream(nodes: Iterable[RemoteAssetNode], graph: Graph) -> set[AssetKey]:
    start = {node.key for node in nodes}
    seen, waiting = set(start), list(start)
    while waiting:
        node = graph.node(waiting.pop())
        fresh = set(node.child_keys) - seen if node else set()
        seen |= fresh
        waiting += fresh
    return seen - start
