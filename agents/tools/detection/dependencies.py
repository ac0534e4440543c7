"""Columns that determine others, found despite the rows that break them.

A column determines another when rows that agree on the first agree on the second far more often than they would if the
second were shuffled. The share that remains is compared with chance, so a column that nearly always says the same is
no dependency of every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.grouping import Votes, vote

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid

WEAKEST = 0.7
"""Strength from which a dependency is looked at: 1 is exact, 0 is chance."""
_SLACK = 0.15
_SCREEN = 5_000
_NEIGHBOURS = 6
_MANY_COLUMNS = 45
_FEWEST = 12


@dataclass(frozen=True)
class Dependency:
    """Column `by` determines column `of`, but for the rows that break it."""

    by: int
    of: int
    strength: float
    votes: Votes


def dependencies(grid: Grid, codes: Sequence[np.ndarray[Any, Any]]) -> Iterator[Dependency]:
    """All dependencies between two columns. `codes` are the columns' codes, -1 where missing."""
    for by in range(len(grid.columns)):
        if not _repeats(codes[by]):
            continue
        sample = _whole_groups(codes[by])
        for of in _partners(by, len(grid.columns)):
            if of == by or not _screened(grid, codes, by, of, sample):
                continue
            votes = vote(codes[by], codes[of], len(grid.columns[by].values), len(grid.columns[of].values))
            strength = _strength(votes, codes[by], codes[of], grid, by, of)
            if strength >= WEAKEST:
                yield Dependency(by, of, strength, votes)


def _partners(by: int, columns: int) -> range:
    if columns <= _MANY_COLUMNS:
        return range(columns)
    return range(max(0, by - _NEIGHBOURS), min(columns, by + _NEIGHBOURS + 1))


def _repeats(codes: np.ndarray[Any, Any]) -> bool:
    """Whether enough rows share their value with others, and not all with the same."""
    import numpy as np

    present = codes[codes >= 0]
    if present.size < _FEWEST:
        return False
    counts = np.bincount(present)
    counts = counts[counts > 0]
    return counts.size > 1 and int(counts[counts >= 3].sum()) >= _FEWEST


def _whole_groups(codes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Rows of whole groups, about as many as a first look needs; None when the table is small enough as it is."""
    import numpy as np

    if codes.size <= 2 * _SCREEN:
        return None
    groups = int(codes.max()) + 1
    counts = np.bincount(codes[codes >= 0], minlength=groups)
    order = np.random.default_rng(7).permutation(groups)
    chosen = order[: max(20, int(np.searchsorted(np.cumsum(counts[order]), _SCREEN)))]
    wanted = np.zeros(groups + 1, dtype=bool)
    wanted[chosen] = True
    return np.flatnonzero(wanted[codes])


def _screened(
    grid: Grid, codes: Sequence[np.ndarray[Any, Any]], by: int, of: int, sample: np.ndarray[Any, Any] | None
) -> bool:
    if not _repeats(codes[of]) and _unique(codes[of]):
        return False
    if sample is None:
        return True
    left, right = codes[by][sample], codes[of][sample]
    votes = vote(left, right, len(grid.columns[by].values), len(grid.columns[of].values))
    return _strength(votes, left, right, grid, by, of) >= WEAKEST - _SLACK


def _unique(codes: np.ndarray[Any, Any]) -> bool:
    import numpy as np

    present = codes[codes >= 0]
    return present.size == 0 or np.unique(present).size >= 0.98 * present.size or np.unique(present).size < 2


def _strength(votes: Votes, by: Any, of: Any, grid: Grid, left: int, right: int) -> float:
    import numpy as np

    if int(votes.size[votes.size >= 3].sum()) < _FEWEST:
        return 0.0
    agreement = votes.agreement()
    if agreement < WEAKEST - _SLACK:  # chance can only take away from it
        return 0.0
    said = np.flatnonzero((by >= 0) & (of >= 0))
    shuffled = np.full(of.shape, -1, dtype=np.int64)
    shuffled[said] = of[np.random.default_rng(11).permutation(said)]
    chance = vote(by, shuffled, len(grid.columns[left].values), len(grid.columns[right].values)).agreement()
    return (agreement - chance) / (1 - chance) if chance < 0.995 else 0.0
