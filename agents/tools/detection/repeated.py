"""Keys that stand twice: a column in which every value is another one, but for a few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

_FEWEST = 100
_UNIQUE = 0.97
_CODE = 24


def doubled_keys(grid: Grid, column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Rows that repeat a key, all but the first; the reason says whether the whole row stands twice."""
    present = column.counts[~missing]
    if int(present.sum()) < max(_FEWEST, 0.9 * grid.rows) or present.size >= int(present.sum()):
        return
    if present.size < _UNIQUE * int(present.sum()) or not _codes(column, missing):
        return
    for code in ((column.counts > 1) & ~missing).nonzero()[0].tolist():
        first, *others = column.rows_of(code).tolist()
        for row in others:
            same = all(other.codes[row] == other.codes[first] for other in grid.columns)
            what = "the whole row stands twice" if same else "the only values that stand twice are a few of this column"
            yield Suspect(column.place, (row,), Sign(0.7 if same else 0.6, what))


def _codes(column: Column, missing: np.ndarray[Any, Any]) -> bool:
    """Whether values are keys: one word with digits, and far fewer stand twice than if their numbers were drawn."""
    import numpy as np

    values = [value for value, nothing in zip(column.values, missing.tolist(), strict=True) if not nothing]
    coded = [int(digits) for value in values if (digits := _digits(value))]
    if len(coded) < _UNIQUE * len(values):
        return False
    low, high = np.quantile(np.array(coded, dtype=np.float64), [0.01, 0.99])
    rows = int(column.counts[~missing].sum())
    room = max(float(high - low), 1.0)
    by_chance = rows - room * (1 - float(np.exp(-rows / room)))
    return rows - len(values) <= 0.1 * by_chance


def _digits(value: str) -> str:
    if len(value) > _CODE or " " in value or "." in value:
        return ""
    return "".join(char for char in value if char in "0123456789")
