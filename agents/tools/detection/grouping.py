"""Rows grouped by one column, and what another column says within each group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

    Ints = np.ndarray[Any, np.dtype[np.int64]]


_DENSE = 4
"""Up to so many pairs a row that might be, counting them all is faster than sorting those that are."""


@dataclass(frozen=True)
class Votes:
    """For every value of the grouping column: how many rows say anything, what most say, and how many say that."""

    size: Ints
    top: Ints
    top_count: Ints
    pair_of_row: Ints
    """Position in `pair_count` of each row's pair, -1 where either side is missing."""
    pair_count: Ints

    def agreement(self, smallest: int = 3) -> float:
        """Share of rows that say what most of their group say, over groups of at least this size."""
        large = self.size >= smallest
        total = int(self.size[large].sum())
        return float(self.top_count[large].sum()) / total if total else 0.0


def vote(by: Ints, of: Ints, groups: int, kinds: int) -> Votes:
    """Count the pairs of two code columns; a negative code is missing."""
    import numpy as np

    said = (by >= 0) & (of >= 0)
    keys = by[said] * kinds + of[said]
    pair_of_row = np.full(len(by), -1, dtype=np.int64)
    if groups * kinds <= _DENSE * max(len(by), 1):
        table = np.bincount(keys, minlength=groups * kinds).reshape(groups, kinds)
        pair_of_row[said] = keys
        return Votes(table.sum(1), _or_none(table.argmax(1), table.max(1)), table.max(1), pair_of_row, table.ravel())
    pairs, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    group, value = pairs // kinds, pairs % kinds
    size = np.bincount(group, weights=counts, minlength=groups).astype(np.int64)
    # Ascending by count within a group: the last one written wins, and among equals the smallest code.
    order = np.lexsort((-value, counts, group))
    top = np.full(groups, -1, dtype=np.int64)
    top_count = np.zeros(groups, dtype=np.int64)
    top[group[order]] = value[order]
    top_count[group[order]] = counts[order]
    pair_of_row[said] = inverse
    return Votes(size, top, top_count, pair_of_row, counts)


def _or_none(top: Ints, count: Ints) -> Ints:
    import numpy as np

    return np.where(count > 0, top, -1)


def known(column: Column, missing: np.ndarray[Any, Any]) -> Ints:
    """A column's codes with -1 where the value only says that there is none."""
    import numpy as np

    return np.where(missing[column.codes], -1, column.codes)
