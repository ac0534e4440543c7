"""Cells that are empty because of what the row is: no value is missing there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid

_KINDS = 60
_NEARLY_ALL = 0.9
_OFTEN_EMPTY = 0.15
_FEWEST = 8


def by_nature(grid: Grid, codes: Sequence[np.ndarray[Any, Any]], place: int) -> np.ndarray[Any, Any]:
    """Rows whose cell in a column is empty as (nearly) all are of the same kind, by some column of few kinds."""
    import numpy as np

    empty = codes[place] < 0
    explained = np.zeros(grid.rows, dtype=bool)
    if not _OFTEN_EMPTY * grid.rows <= int(empty.sum()) < grid.rows:
        return explained
    for other, column in enumerate(grid.columns):
        if other == place or not 2 <= len(column.values) <= _KINDS:
            continue
        sizes = np.bincount(column.codes, minlength=len(column.values))
        without = np.bincount(column.codes, weights=empty, minlength=len(column.values))
        kinds = (sizes >= max(_FEWEST, 0.01 * grid.rows)) & (without >= _NEARLY_ALL * sizes)
        explained |= empty & kinds[column.codes]
    return explained
