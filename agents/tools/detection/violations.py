"""Rows that break a dependency, and which of the cells involved is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.dependencies import Dependency
from agents.tools.detection.evidence import Sign, Suspect

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid


@dataclass
class Ballot:
    """How often each cell took part in a dependency that other rows confirm, and how often it broke one."""

    part: np.ndarray[Any, Any]
    broke: np.ndarray[Any, Any]

    def guilt(self, row: int, place: int) -> float:
        """Share of what a cell took part in that it broke."""
        return float(self.broke[row, place]) / max(1, int(self.part[row, place]))

    def backed(self, row: int, place: int) -> bool:
        """Whether dependencies confirm the cell and none speaks against it."""
        return self.part[row, place] > 0 and self.broke[row, place] == 0


def judge(grid: Grid, found: Sequence[Dependency], codes: Sequence[np.ndarray[Any, Any]]) -> Ballot:
    """Count for every cell what it took part in and what it broke."""
    import numpy as np

    shape = (grid.rows, len(grid.columns))
    ballot = Ballot(np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.int16))
    for dependency in found:
        took, broke = _rows(dependency, codes)
        for place in (dependency.by, dependency.of):
            ballot.part[took, place] += 1
            ballot.broke[broke, place] += 1
    return ballot


def _rows(dependency: Dependency, codes: Sequence[np.ndarray[Any, Any]]) -> tuple[Any, Any]:
    """Rows whose group has a clear majority, and those of them that say otherwise."""
    import numpy as np

    by, of, votes = codes[dependency.by], codes[dependency.of], dependency.votes
    clear = (votes.top_count >= 2) & (2 * votes.top_count > votes.size)
    took = np.flatnonzero((by >= 0) & (of >= 0) & np.append(clear, False)[by])
    return took, took[of[took] != votes.top[by[took]]]


def broken(
    grid: Grid, found: Sequence[Dependency], codes: Sequence[np.ndarray[Any, Any]], ballot: Ballot
) -> Iterator[Suspect]:
    """A suspect for each broken dependency: the cell of the two that breaks more of what it takes part in."""
    for dependency in found:
        by, of = grid.columns[dependency.by], grid.columns[dependency.of]
        votes = dependency.votes
        for row in _rows(dependency, codes)[1].tolist():
            if ballot.guilt(row, by.place) > ballot.guilt(row, of.place):
                sign = Sign(0.4 * dependency.strength, f"{of.name} says that this is another {by.name}")
                yield Suspect(by.place, (row,), sign)
                continue
            group = int(by.codes[row])
            most, size = int(votes.top_count[group]), int(votes.size[group])
            repeats = int(votes.pair_count[votes.pair_of_row[row]])
            confidence = certainty(dependency.strength, most, size, repeats)
            reason = f"{most} of {size} rows with the same {by.name} say otherwise"
            yield Suspect(of.place, (row,), Sign(confidence, reason, of.values[int(votes.top[group])], confidence))


def certainty(strength: float, most: int, size: int, repeats: int) -> float:
    """How sure a majority of `most` of `size` rows is against a value that `repeats` of them share."""
    margin = min(1.0, 0.6 + 0.1 * (most - repeats)) * min(1.0, 0.4 + most / size)
    return min(0.97, strength) * margin / repeats**0.5


def filled(grid: Grid, found: Sequence[Dependency], codes: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """A suspect for each missing cell whose group agrees on a value."""
    import numpy as np

    for dependency in found:
        by, of, votes = grid.columns[dependency.by], grid.columns[dependency.of], dependency.votes
        empty = np.flatnonzero((codes[dependency.of] < 0) & (codes[dependency.by] >= 0))
        for row in empty.tolist():
            group = int(by.codes[row])
            most, size = int(votes.top_count[group]), int(votes.size[group])
            if most < 2 or 2 * most <= size:
                continue
            confidence = certainty(dependency.strength, most, size, 1)
            reason = f"missing, and {most} of {size} rows with the same {by.name} agree on a value"
            yield Suspect(of.place, (row,), Sign(confidence, reason, of.values[int(votes.top[group])], confidence))
