"""Tools that repair wrong cells, in a table and in its quarantine, as detection proposes; and take repairs back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from agents.core.registry import tool
from agents.tools.replaying import Applied, apply, declared, judged, plan_of, show
from agents.tools.session import Session
from assets.kinds.spec import Extension, Table
from resources.platform import Platform

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.detection import Finding
    from assets.kinds.repairs import RowRepair
    from assets.kinds.replay import Repair
    from resources.lake_log import Snapshot

PROVEN = 0.95
"""Repairs are made unasked where they are right this probably."""
WORTH_ASKING = 0.6
MOST_ROWS = 200_000
"""So many rows of a table are looked at."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Wrong cells: of rows of `base` in its order, and of rows in quarantine by their name there.

    `cells` counts what detection flagged by column, `asked` the repairs that are likely and not proven.
    """

    base: Snapshot
    looked_at: int
    in_table: tuple[RowRepair, ...]
    held: Mapping[str, Repair]
    cells: Mapping[str, int] = field(default_factory=dict[str, int])
    asked: Mapping[str, int] = field(default_factory=dict[str, int])
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, Any]:
        """For people and programs: counts and reasons, never a value."""
        return {
            "rows_looked_at": self.looked_at,
            "rows_to_repair": len(self.in_table),
            "held_to_repair": len(self.held),
            "cells": dict(self.cells),
            "asked": dict(self.asked),
            "reasons": dict(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did: rows changed in the table, what came back from quarantine, what failed and was taken back."""

    proposals: Mapping[str, Any]
    rows_repaired: int
    replay: Mapping[str, Any]
    failed: tuple[str, ...] = ()
    back: str = ""

    def to_json(self) -> dict[str, Any]:
        """For outputs and reports."""
        found = {**self.proposals, "rows_repaired": self.rows_repaired, "replay": dict(self.replay)}
        return {
            **found,
            **({"failed": list(self.failed)} if self.failed else {}),
            **({"back": self.back} if self.back else {}),
        }


@tool("quality.suggest", effect="read")
def suggest(session: Session, asset: str, at_least: float = PROVEN) -> Proposals:
    """The cells of a table and its quarantine that are probably wrong, and the repairs that are sure enough."""
    return proposals(session.platform, session.table(asset), at_least)


@tool("quality.mend", effect="write_data")
def mend(session: Session, asset: str, at_least: float = PROVEN) -> Mended:
    """Make the repairs that are sure enough, each logged before and after; undone where a blocking rule then fails."""
    return _mended(session, asset, at_least)


@tool("quality.accept", effect="delete")
def accept(session: Session, asset: str, at_least: float) -> Mended:
    """Make repairs that are likely and not proven: what was there may have been right, so people decide on it first."""
    return _mended(session, asset, at_least)


@tool("quality.undo", effect="write_data")
def undo(session: Session, asset: str) -> dict[str, int]:
    """Take the last repair of a table back; what changed since stays as it is."""
    from assets.kinds.repairs import undo as take_back

    table = session.table(asset)
    run = session.platform.run_id or session.goal
    done, left = take_back(session.platform.lake, table, run, datetime.now(UTC), session.agent)
    show(session, table, {"rows undone": done})
    return {"rows_undone": done, "rows_changed_since": left}


def proposals(platform: Platform, table: TableId, at_least: float = PROVEN) -> Proposals:
    """The same for code that serves no agent. Raises TableNotFound where the table was never materialized."""
    from agents.tools.detection import detect

    base = platform.lake.snapshot(table)
    if base is None:
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix="materialize it first")
    rows = _rows(base)
    names, lines, held = _held(platform, table, rows.schema)
    findings = detect(_together(rows, held))
    fixed = _untouchable(declared(platform, table))
    chosen: dict[int, list[Finding]] = {}
    cells, asked, reasons = Counter[str](), Counter[str](), dict[str, str]()
    for cell in findings:
        cells[cell.column] += 1
        reasons.setdefault(cell.column, cell.reason)
        if cell.repair is None or cell.column in fixed:
            continue
        if cell.sure >= at_least:
            chosen.setdefault(cell.row, []).append(cell)
        elif cell.sure >= WORTH_ASKING:
            asked[cell.column] += 1
    return Proposals(
        base,
        rows.num_rows,
        tuple(_in_table(chosen, rows)),
        dict(_in_quarantine(chosen, rows, names, lines)),
        dict(cells),
        dict(asked),
        reasons,
    )


