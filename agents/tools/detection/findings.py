"""What detection gives: cells that are probably wrong, each with how sure it is, why, and where possible a repair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

REPORTED = 0.5
"""A cell is reported when it is more likely wrong than right."""
SURE = 0.9
"""A repair this likely to be right may be made unasked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One cell. `row` counts from 0, `place` is the column's position, `repair` is None where none is proposed.

    `confidence` is the probability that the cell is wrong, `sure` the probability that `repair` is its right value.
    `reason` names columns and counts, never a value of the table; `repair` is a value.
    """

    row: int
    column: str
    place: int
    repair: str | None
    confidence: float
    reason: str
    sure: float = 0.0


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """All findings on a table of `rows` rows and `columns`, by row, then column; at most one a cell."""

    rows: int
    columns: tuple[str, ...]
    cells: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.cells)

    def __getitem__(self, index: int) -> Finding:  # type: ignore[override]
        return self.cells[index]

    def sure(self, at_least: float = SURE) -> Findings:
        """Those with a repair that is at least this likely to be right."""
        chosen = tuple(cell for cell in self.cells if cell.repair is not None and cell.sure >= at_least)
        return Findings(self.rows, self.columns, chosen)

    def to_table(self) -> pa.Table:
        """Columns `row_index, column, repair, confidence, reason`; a repair is null where there is none."""
        import pyarrow as pa

        return pa.table(
            {
                "row_index": pa.array([cell.row for cell in self.cells], pa.int64()),
                "column": pa.array([self.label(cell) for cell in self.cells], pa.string()),
                "repair": pa.array([cell.repair for cell in self.cells], pa.string()),
                "confidence": pa.array([round(cell.confidence, 3) for cell in self.cells], pa.float64()),
                "reason": pa.array([cell.reason for cell in self.cells], pa.string()),
            }
        )

    def label(self, cell: Finding) -> str:
        """The column's name; its position where several columns share the name."""
        return cell.column if self.columns.count(cell.column) == 1 else str(cell.place)
