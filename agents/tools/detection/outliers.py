"""Numbers far outside of what their column holds, measured so that the outliers do not hide themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.quantities import Quantity

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_NUMBERS = 0.8
_FEWEST = 30
_DISTINCT = 8
_FAR = 7.0
_MOST = 0.1
_GAP = 2.0


def outliers(column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]) -> Iterator[Suspect]:
    """Numbers that lie far out both on the plain scale and, where all are positive, on the logarithmic one."""
    import numpy as np

    codes = np.array([code for code, one in enumerate(found) if one is not None and not missing[code]], dtype=np.int64)
    rows = int(np.where(missing, 0, column.counts).sum())
    weights = column.counts[codes] if codes.size else codes
    if (
        _are_codes(column, codes, weights)
        or codes.size < _DISTINCT
        or rows < _FEWEST
        or int(weights.sum()) < _NUMBERS * rows
    ):
        return
    numbers = np.array([one.number for one in (found[code] for code in codes.tolist()) if one is not None])
    numbers = np.where(np.isfinite(numbers), numbers, np.finfo(np.float64).max)
    distance = _distance(numbers, weights)
    positive = numbers >= 0
    if int(weights[positive].sum()) >= 0.95 * int(weights.sum()):
        on_log = np.full(numbers.shape, np.inf)
        on_log[positive] = _distance(_log(numbers[positive]), weights[positive])
        distance = np.where(positive, np.minimum(distance, on_log), distance)
        yield from _negative(column, codes, numbers, weights)
    far = distance > _FAR
    if not far.any() or int(weights[far].sum()) > _MOST * rows:
        return
    apart = _apart(distance)
    for place in np.flatnonzero(far).tolist():
        confidence = min(0.93, 0.5 + 0.04 * (float(distance[place]) - _FAR)) * (1 if distance[place] >= apart else 0.6)
        times = min(9999, round(float(distance[place])))
        reason = f"a number {times} times further from the middle than is usual in this column"
        yield of_value(column, int(codes[place]), Sign(confidence, reason))


def _are_codes(column: Column, codes: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> bool:
    """Whether the numbers are whole and of one length, such as postal codes: there is no middle to be far from."""
    lengths: dict[int, int] = {}
    for code, weight in zip(codes.tolist(), weights.tolist(), strict=True):
        value = column.values[code]
        length = len(value) if value.isdigit() else 0
        lengths[length] = lengths.get(length, 0) + weight
    longest, most = max(lengths.items(), key=lambda item: item[1], default=(0, 0))
    return longest >= 4 and most >= 0.9 * int(weights.sum())


def _log(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Logarithms that take zero as a step below the smallest number."""
    import numpy as np

    above = numbers[numbers > 0]
    least = float(np.quantile(above, 0.05)) if above.size else 1.0
    return np.log(np.maximum(numbers, 0) + (least if (numbers == 0).any() else 0) + 1e-300)


def _distance(numbers: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How far each number lies outside of the middle, in half-widths of the middle 80 %, each side by itself."""
    import numpy as np

    order = np.argsort(numbers)
    reached = np.cumsum(weights[order]) / weights.sum()

    def at(share: float) -> float:
        return float(numbers[order[min(len(order) - 1, int(np.searchsorted(reached, share)))]])

    low, quarter, middle, three, high = at(0.1), at(0.25), at(0.5), at(0.75), at(0.9)
    with np.errstate(over="ignore"):
        spread = max((three - quarter) / 2, (high - low) / 6) or max(abs(middle), 1.0) * 0.05
        up, down = max(high - middle, spread), max(middle - low, spread)
        side = np.where(numbers > middle, (numbers - middle) / up, (middle - numbers) / down)
    return np.nan_to_num(side * 2, posinf=1e6)


def _apart(distance: np.ndarray[Any, Any]) -> float:
    """The distance from which on numbers are set apart by a gap: what comes before it is a tail that thins out."""
    import numpy as np

    reached = np.unique(distance[np.isfinite(distance)])
    first = int(np.searchsorted(reached, _FAR, side="right"))
    for place in range(max(1, first), reached.size):
        if reached[place] - reached[place - 1] >= _GAP:
            return float(reached[place])
    return float("inf")


def _reaches_below(numbers: np.ndarray[Any, Any], weights: np.ndarray[Any, Any], below: np.ndarray[Any, Any]) -> bool:
    """Whether what is measured goes through zero: the negative ones lie near it, a lost sign would lie anywhere."""
    import numpy as np

    above = np.repeat(numbers[numbers > 0], weights[numbers > 0])
    under = np.repeat(-numbers[below], weights[below])
    return under.size >= 3 and bool(np.quantile(under, 0.75) < np.quantile(above, 0.15))


def _negative(
    column: Column, codes: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]
) -> Iterator[Suspect]:
    import numpy as np

    usual = float(np.median(numbers[numbers > 0])) if (numbers > 0).any() else 1.0
    below = numbers < -0.05 * usual
    if below.any() and (numbers % 1 != 0).any() and _reaches_below(numbers, weights, below):
        return
    if 0 < int(weights[below].sum()) <= _MOST * int(weights.sum()):
        for place in np.flatnonzero(below).tolist():
            code = int(codes[place])
            repair = column.values[code].lstrip("-")
            sure = 0.8 if repair in column.code_of else 0.6
            yield of_value(column, code, Sign(0.8, "negative, where the column is positive", repair, sure))
