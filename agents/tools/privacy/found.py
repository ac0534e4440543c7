"""What scanning gives: spans in a text, and what each column of a table holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Span(NamedTuple):
    """Personal data inside a text: `text[start:end]` is of `type`, with a score from 0 to 1."""

    start: int
    end: int
    type: str
    score: float


@dataclass(frozen=True, slots=True)
class ColumnScan:
    """What one column holds.

    `type` is the most likely kind of personal data, empty without one; `confidence` (0 to 1) is that of the answer,
    `share` the part of the cells with a value that hold it. `examples_masked` show shapes, never values.
    """

    pii: bool
    type: str = ""
    confidence: float = 0.0
    share: float = 0.0
    examples_masked: tuple[str, ...] = ()
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The contract's form."""
        return {
            "pii": self.pii,
            "type": self.type,
            "confidence": round(self.confidence, 3),
            "share": round(self.share, 4),
            "examples_masked": list(self.examples_masked),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class TableScan:
    """A table's columns, in its order, and how many rows it has.

    `unseen` is how likely it is at most that a kind known by its form, in 1 of 200 cells of a column, was missed
    because not every cell was read: 0 where all were.
    """

    columns: Mapping[str, ColumnScan]
    rows: int = 0
    unseen: float = 0.0

    @property
    def personal(self) -> dict[str, ColumnScan]:
        """Only the columns that hold personal data or secrets."""
        return {name: column for name, column in self.columns.items() if column.pii}

    def to_json(self) -> dict[str, Any]:
        """`{rows, columns: {name: {...}}}`, the contract's form."""
        unseen = round(self.unseen, 6)
        return {
            "rows": self.rows,
            "unseen": unseen,
            "columns": {name: column.to_json() for name, column in self.columns.items()},
        }
