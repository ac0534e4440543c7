"""What a lake table is called in Dagster: asset key, op, pool and group."""

from __future__ import annotations

import re
from hashlib import sha256

import dagster as dg

from agents.core.catalog import ENVIRONMENTS, LAYERS, TableId

SPECS_ASSET = dg.AssetKey(["platform", "specs"])


def asset_key(table: TableId) -> dg.AssetKey:
    """`[environment, layer, table]`."""
    return dg.AssetKey(list(table))


def table_id(key: dg.AssetKey) -> TableId | None:
    """The lake table an asset key names; None for an asset that is not a lake table."""
    path = key.path
    if len(path) == 3 and path[0] in ENVIRONMENTS and path[1] in LAYERS:
        return TableId(*path)
    return None


def identifier(name: str) -> str:
    """`name` in ASCII letters, digits, underscores, as Dagster wants ops and groups; distinct names stay distinct."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if plain == name else f"{plain}_{sha256(name.encode()).hexdigest()[:8]}"


def op_name(table: TableId) -> str:
    """The op that makes the table."""
    return "__".join(map(identifier, table))


def pool(table: TableId) -> str:
    """The concurrency pool of everything that writes the table: one run at a time."""
    return f"table/{'/'.join(map(identifier, table))}"
