"""Rows that break a dependency, and which of the cells involved is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.absent import by_nature
from agents.tools.detection.dependencies import Dependency
from agents.tools.detection.evidence import Sign, Suspect
from agents.tools.detection.grouping import Votes

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

    Rows = np.ndarray[Any, np.dtype[np.int64]]

_EXPLAINED = 0.75
_EITHER = 0.6
_OFTEN_EMPTY, _UNEVEN = 0.1, 3.0
_MEASURED = 0.8
_SPREAD = 2.0
"""So many times what chance gives, repetitions of a pair are still no habit."""
_SHARED = 0.75
"""What is left of the certainty where they do repeat: a loose dependency looks the same, two of them do not."""


@dataclass(frozen=True)
class Breach:
    """The rows that break one dependency, of those where its groups have a clear majority.

    `repeats` says of each row how many rows share its pair, `by_chance` how many would anyway, `habit` how often the
    breaking pairs repeat beyond chance: errors are spread, exceptions have a habit.
    """

    dependency: Dependency
    took: Rows
    broke: Rows
    repeats: Rows
    by_chance: np.ndarray[Any, Any]
    habit: float


@dataclass
class Ballot:
    """How often each cell took part in a dependency that other rows confirm, and how often it broke one."""

    part: np.ndarray[Any, Any]
    broke: np.ndarray[Any, Any]

    def guilt(self, row: int, place: int) -> float:
        """Share of what a cell took part in that it broke."""
        return float(self.broke[row, place]) / max(1, int(self.part[row, place]))

    def either(self, row: int, by: Column, of: Column) -> bool:
        """Whether nothing tells which of two cells is wrong: both break as much, and both values are known ones."""
        return self.guilt(row, by.place) >= self.guilt(row, of.place) and int(of.counts[of.codes[row]]) > 3


def breaches(grid: Grid, found: Sequence[Dependency], codes: Sequence[Rows]) -> list[Breach]:
    """Every dependency with the rows that break it and that no third column explains."""
    return [_breach(grid, dependency, codes) for dependency in found]


def _breach(grid: Grid, dependency: Dependency, codes: Sequence[Rows]) -> Breach:
    import numpy as np

    by, of, votes = codes[dependency.by], codes[dependency.of], dependency.votes
    clear = (votes.top_count >= 2) & (2 * votes.top_count > votes.size)
    took = np.flatnonzero((by >= 0) & (of >= 0) & np.append(clear, False)[by])
    wrong = of[took] != votes.top[by[took]]
    if wrong.any():
        wrong &= ~_explained(grid, dependency, codes, took, wrong)
    broke = took[wrong]
    repeats = votes.pair_count[votes.pair_of_row[broke]]
    by_chance = _by_chance(by[broke], of[broke])
    return Breach(dependency, took, broke, repeats, by_chance, _habit(by[broke], of[broke], repeats, votes))


def _by_chance(by: Rows, of: Rows) -> np.ndarray[Any, Any]:
    """How many rows would share each row's pair if what breaks were dealt out at random: in large groups, several."""
    import numpy as np

    return np.bincount(by)[by] * np.bincount(of)[of] / by.size if by.size else np.zeros(0)


def _explained(grid: Grid, dependency: Dependency, codes: Sequence[Rows], took: Rows, wrong: Any) -> Any:
    """Rows whose value in a third column nearly always breaks the dependency: the third column is part of it."""
    import numpy as np

    explained = np.zeros(took.shape, dtype=bool)
    if wrong.mean() > 0.3:
        return explained
    for place in range(len(codes)):
        if place in (dependency.by, dependency.of):
            continue
        third = codes[place][took]
        kinds = len(grid.columns[place].values) + 1
        here, breaking = np.bincount(third + 1, minlength=kinds), np.bincount(third + 1, weights=wrong, minlength=kinds)
        # Rows of one group alone explain nothing: there the third column only says the same as the first.
        special = (breaking >= max(4, 0.004 * took.size)) & (breaking >= _EXPLAINED * here)
        special[0] = False
        for kind in np.flatnonzero(special).tolist():
            inside = third + 1 == kind
            if np.unique(codes[dependency.by][took[inside & wrong]]).size >= 3:
                explained |= inside
    return explained & wrong


def _habit(by: Rows, of: Rows, repeats: Rows, votes: Votes) -> float:
    """How far breaches look like exceptions: pairs repeat beyond chance, or some groups have many, most none."""
    import numpy as np

    if by.size < 4:
        return float((repeats > 1).mean()) / 2 if by.size else 0.0
    shuffled = by * (int(of.max()) + 1) + np.random.default_rng(5).permutation(of)
    _, inverse, counts = np.unique(shuffled, return_inverse=True, return_counts=True)
    chance = float((counts[inverse] > 1).mean())
    repeated = max(0.0, (float((repeats > 1).mean()) - chance) / (1 - chance)) if chance < 1 else 0.0
    large = votes.size >= 3
    sizes, others = votes.size[large], (votes.size - votes.top_count)[large]
    rate = float(others.sum()) / float(sizes.sum())
    unevenness = float(((others - rate * sizes) ** 2 / (rate * (1 - rate) * sizes)).mean()) if 0 < rate < 1 else 1.0
    # In large groups the smallest difference shows: what counts is how large it is beside the rate itself.
    unevenness = 1 + (unevenness - 1) * min(1.0, (1 - rate) / (rate * float(sizes.mean()))) if rate else 1.0
    return max(repeated, min(0.9, 1 - 1.5 / max(unevenness, 1e-9)))


