"""Tools of retention: what is due, to the cold tier, and out of the table once it is safe there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import Denied, StateError, TableNotFound
from agents.core.registry import tool
from agents.tools.governing.ages import (
    age_column_of,
    cutoff,
    older,
    older_in_log,
    older_in_quarantine,
    require_age,
    rule_of,
    undated,
)
from agents.tools.governing.cold import archive_rows, unarchived
from agents.tools.session import Session
from agents.tools.specs import entry_of
from assets.kinds.away import EXPIRED_MARK
from assets.kinds.moves import sides_of
from assets.kinds.spec_retention import Retention
from resources.lake import Lake
from resources.lake_rewrite import engine
from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class Due:
    """What is older than `before` (a day, UTC) in a table, its quarantine and log; `against`: why it must stay.

    `undated` rows say no age: they stay, and somebody should look at them.
    """

    asset: str
    column: str
    before: str
    then: str
    rows: int
    due: int
    quarantined: int
    undated: int
    against: str = ""

    def to_json(self) -> dict[str, Any]:
        """As step outputs keep it."""
        return asdict(self)


@tool("retention.column", effect="read")
def column(session: Session, asset: str) -> str:
    """The column that says how old a row of the table is."""
    entry, table = entry_of(session, asset), _there(session.platform.lake, session.table(asset))
    if declared := (entry.get("retention") or {}).get("column"):
        return str(declared)
    watermark = str((entry.get("source") or {}).get("watermark") or "")
    return age_column_of(session.platform.lake.schema(table), asset, watermark)


@tool("retention.due", effect="read")
def due(session: Session, asset: str, before: str = "") -> Due:
    """What a table's retention asks for now, or asked for on the day `before`; and what speaks against it."""
    return due_of(session.platform, session.table(asset), entry_of(session, asset), before)


@tool("retention.archive", effect="write_data")
def archive(session: Session, asset: str, before: str) -> int:
    """Copy the rows older than `before` to the cold tier, each once however often it is tried; how many were new."""
    table, rule = session.table(asset), rule_of(entry_of(session, asset), asset)
    return archive_rows(session.platform, table, older(rule.column, before), datetime.now(UTC))


@tool("retention.delete", effect="delete")
def delete(session: Session, asset: str, before: str) -> dict[str, int]:
    """Delete the rows older than `before` from a table, its quarantine and log; `then: delete`: from the cold tier too.

    Raises Denied under a legal hold, and StateError where a row to archive is not in the cold tier yet.
    """
    platform, table = session.platform, _there(session.platform.lake, session.table(asset))
    rule = rule_of(entry_of(session, asset), asset)
    if against := _against(rule, before):
        raise Denied(f"nothing may be deleted: {against}", where=f"{asset}: retention")
    chosen = older(rule.column, before)
    if rule.then == "archive" and (missing := unarchived(platform, table, chosen)):
        raise StateError(f"{missing:,} rows are not in the cold tier", where=asset, fix="archive them first")
    gone = {asset: _expire(platform.lake, table, chosen, before)}
    for side, chosen_there in _beside(table, rule.column, before):
        gone[side.asset] = _delete(platform.lake, side, chosen_there)
    if rule.then == "delete" and platform.settings.lake_cold:
        gone[f"cold/{asset}"] = _delete(platform.cold, table, chosen)
    return {name: count for name, count in gone.items() if count or name == asset}


def due_of(platform: Platform, table: TableId, entry: dict[str, Any], before: str = "") -> Due:
    """The same for code that serves no agent: the retention sensor, the command line."""
    rule, lake = rule_of(entry, table.asset), platform.lake
    _there(lake, table)
    require_age(lake.schema(table), rule.column, table.asset)
    before = before or cutoff(rule)
    chosen = older(rule.column, before)
    rows, found, silent = _counts(lake, table, (rule.column,), ("true", chosen, undated(rule.column)))
    waiting = 0
    for side, chosen_there in _beside(table, rule.column, before):
        if lake.exists(side):
            waiting += _counts(lake, side, ("row", "after"), (chosen_there,))[0]
    against = _against(rule, before)
    return Due(table.asset, rule.column, before, rule.then, rows, found, waiting, silent, against)


def _against(rule: Retention, before: str) -> str:
    """Why rows older than `before` must stay."""
    if rule.hold:
        return "a legal hold is on the table"
    if rule.keep_days < rule.minimum_days:
        return f"they are to be kept {rule.minimum_days} days at least, and keep_days says {rule.keep_days}"
    if before > cutoff(rule):
        return f"the retention of {rule.keep_days} days reaches back to {cutoff(rule)} only"
    return ""


def _beside(table: TableId, column: str, before: str) -> tuple[tuple[TableId, str], tuple[TableId, str]]:
    """Quarantine and log, and which of their rows are older."""
    held, log = sides_of(table)
    return (held, older_in_quarantine(column, before)), (log, older_in_log(column, before))


def _counts(lake: Lake, table: TableId, names: tuple[str, ...], conditions: tuple[str, ...]) -> tuple[int, ...]:
    known = lake.schema(table).names
    wanted = [name for name in names if name in known]
    scanner = lake.dataset(table).scanner(columns=wanted, batch_size=65_536, batch_readahead=2, fragment_readahead=1)
    counted = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions)
    with engine() as db:
        db.register("t", scanner.to_reader())
        return tuple(int(value) for value in db.execute(f"SELECT {counted} FROM t").fetchall()[0])


def _delete(lake: Lake, table: TableId, chosen: str) -> int:
    if not lake.exists(table):
        return 0
    before = lake.rows(table)
    lake.delete(table, chosen)
    return before - lake.rows(table)


def _expire(lake: Lake, table: TableId, chosen: str, before: str) -> int:
    """Delete from the table itself: the same commit says that no load brings what is older back."""
    rows, former = lake.rows(table), lake.marks(table).get(EXPIRED_MARK, "")
    lake.delete(table, chosen, marks={EXPIRED_MARK: max(before, former)})
    return rows - lake.rows(table)


def _there(lake: Lake, table: TableId) -> TableId:
    if not lake.exists(table):
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix="materialize it first")
    return table
