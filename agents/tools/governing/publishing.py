"""Tools that tell catalogs outside of the platform what the columns of a table hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import ConfigError, LakeError, SpecError, TableNotFound
from agents.core.registry import tool
from agents.tools.ready import submit_ready
from agents.tools.session import Session
from agents.tools.specs import entry_in, entry_of
from assets.kinds.quarantine import quarantine_id
from assets.kinds.spec_classes import NONE
from resources.catalogs import Described, Published, State, configured, publish_all
from resources.platform import Platform


@tool("catalogs.ask", effect="write_spec")
def ask(session: Session, assets: Sequence[str]) -> str:
    """Where the deployment has catalogs, submit a goal that tells them of these tables; its words, or nothing.

    Telling has an effect outside of the platform: in a goal of its own, policy and people decide on it apart from what
    was classed or released, which stays in any case.
    """
    named, known = configured(session.platform.settings.catalogs), [a for a in assets if _classed(session, a)]
    if not named or not known:
        return ""
    catalogs, few = ", ".join(named), ", ".join(known[:3]) + (" and more" if len(known) > 3 else "")
    steps = [("governance", "publish", {"asset": asset}) for asset in known]
    parent = session.platform.store.goal(session.goal).goal
    key = f"publish:{session.goal}:{session.environment}:{','.join(known)}"
    text = f"Tell {catalogs} what {few} hold"
    goal = submit_ready(session.platform, text, session.environment, steps, key, parent.requester, parent.id)
    return f"{goal} tells {catalogs} what {few} hold"


@tool("catalogs.publish", effect="external")
def publish(session: Session, asset: str) -> list[Published]:
    """Tell every catalog what the spec says of a table; how each took it. One that fails keeps none from being told.

    A table that cannot be told of is said in the same way. Raises ConfigError for a setting that cannot be right.
    """
    try:
        table = described(session, asset)
    except (SpecError, LakeError) as error:
        return [Published("no catalog", False, error.what, error.fix)]
    return publish_all(session.platform.outside_catalogs, table)


def tellable(platform: Platform, environment: str, asset: str) -> None:
    """Raise ConfigError or SpecError where there is nobody to tell of a table, or nothing: nobody is to approve it."""
    if not configured(platform.settings.catalogs):
        settings = "ADP_UNITY_CATALOG, ADP_PURVIEW, ADP_ACL_READERS or ADP_ACL_PERSONAL"
        raise ConfigError("no catalog outside is set to be told", where=asset, fix=f"set {settings}")
    layer, _, name = asset.partition("/")
    if not platform.lake.exists(TableId(environment, layer, name)):
        raise TableNotFound(f"{asset} is not in the {environment} lake", fix="materialize it, or release it, first")
    if not _says(entry_in(platform, environment, asset)):
        raise SpecError("nobody has looked what its columns hold", where=asset, fix=f'adp goal "Scan {asset} for PII"')


def described(session: Session, asset: str) -> Described:
    """What the spec says of the columns that the table has now; a column nobody looked at counts as personal."""
    lake, table = session.platform.lake, session.table(asset)
    entry = entry_of(session, asset)
    said = {name: column.get("pii") for name, column in (entry.get("columns") or {}).items()}
    view = bool(entry.get("masked"))
    if not _classed(session, asset):
        raise SpecError("nobody has looked what its columns hold", where=asset, fix="scan it first")
    there = [name for name in lake.schema(table).names if not name.startswith("_")]
    columns = {name: NONE if view else pii for name in there if (pii := said.get(name)) or view}
    state: State = "masked" if view else "none"
    if any(pii != NONE for pii in columns.values()):
        state = "unmasked"
    elif len(columns) < len(there):
        state = "unknown"
    held = quarantine_id(table)
    beside = () if view or not lake.exists(held) else (lake.uri(held),)
    return Described(table, lake.uri(table), state, {name: str(pii) for name, pii in columns.items()}, beside)


def _classed(session: Session, asset: str) -> bool:
    """Whether the specs say what it holds: a masked view, or a table somebody looked at."""
    return _says(entry_of(session, asset))


def _says(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("masked")) or any((c or {}).get("pii") for c in (entry.get("columns") or {}).values())