def judge(grid: Grid, found: Sequence[Breach]) -> Ballot:
    """Count for every cell what it took part in and what it broke."""
    import numpy as np

    shape = (grid.rows, len(grid.columns))
    ballot = Ballot(np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.int16))
    for breach in found:
        for place in (breach.dependency.by, breach.dependency.of):
            ballot.part[breach.took, place] += 1
            ballot.broke[breach.broke, place] += 1
    return ballot


def broken(grid: Grid, found: Sequence[Breach], ballot: Ballot) -> Iterator[Suspect]:
    """A suspect for each broken dependency: the cell of the two that breaks more of what it takes part in."""
    import numpy as np

    for breach in found:
        by, of = grid.columns[breach.dependency.by], grid.columns[breach.dependency.of]
        votes, strength = breach.dependency.votes, breach.dependency.strength
        others = (votes.size - votes.top_count)[by.codes[breach.broke]]
        spread = (breach.repeats <= _SPREAD * breach.by_chance) & (2 * breach.repeats <= others)
        alone = np.where(spread, 1, breach.repeats)
        for row, repeats, shared in zip(breach.broke.tolist(), alone.tolist(), breach.repeats.tolist(), strict=True):
            group = int(by.codes[row])
            most, size = int(votes.top_count[group]), int(votes.size[group])
            confidence = certainty(strength, most, size, repeats) * trust(breach.habit, repeats)
            confidence *= _SHARED if repeats < shared > 2 else 1.0
            if ballot.guilt(row, by.place) > ballot.guilt(row, of.place) and ballot.broke[row, by.place] > 1:
                yield Suspect(
                    by.place, (row,), Sign(0.4 * confidence, f"{of.name} says that this is another {by.name}")
                )
                continue
            reason = f"{most} of {size} rows with the same {by.name} say otherwise"
            sure = confidence * (_EITHER if ballot.either(row, by, of) else 1.0)
            yield Suspect(of.place, (row,), Sign(confidence, reason, of.values[int(votes.top[group])], sure))


def trust(habit: float, repeats: int) -> float:
    """How far a breach of a dependency is an error, where breaches of it have a habit."""
    return (1 - habit) ** 2 if repeats > 1 else 1 - habit**2


def certainty(strength: float, most: int, size: int, repeats: int) -> float:
    """How sure a majority of `most` of `size` rows is against a value that `repeats` of them share."""
    margin = min(1.0, 0.6 + 0.1 * (most - repeats)) * min(1.0, 0.4 + most / size)
    return min(0.97, 1 - 2.2 * (1 - strength)) * margin / repeats**0.5


def filled(grid: Grid, found: Sequence[Breach], codes: Sequence[Rows]) -> Iterator[Suspect]:
    """A suspect for each missing cell whose group agrees on a value."""
    import numpy as np

    natural: dict[int, np.ndarray[Any, Any]] = {}
    for breach in found:
        dependency = breach.dependency
        by, of, votes = grid.columns[dependency.by], grid.columns[dependency.of], dependency.votes
        exact = 1 - breach.habit * breach.broke.size / max(1, breach.took.size)
        if dependency.of not in natural:
            natural[dependency.of] = by_nature(grid, codes, dependency.of)
        lost = (codes[dependency.of] < 0) & (codes[dependency.by] >= 0)
        if _belongs_to_some(lost, codes[dependency.by]):
            continue
        limit = _MEASURED if measured(by) else 1.0
        empty = np.flatnonzero(lost & ~natural[dependency.of])
        for row in empty.tolist():
            group = int(by.codes[row])
            most, size = int(votes.top_count[group]), int(votes.size[group])
            if most < 2 or 2 * most <= size:
                continue
            confidence = certainty(dependency.strength, most, size, 1) * exact
            reason = f"missing, and {most} of {size} rows with the same {by.name} agree on a value"
            sure = min(confidence, limit)
            yield Suspect(of.place, (row,), Sign(confidence, reason, of.values[int(votes.top[group])], sure))


def measured(column: Column) -> bool:
    """Whether the values are numbers with a fraction: rows that share one need have nothing else in common."""
    some = column.numbers[:200]
    return sum(1 for one in some if one is not None and "." in one.text) > len(some) / 2


def _belongs_to_some(empty: np.ndarray[Any, Any], by: Rows) -> bool:
    """Whether a column is often empty, and in some groups far more often than in others: a value may be none there."""
    import numpy as np

    if float(empty.mean()) < _OFTEN_EMPTY:
        return False
    said = by >= 0
    sizes = np.bincount(by[said])
    without = np.bincount(by[said], weights=empty[said], minlength=sizes.size)
    sizes, without = sizes[sizes >= 3], without[sizes >= 3]
    rate = float(without.sum()) / max(1.0, float(sizes.sum()))
    if not 0 < rate < 1:
        return False
    by_chance = rate * (1 - rate) * float(sizes.sum())
    return float(((without - rate * sizes) ** 2).sum()) > _UNEVEN * by_chance