def _mended(session: Session, asset: str, at_least: float) -> Mended:
    from assets.kinds.repairs import repair

    platform, table = session.platform, session.table(asset)
    found = proposals(platform, table, at_least)
    run, now = platform.run_id or session.goal, datetime.now(UTC)
    changed = repair(platform.lake, table, found.base, found.in_table, run, now, session.agent) if found.in_table else 0
    failed, back = judged(session, asset, found.base.version) if changed else ((), "")
    applied = Applied(_nothing(platform, table))
    if found.held and not failed:
        plan = plan_of(platform, table, found.held, by=session.agent, why=session.goal)
        applied = apply(session, asset, plan)
    show(session, table, {"rows repaired": 0 if failed else changed}, back)
    return Mended(found.to_json(), 0 if failed else changed, applied.to_json(), failed, back)


def _nothing(platform: Platform, table: TableId) -> Any:
    from assets.kinds.quarantine import quarantined
    from assets.kinds.replay import Replayed

    held = quarantined(platform.lake, table)
    return replace(Replayed(), rows_checked=held, rows_kept=held)


def _rows(base: Snapshot) -> pa.Table:
    """The rows that are looked at, as their source gave them."""
    from assets.kinds.evolution import INGESTED_AT, SOURCE

    own = [name for name in base.schema.names if name not in (INGESTED_AT, SOURCE)]
    return base.dataset().head(MOST_ROWS, columns=own)


def _held(platform: Platform, table: TableId, schema: pa.Schema) -> tuple[list[str], list[str], pa.RecordBatch]:
    """The rows in quarantine that fit the table: names, JSON, values."""
    import pyarrow as pa

    from assets.kinds.moves import quarantine_id
    from assets.kinds.row_json import typed_rows

    place = quarantine_id(table)
    if not platform.lake.exists(place):
        return [], [], pa.RecordBatch.from_pylist([], schema=schema)
    found = platform.lake.dataset(place).head(MOST_ROWS, columns=["_row_hash", "row"])
    names, lines = found.column("_row_hash").to_pylist(), found.column("row").to_pylist()
    _, failed = typed_rows(lines, schema)
    fit = [n for n in range(len(lines)) if n not in failed]
    names, lines = [names[n] for n in fit], [lines[n] for n in fit]
    return names, lines, typed_rows(lines, schema)[0]


def _together(rows: pa.Table, held: pa.RecordBatch) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([rows, pa.Table.from_batches([held], schema=rows.schema)])


def _untouchable(spec: Table | Extension) -> set[str]:
    """Columns that say which row it is, or where the source stands: another value would be another row."""
    if isinstance(spec, Extension):
        return set()
    marks = [spec.source.watermark] if spec.source and spec.source.watermark else []
    return {*spec.key, *spec.partition_by, *marks}


def _in_table(chosen: Mapping[int, Sequence[Finding]], rows: pa.Table) -> Iterator[RowRepair]:
    from assets.kinds.repairs import RowRepair

    for row, cells in chosen.items():
        if row < rows.num_rows:
            why = "; ".join(cell.reason for cell in cells)
            yield RowRepair(row, _values(cells, rows.schema), why, min(cell.sure for cell in cells))


def _in_quarantine(
    chosen: Mapping[int, Sequence[Finding]], rows: pa.Table, names: Sequence[str], lines: Sequence[str]
) -> Iterator[tuple[str, Repair]]:
    import orjson

    from assets.kinds.replay import Repair

    for row, cells in chosen.items():
        place = int(row - rows.num_rows)
        if place >= 0:
            after = orjson.dumps({**orjson.loads(lines[place]), **_values(cells, rows.schema)}).decode()
            why = "; ".join(cell.reason for cell in cells)
            yield names[place], Repair(after, why, min(cell.sure for cell in cells))


def _values(cells: Sequence[Finding], schema: pa.Schema) -> dict[str, str | None]:
    """The repairs of one row as text; the empty text is null where the column is no text."""
    import pyarrow.types as pat

    def value(cell: Finding) -> str | None:
        return cell.repair if cell.repair or pat.is_string(schema.field(cell.column).type) else None

    return {cell.column: value(cell) for cell in cells}
