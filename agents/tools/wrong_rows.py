"""All rows of a table and its quarantine, gone through once: which cells look wrong, and what they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from agents.tools.replaying import declared
from assets.kinds.spec import Extension, Table
from resources.platform import Platform

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.detection import Finding, Part
    from assets.kinds.repairs import RowRepair
    from resources.lake_log import Snapshot

PROVEN = 0.95
"""Repairs are made unasked where they are right this probably."""
WORTH_ASKING = 0.6
MOST_REPAIRED = 200_000
"""Rows with repairs that one look takes; further ones are counted, and are for the next."""
_HELD = 8_192


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row with cells to repair: `name` in quarantine, empty for a row of the table; the row as JSON; the cells.

    `sure` cells are repaired unasked, `likely` ones by people's leave.
    """

    name: str
    line: str
    sure: tuple[Finding, ...]
    likely: tuple[Finding, ...]

    def repair(self, schema: pa.Schema) -> RowRepair:
        """What is sure of it."""
        from assets.kinds.repairs import RowRepair

        why = "; ".join(cell.reason for cell in self.sure)
        values = {cell.column: value_of(cell, schema) for cell in self.sure}
        return RowRepair(self.line, values, why, min(cell.sure for cell in self.sure))


@dataclass(frozen=True, slots=True)
class Proposals:
    """What is wrong in a table as of `base`, and in its quarantine.

    `cells` counts what detection flagged by column, `asked` the repairs that are likely and not proven. What is usual
    was learned from a sample with this 95 % `error` of a share of rows, 0 where all rows were looked at together.
    `left` counts rows to repair beyond what one repair takes.
    """

    base: Snapshot
    looked_at: int
    error: float
    rows: tuple[Wrong, ...]
    cells: Mapping[str, int] = field(default_factory=dict[str, int])
    asked: Mapping[str, int] = field(default_factory=dict[str, int])
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    left: int = 0

    def sure(self, *, held: bool) -> list[Wrong]:
        """The rows that are repaired unasked: of quarantine, or of the table."""
        return [row for row in self.rows if row.sure and bool(row.name) == held]

    def to_json(self) -> dict[str, Any]:
        """For people and programs: counts and reasons, never a value."""
        return {
            "rows_looked_at": self.looked_at,
            "share_error": round(self.error, 5),
            "rows_to_repair": len(self.sure(held=False)),
            "held_to_repair": len(self.sure(held=True)),
            **({"rows_left": self.left} if self.left else {}),
            "cells": dict(self.cells),
            "asked": dict(self.asked),
            "reasons": dict(self.reasons),
        }


def proposals(platform: Platform, table: TableId, at_least: float = PROVEN, together: int | None = None) -> Proposals:
    """Look at every row, so many `together`, in bounded memory. Raises TableNotFound where the table is not there."""
    from agents.tools.detection import MOST_ROWS, pace_of, throughout

    base = platform.lake.snapshot(table)
    if base is None:
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix="materialize it first")
    schema, rows = _own(base), platform.lake.rows(table)
    held = _Held(platform, table, schema)
    pace = pace_of(rows + held.rows, len(schema), together or MOST_ROWS)
    seen = _Seen(schema, _untouchable(declared(platform, table)), at_least)
    looked_at = 0
    for part in throughout(lambda: _all(base, schema, held), schema, pace):
        inside = max(0, min(part.rows.num_rows, rows - part.first))
        looked_at += inside
        seen.take(part, inside, held.of_part(part.first + inside - rows, part.rows.num_rows - inside))
    asked = Counter(cell.column for row in seen.rows for cell in row.likely)
    return Proposals(
        base, looked_at, pace.error, tuple(seen.rows), dict(seen.cells), dict(asked), seen.reasons, seen.left
    )


def value_of(cell: Finding, schema: pa.Schema) -> str | None:
    """A repair as text; the empty text is null where the column is no text."""
    import pyarrow.types as pat

    return cell.repair if cell.repair or pat.is_string(schema.field(cell.column).type) else None


