"""How surprising a number is against its own past, without knowing what it measures."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

# The largest fiftieth of the past is its tail; a number beyond it is judged by an exponential fitted to the tail
# (the light-tailed case of peaks over threshold, Pickands 1975), so one limit on the probability fits every scale.
_TAIL = 0.02
_FEWEST = 8
# Past numbers known before the first judgement, and kept for later ones: what is older has been forgotten.
WARM = 50
_MEMORY = 8000


class Tail:
    """The past of one non-negative measure, sorted, with the last `_MEMORY` numbers kept."""

    def __init__(self) -> None:
        self._order: deque[float] = deque()
        self._sorted: list[float] = []

    @property
    def known(self) -> int:
        """How many numbers it judges by."""
        return len(self._sorted)

    def surprise(self, value: float) -> float:
        """`-log10` of the chance to see at least `value`, judged before it is learned; 0 within the usual."""
        score = self._judged(value)
        self._learn(value)
        return score

    def _judged(self, value: float) -> float:
        known = len(self._sorted)
        if known < WARM:
            return 0.0
        size = max(_FEWEST, int(known * _TAIL))
        start = self._sorted[known - size]
        if value <= start:
            return 0.0
        excess = sum(self._sorted[known - size :]) / size - start
        # A past of few distinct numbers has a tail of no length: the body then says what a step is.
        body = (start - self._sorted[known // 2]) / 10
        scale = max(excess, body, 1e-9 * abs(start), 1e-300)
        return math.log10(known / size) + (value - start) / scale / math.log(10)

    def _learn(self, value: float) -> None:
        insort(self._sorted, value)
        self._order.append(value)
        if len(self._order) > _MEMORY:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
