"""Where a distribution ends: limits from its body, so that dirt at the ends does not move them."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVELS = (0.5, 0.842, 0.95, 0.984)
"""Half-decades of the upper tail: half, 16 %, 5 % and 1.6 % of the values lie above."""
_FURTHER = 15
"""Half-decades the tail is followed on: one value in half a billion would lie beyond."""

_MOVED, _DIGITS = 0.15, 15
_HEAVIEST = 3.2
"""Growth over a half-decade of a Pareto tail with exponent 1, which has no mean: nothing real is heavier for long."""


def reach(quantiles: Sequence[float], unit: float = 0.0) -> float | None:
    """How far the upper tail reaches, from the quantiles at LEVELS; None where they say nothing.

    The steps between half-decades go on as they grew: constant for an exponential, growing by a constant factor
    for a Pareto tail, shrinking (taken as constant) for a normal one. `unit` is what rounding may have added to a step.
    """
    middle, a, b, c = quantiles
    steps = (a - middle, b - a, c - b)
    if c <= middle:
        return None
    if min(steps) <= 0:
        return c + 10 * (c - middle)
    growth = min(_HEAVIEST, math.sqrt(max(1.0, (steps[2] - unit) / (steps[0] + unit))))
    further = sum(growth**k for k in range(1, _FURTHER + 1))
    return c + max(steps[2] * further, c - middle)


def between(inside: float, outside: float, middle: float) -> float:
    """A round limit well beyond `inside` and short of `outside`, seen from `middle`."""
    near, far = abs(inside - middle), abs(outside - middle)
    distance = math.sqrt(max(near, far / 1e6) * far)
    return middle + math.copysign(distance, outside - middle)


def rounded(value: float, whole: bool, middle: float = 0.0) -> float:
    """Two significant digits, a limit for people to read; more where that would move it towards the `middle` much."""
    if value == 0 or not math.isfinite(value):
        return 0 if value == 0 else value
    digits = 1 - math.floor(math.log10(abs(value)))
    while abs(round(value, digits) - value) > _MOVED * abs(value - middle) > 0 and digits < _DIGITS:
        digits += 1
    found = round(value, digits)
    return int(found) if whole or float(found).is_integer() else found