class _Seen:
    """What was found so far."""

    def __init__(self, schema: pa.Schema, fixed: set[str], at_least: float) -> None:
        self.rows: list[Wrong] = []
        self.cells, self.reasons, self.left = Counter[str](), dict[str, str](), 0
        self._schema, self._fixed, self._at_least = schema, fixed, at_least

    def take(self, part: Part, inside: int, held: Sequence[tuple[str, str]]) -> None:
        """Take a part; its first `inside` rows are the table's, the others these of quarantine (name, row)."""
        chosen: dict[int, list[Finding]] = {}
        for cell in part.findings:
            self.cells[cell.column] += 1
            self.reasons.setdefault(cell.column, cell.reason)
            if self._repairable(cell):
                chosen.setdefault(cell.row, []).append(cell)
        for cells, (name, line) in zip(chosen.values(), _lines(part, chosen, inside, held), strict=True):
            sure = tuple(cell for cell in cells if cell.sure >= self._at_least)
            likely = tuple(cell for cell in cells if cell.sure < self._at_least)
            if len(self.rows) < MOST_REPAIRED:
                self.rows.append(Wrong(name, line, sure, likely))
            else:
                self.left += 1

    def _repairable(self, cell: Finding) -> bool:
        if cell.repair is None or cell.column in self._fixed or cell.sure < WORTH_ASKING:
            return False
        return _fits(value_of(cell, self._schema), self._schema.field(cell.column).type)


def _lines(
    part: Part, chosen: Iterable[int], inside: int, held: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Name and JSON of rows of a part; a row of the table has no name. The rows are in order."""
    import pyarrow as pa

    from assets.kinds.quarantine import rows_as_json

    wanted = list(chosen)
    own = pa.array([row for row in wanted if row < inside], pa.int64())
    for batch in part.rows.take(own).to_batches():
        yield from (("", line) for line in rows_as_json(batch))
    yield from (held[row - inside] for row in wanted if row >= inside)


def _fits(value: str | None, kind: pa.DataType) -> bool:
    """Whether a column of this type can hold a repair."""
    from assets.kinds.row_json import decoder

    try:
        return value is None or decoder(kind)(value) is not None
    except (ValueError, TypeError, OverflowError, InvalidOperation):
        return False


class _Held:
    """The rows in quarantine that fit the table. They are read as they are asked for, in the order of the table."""

    def __init__(self, platform: Platform, table: TableId, schema: pa.Schema) -> None:
        from assets.kinds.moves import quarantine_id

        self._schema, place = schema, quarantine_id(table)
        there = platform.lake.snapshot(place)
        self._dataset = None if there is None else there.dataset()
        self.rows = 0 if there is None else platform.lake.rows(place)
        self._known: list[tuple[str, str]] = []
        self._first = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows of the table's columns; their names and lines are known until `of_part` passes them."""
        from assets.kinds.row_json import typed_rows

        self._known, self._first = [], 0
        if self._dataset is None:
            return
        scanned = self._dataset.to_batches(
            columns=["_row_hash", "row"], batch_size=_HELD, batch_readahead=2, fragment_readahead=1
        )
        for batch in scanned:
            names, lines = batch.column(0).to_pylist(), batch.column(1).to_pylist()
            _, failed = typed_rows(lines, self._schema)
            fit = [n for n in range(len(lines)) if n not in failed]
            self._known += [(names[n], lines[n]) for n in fit]
            yield typed_rows([lines[n] for n in fit], self._schema)[0]

    def of_part(self, first: int, count: int) -> list[tuple[str, str]]:
        """Names and lines of rows as they were given, from the `first` on; those before are let go."""
        if count <= 0:
            return []
        passed = first - self._first
        self._known, self._first = self._known[passed:], first
        return self._known[:count]


def _all(base: Snapshot, schema: pa.Schema, held: _Held) -> Iterator[pa.RecordBatch]:
    yield from base.dataset().to_batches(
        columns=schema.names, batch_size=65_536, batch_readahead=2, fragment_readahead=1
    )
    yield from held.batches()


def _own(base: Snapshot) -> pa.Schema:
    """The columns as their source gave them."""
    import pyarrow as pa

    from assets.kinds.exchange import own_columns

    names = own_columns(base.schema)
    return pa.schema([column for column in base.schema if column.name in names])


def _untouchable(spec: Table | Extension) -> set[str]:
    """Columns that say which row it is, or where the source stands: another value would be another row."""
    if isinstance(spec, Extension):
        return set()
    marks = [spec.source.watermark] if spec.source and spec.source.watermark else []
    return {*spec.key, *spec.partition_by, *marks}
