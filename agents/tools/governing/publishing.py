"""Tools that tell catalogs outside of the platform what the columns of a table hold."""

from __future__ import annotations

from agents.core.errors import SpecError
from agents.core.registry import tool
from agents.tools.session import Session
from agents.tools.specs import entry_of
from assets.kinds.spec_classes import NONE
from resources.catalogs import Described, Published, State, configured, publish_all


@tool("catalogs.named", effect="read")
def named(session: Session) -> list[str]:
    """The catalogs that this deployment tells, by its settings; nothing is called."""
    return configured(session.platform.settings.catalogs)


@tool("catalogs.publish", effect="external")
def publish(session: Session, asset: str) -> list[Published]:
    """Tell every catalog what the spec says of a table; how each took it. One that fails keeps none from being told.

    Raises SpecError for a table nobody scanned, and ConfigError for a setting that cannot be right.
    """
    return publish_all(session.platform.outside_catalogs, described(session, asset))


def described(session: Session, asset: str) -> Described:
    """What the spec says of the columns that the table has now; a column nobody looked at counts as personal."""
    lake, table = session.platform.lake, session.table(asset)
    entry = entry_of(session, asset)
    said = {name: column.get("pii") for name, column in (entry.get("columns") or {}).items()}
    view = bool(entry.get("masked"))
    if not view and not any(said.values()):
        raise SpecError("nobody has looked what its columns hold", where=asset, fix="scan it first")
    there = [name for name in lake.schema(table).names if not name.startswith("_")]
    columns = {name: NONE if view else pii for name in there if (pii := said.get(name)) or view}
    state: State = "masked" if view else "none"
    if any(pii != NONE for pii in columns.values()):
        state = "unmasked"
    elif len(columns) < len(there):
        state = "unknown"
    return Described(table, lake.uri(table), state, {name: str(pii) for name, pii in columns.items()})
