"""Numbers that are usual in their column, and a power of ten or a sign away from the rows of their own kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.arithmetic import Figures, figures_of
from agents.tools.detection.evidence import Sign, Suspect

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid

    Rows = np.ndarray[Any, np.dtype[np.int64]]
    Numbers = np.ndarray[Any, np.dtype[np.float64]]

_SCREEN = 4_000
_GROUP = 12
_EXPLAINS = 0.35
"""A column says of what kind a row is when numbers vary this much less within the kinds than among all rows."""
_FAR = 8.0
_MOST = 0.05
_NEAR = 1.5
_DENSE = 20
_ALIKE = 0.3
_SLIPS = (-1.0, 0.1, 0.01, 0.001, 10.0, 100.0, 1000.0)


def far_within(
    grid: Grid, missing: Sequence[np.ndarray[Any, Any]], codes: Sequence[np.ndarray[Any, Any]]
) -> Iterator[Suspect]:
    """Numbers far from what the other rows of their kind have, where some column tells the kinds apart.

    Being far is not enough, since kinds have tails: with its point or sign in another place the number is usual.
    """
    kinds = [place for place in range(len(codes)) if _are_kinds(codes[place])]
    for figures in figures_of(grid, missing):
        if not _measured(figures):
            continue
        best = _best(figures, codes, [place for place in kinds if place != figures.place])
        if best is None:
            continue
        by, place = codes[best], figures.place
        rows, times = _far(figures, by)
        for row, far in zip(rows.tolist(), times.tolist(), strict=True):
            name = grid.columns[best].name
            reason = f"a power of ten or a sign away from what rows with the same {name} have"
            yield Suspect(place, (row,), Sign(min(0.85, 0.55 + 0.03 * (far - _FAR)), reason))


def _measured(figures: Figures) -> bool:
    """Whether the numbers vary, and do not just number the rows."""
    import numpy as np

    said = figures.numbers[np.isfinite(figures.numbers)]
    values = np.unique(said)
    if values.size < _GROUP:
        return False
    low, high = np.quantile(values, [0.05, 0.95])
    return figures.digits > 0 or values.size < 0.9 * said.size or bool(high - low > _DENSE * said.size)


def _are_kinds(codes: Rows) -> bool:
    import numpy as np

    counts = np.bincount(codes[codes >= 0]) if (codes >= 0).any() else np.zeros(1)
    large = counts[counts >= _GROUP]
    return large.size >= 2 and int(large.sum()) >= 0.7 * codes.size


def _best(figures: Figures, codes: Sequence[Rows], kinds: Sequence[int]) -> int | None:
    """The column within whose values the numbers vary least, on a sample of the rows."""
    import numpy as np

    some = np.arange(0, figures.numbers.size, max(1, figures.numbers.size // _SCREEN))
    some = some[np.isfinite(figures.numbers[some])]
    if some.size < 2 * _GROUP:
        return None
    numbers = _scaled(figures.numbers[some])
    whole = float(np.median(np.abs(numbers - np.median(numbers))))
    spread = {place: _spread(numbers, codes[place][some]) for place in kinds} if whole else {}
    best = min(spread, key=lambda place: (spread[place], place), default=None)
    return best if best is not None and spread[best] <= _EXPLAINS * whole else None


def _spread(numbers: Numbers, by: Rows) -> float:
    """The usual distance from the middle of the own kind; of kinds with too few rows as if they were one."""
    import numpy as np

    off = np.abs(numbers - _middles(numbers, by)[by])
    return float(np.median(off[by >= 0])) if (by >= 0).any() else float("inf")


def _middles(numbers: Numbers, by: Rows) -> Numbers:
    """The median of every kind; the last place is for rows of none."""
    import numpy as np

    order = np.lexsort((numbers, by))
    sizes = np.bincount(by + 1, minlength=int(by.max()) + 2)
    starts = np.cumsum(sizes) - sizes
    middle = numbers[order[np.minimum(starts + sizes // 2, numbers.size - 1)]]
    return np.append(middle[1:], middle[0])


def _scaled(numbers: Numbers) -> Numbers:
    """Logarithms where (nearly) all are positive: what varies by a factor is compared by factors."""
    import numpy as np

    above = numbers > 0
    if float(above.mean()) < 0.95:
        return numbers
    return np.log(np.maximum(np.abs(numbers), float(numbers[above].min())))


def _far(figures: Figures, by: Rows) -> tuple[Rows, Numbers]:
    """The rows whose number is far out on both scales within its kind, and how many times further than is usual."""
    import numpy as np

    said = np.flatnonzero(np.isfinite(figures.numbers) & (by >= 0))
    kind, plain = by[said], figures.numbers[said]
    large = np.bincount(kind)[kind] >= _GROUP
    times = np.minimum(_times(plain, plain, kind), _times(_scaled(plain), _scaled(plain), kind))
    far = (times > _FAR) & large & _slipped(plain, kind) & _tight(plain, kind)
    if int(far.sum()) > _MOST * said.size:
        return said[:0], times[:0]
    return said[far], times[far]


def _tight(numbers: Numbers, kind: Rows) -> np.ndarray[Any, Any]:
    """Whether numbers of a kind are alike: where they differ by factors anyway, a power of ten tells nothing."""
    import numpy as np

    middle = _middles(numbers, kind)[kind]
    return _middles(np.abs(numbers - middle), kind)[kind] <= _ALIKE * np.abs(middle)


def _slipped(numbers: Numbers, kind: Rows) -> np.ndarray[Any, Any]:
    """Whether a number would be as others of its kind are, were its point or sign another."""
    import numpy as np

    usual = np.zeros(numbers.shape, dtype=bool)
    for times in _SLIPS:
        usual |= _times(numbers * times, numbers, kind) < _NEAR
    return usual


def _times(numbers: Numbers, all_numbers: Numbers, kind: Rows) -> Numbers:
    """How far numbers are from the middle of their kind, beside how far others usually are."""
    import numpy as np

    middle = _middles(all_numbers, kind)[kind]
    off = np.abs(all_numbers - middle)
    floor = float(np.median(off)) or float(np.median(np.abs(all_numbers))) * 0.05 or 1.0
    return np.abs(numbers - middle) / np.maximum(1.5 * _middles(off, kind)[kind], floor)
