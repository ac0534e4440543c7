"""Repairs of rows that are in a table: one commit each, with every row before and after in the log, and undone as one.

A row is found again by its content, so that an undo touches nothing that changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from assets.kinds.exchange import Exchange, as_stored, own_columns
from assets.kinds.moves import (
    LANDED,
    LAST_MARK,
    MOVES_MARK,
    REPAIRED,
    UNDONE,
    log_id,
    log_schema,
    moves_of,
    moves_text,
    next_move,
    quarantine_id,
    quarantine_schema,
    settle_moves,
)
from assets.kinds.quarantine import row_hash, rows_as_json
from assets.kinds.row_json import typed_rows
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake
    from resources.lake_log import Snapshot

IN_TABLE = "t:"  # a row of a table is named by its content; names of quarantine have a number


@dataclass(frozen=True, slots=True)
class RowRepair:
    """One row as JSON: its columns' new values as text (None: null), why, and how probably they are right."""

    before: str
    values: Mapping[str, str | None]
    why: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Logged:
    """A row as the log has it."""

    before: str
    after: str
    outcome: str
    rule: str = "repair"
    reason: str = ""
    confidence: float | None = None


def repair(
    lake: Lake,
    table: TableId,
    base: Snapshot,
    repairs: Sequence[RowRepair],
    run_id: str,
    now: datetime,
    by: str,
    batch: str = "repair",
) -> list[tuple[str, str]]:
    """Change rows of `base` in one commit: each as it was and as it is. WriteConflict if the table moved on.

    A row is found by its content, and of equal rows as many are changed as there are repairs. What a column cannot
    hold is left out.
    """
    settle_moves(lake, table)
    rows = _changed(base, repairs)
    if rows:
        _commit(lake, table, base, rows, {}, run_id, now, by, batch)
    return [(row.before, row.after) for row in rows]


def undo(lake: Lake, table: TableId, run_id: str, now: datetime, by: str) -> tuple[int, int]:
    """Take the last repair back: rows changed back (or sent back to quarantine), and rows that changed since."""
    settle_moves(lake, table)
    base, last = lake.snapshot(table), _last(lake, table)
    if base is None or last is None:
        return 0, 0
    move, rows = last
    back = [Logged(r.after, r.before, r.outcome, r.rule, r.reason, r.confidence) for r in rows]
    there = standing(base, Counter(row.before for row in back))
    present = [row for row in back if there[row.before] > 0 and not there.subtract({row.before: 1})]
    if present:
        _commit(lake, table, base, present, {"undo": str(move)}, run_id, now, by, f"undo {move}")
    return len(present), len(rows) - len(present)


def _changed(base: Snapshot, repairs: Sequence[RowRepair]) -> list[Logged]:
    import orjson
    import pyarrow as pa

    own = pa.schema([f for f in base.schema if f.name in own_columns(base.schema)])
    wanted = [orjson.dumps({**orjson.loads(change.before), **change.values}).decode() for change in repairs]
    typed, failed = typed_rows(wanted, own)
    return [
        Logged(change.before, after, REPAIRED, "repair", change.why, change.confidence)
        for number, (change, after) in enumerate(zip(repairs, rows_as_json(typed), strict=True))
        if number not in failed and after != change.before
    ]


def _commit(
    lake: Lake,
    table: TableId,
    base: Snapshot,
    rows: Sequence[Logged],
    marks: Mapping[str, str],
    run_id: str,
    now: datetime,
    by: str,
    batch: str,
) -> None:
    """Log, then quarantine what goes back there, then the table: what a kill leaves unfinished has no effect."""
    move, undone = next_move(lake, table), "undo" in marks
    outcome = UNDONE if undone else REPAIRED
    with lake.write(log_id(table), log_schema(), "repair") as write:
        write.put(_log_rows(rows, move, outcome, run_id, now, by, batch))
        write.append({"run_id": run_id, LAST_MARK: str(move)})
    back = [row for row in rows if undone and row.outcome == LANDED]
    if back:
        with lake.write(quarantine_id(table), quarantine_schema(), "undo") as write:
            write.put(_held_rows(back, move, run_id, now, batch))
            write.append({"run_id": run_id, LAST_MARK: str(move)})
    wanted: dict[str, list[str | None]] = {}
    for row in rows:
        wanted.setdefault(row.before, []).append(None if row in back else row.after)
    exchange = Exchange(wanted)
    with lake.write(table, base.schema, "repair", base=base) as write:
        write.amend(exchange.change)
        write.sieved({"run_id": run_id, MOVES_MARK: moves_text(moves_of(lake, table) | {move})})
    settle_moves(lake, table)


def _last(lake: Lake, table: TableId) -> tuple[int, list[Logged]] | None:
    """The last repair that is in force in the table as it stands, and its rows."""
    log = log_id(table)
    if not lake.exists(log):
        return None
    moves = f"{sorted(moves_of(lake, table))}::BIGINT[]"
    made = f"list_contains({moves}, _left) AND after IS NOT NULL AND _outcome IN ('{REPAIRED}', '{LANDED}')"
    with engine() as db:
        db.register("log", lake.dataset(log))
        undone = f"SELECT _batch FROM log WHERE _outcome = '{UNDONE}' AND list_contains({moves}, _left)"
        last = db.execute(
            f"SELECT max(_left) FROM log WHERE {made} AND ('undo ' || _left) NOT IN ({undone})"
        ).fetchall()[0][0]
        if last is None:
            return None
        found = db.execute(
            f"SELECT row, after, _outcome, _rule, _reason, _confidence FROM log WHERE {made} AND _left = {last}"
        ).fetchall()
    own = lake.schema(table)
    return int(last), [Logged(row, as_stored(after, own), *rest) for row, after, *rest in found]


def standing(base: Snapshot, wanted: Counter[str]) -> Counter[str]:
    """How often rows of these contents stand in the table."""
    found: Counter[str] = Counter()
    for batch in base.dataset().to_batches(batch_readahead=2, fragment_readahead=1):
        found.update(line for line in rows_as_json(batch) if line in wanted)
    return found


def _log_rows(
    rows: Sequence[Logged], move: int, outcome: str, run_id: str, now: datetime, by: str, batch: str
) -> pa.RecordBatch:
    import pyarrow as pa

    schema = log_schema()
    shared: dict[str, Any] = {
        "_batch": batch, "_run_id": run_id, "_quarantined_at": None, "_watermark": None, "_move": None,
        "_left": move, "_left_at": now, "_left_run": run_id, "_outcome": outcome, "_by": by,
    }  # fmt: skip
    own = [
        {
            "_rule": row.rule,
            "_reason": row.reason,
            "_row_hash": IN_TABLE + row_hash(row.before),
            "row": row.before,
            "_why": row.reason,
            "after": row.after,
            "_confidence": row.confidence,
        }
        for row in rows
    ]
    return pa.RecordBatch.from_pylist([{**shared, **each} for each in own], schema=schema)


def _held_rows(rows: Sequence[Logged], move: int, run_id: str, now: datetime, batch: str) -> pa.RecordBatch:
    import pyarrow as pa

    made = [
        {
            "_rule": row.rule,
            "_reason": row.reason,
            "_batch": batch,
            "_run_id": run_id,
            "_quarantined_at": now,
            "_row_hash": f"{row_hash(row.after)}:{move}{number:06d}",
            "row": row.after,
            "_watermark": None,
            "_move": move,
        }
        for number, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(made, schema=quarantine_schema())
