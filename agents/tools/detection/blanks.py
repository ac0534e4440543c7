"""Empty cells in columns that are otherwise full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

_OPTIONAL = 0.1
"""A column with more empty cells than this may be empty."""
_FEWEST = 5
_TOGETHER = 0.6
_BEYOND_CHANCE = 3


def gaps(grid: Grid, column: Column) -> Iterator[Suspect]:
    """The empty cells of a nearly full column: the fewer, the more doubtful.

    Cells that are empty together with those of another column say something about the row: what did not happen has
    no time, no length and no delay. A value that got lost is lost alone.
    """
    code = column.code_of.get("")
    if code is None or grid.rows < 20:
        return
    share = int(column.counts[code]) / grid.rows
    if share <= _OPTIONAL:
        confidence = 0.72 - 0.2 * share / _OPTIONAL
        rows = column.rows_of(code)
        rows = rows[~_by_the_row(grid, column, rows)]
        yield Suspect(column.place, rows, Sign(confidence, f"empty, and the column is {100 * (1 - share):.1f} % full"))


def _by_the_row(grid: Grid, column: Column, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which of the rows are empty in another column too, where most of them are."""
    import numpy as np

    together = np.zeros(rows.shape, dtype=bool)
    for other in grid.columns:
        code = other.code_of.get("")
        if code is None or other.place == column.place or rows.size < _FEWEST:
            continue
        both = other.codes[rows] == code
        chance = rows.size * int(other.counts[code]) / grid.rows
        if int(both.sum()) >= max(_FEWEST, _TOGETHER * rows.size, _BEYOND_CHANCE * chance):
            together |= both
    return together
