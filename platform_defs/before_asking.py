"""What is looked at before a run is launched: nobody is asked to approve what cannot be done anyway."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from agents.core.catalog import TableId
from agents.core.errors import LakeError, TableNotFound
from resources.platform import Platform


def check_publishing(platform: Platform, asset: str, environment: str) -> None:
    """Raise ConfigError, TableNotFound or SpecError where nobody would be told, or of nothing."""
    from agents.tools.governing.publishing import tellable

    tellable(platform, environment, asset)


def check_rows(platform: Platform, table: TableId) -> None:
    """Raise TableNotFound or SpecError where there is no such table, or no spec that says what holds on it."""
    from agents.tools.replaying import declared
    from assets.kinds.moves import quarantine_id

    if not platform.lake.exists(table) and not platform.lake.exists(quarantine_id(table)):
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix="see the tables: adp catalog")
    declared(platform, table)


def check_readable(platform: Platform, table: TableId, columns: Sequence[str]) -> None:
    """Raise TableNotFound or LakeError where there is no such table, or column, that anybody could read."""
    if not platform.lake.exists(table):
        near = get_close_matches(table.asset, [one.asset for one in platform.lake.tables(table.environment)], 3)
        fix = f"did you mean {', '.join(near)}?" if near else "see the tables: adp catalog"
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix=fix)
    names = platform.lake.schema(table).names
    if unknown := [column for column in columns if column not in names]:
        what = f"it has no column {', '.join(map(repr, unknown))}"
        raise LakeError(what, where=str(table), fix=f"there are {', '.join(names)}")


def check_undo(platform: Platform, table: TableId) -> None:
    """Raise LakeError where no repair is left to take back."""
    from assets.kinds.repairs import undoable

    check_rows(platform, table)
    if not undoable(platform.lake, table):
        raise LakeError("no repair of it is left to take back", where=str(table), fix="nothing is to be done")
