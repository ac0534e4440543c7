"""One series, point by point: each is judged from the points before it, and an alarm is followed by a rest."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass

from agents.tools.anomalies.expected import Expected
from agents.tools.anomalies.tail import Tail

# The one threshold: a chance of 1 in 160 by the series' own past, for either of two measures.
THRESHOLD = 2.2
# Each alarm raises it for a while: a series that alarms often has to be stranger to be heard.
_FATIGUE, _FATIGUE_HALVED = 0.2, 500
# After an alarm the same event goes on: a twentieth of the points seen so far, within bounds, says nothing new.
_REST, _REST_LEAST, _REST_MOST = 0.05, 20, 150
# Within the rest only what is so many times as surprising is heard.
_WAKE = 2.0
# A deviation is averaged over so many points, or half a day: one odd point is noise more often than news.
_SMOOTH, _SMOOTH_SECONDS = 24, 43_200.0
# Values known before a new one can be called unlike them, and remembered: older ones would be news again.
_FAMILIAR, _MEMORY = 50, 20_000
# A value never seen is news only if it is also far from the recent ones: as only one in a hundred is.
_FAR = 2.0
# Points judged by weeks before their deviations alone say what is usual.
_SETTLED = 100


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A point that its past did not announce; `score` is `-log10` of its chance."""

    index: int
    score: float
    reason: str


class Watch:
    """Judges a series as it comes. Times are seconds and never go back; a value that is not a number is missing."""

    def __init__(self) -> None:
        self._expected = Expected()
        self._deviations, self._settled, self._distances, self._steps = Tail(), Tail(), Tail(), Tail()
        self._known: list[float] = []
        self._order: deque[float] = deque()
        self._last: deque[float] = deque(maxlen=_SMOOTH)
        self._seen, self._alarm, self._fatigue, self._loudest = 0, -_REST_MOST, 0.0, 0.0

    def observe(self, time: float, value: float) -> Anomaly | None:
        """The anomaly that this point is, or None. It is learned either way: what lasts becomes normal."""
        index, self._seen = self._seen, self._seen + 1
        if math.isnan(value):
            return None
        score, reason = self.surprise(time, value)
        since = index - self._alarm
        fatigue = self._fatigue * 0.5 ** (since / _FATIGUE_HALVED)
        resting = since < min(_REST_MOST, max(_REST_LEAST, _REST * index))
        if score < (_WAKE * self._loudest if resting else THRESHOLD + fatigue):
            return None
        self._alarm, self._fatigue, self._loudest = index, fatigue + _FATIGUE, score
        return Anomaly(index, score, reason)

    def surprise(self, time: float, value: float) -> tuple[float, str]:
        """`-log10` of a point's chance, and what is odd in it; it is learned. Neither alarm nor rest follows."""
        if math.isinf(value):
            return math.inf, "the value is infinite"
        deviation = self._expected.judge(time, value)
        moved, moved_said = self._moved(deviation.usual, value)
        novel, novel_said = self._novel(value, deviation.recent)
        return (novel, novel_said) if novel >= moved else (moved, moved_said)

    def _moved(self, deviation: float, value: float) -> tuple[float, str]:
        self._last.append(deviation)
        step = self._expected.step
        count = min(_SMOOTH, max(1, int(_SMOOTH_SECONDS / step))) if step else _SMOOTH
        last = list(self._last)[-count:]
        mean = sum(last) / len(last)
        score = self._deviations.surprise(abs(mean))
        if self._expected.weeks:
            # Before a week was known, weekends looked odd; where weekdays differ, that past would hide what is.
            settled = self._settled.surprise(abs(mean))
            score = settled if self._expected.weekly and self._settled.known > _SETTLED else score
        what = f"the last {len(last)} values are on average" if len(last) > 1 else f"{value:.6g} is"
        return score, f"{what} {abs(mean):.6g} {'above' if mean > 0 else 'below'} what was usual at this time"

    def _novel(self, value: float, recent: float) -> tuple[float, str]:
        far = self._steps.surprise(abs(recent)) > _FAR
        score, nearest = 0.0, self._nearest(value)
        if len(self._known) >= _FAMILIAR:
            score = self._distances.surprise(abs(value - nearest))
        self._know(value)
        return score if far else 0.0, f"{value:.6g} is unlike every value before; the nearest is {nearest:.6g}"

    def _nearest(self, value: float) -> float:
        at = bisect_left(self._known, value)
        return min(self._known[max(0, at - 1) : at + 1], key=lambda known: abs(known - value), default=value)

    def _know(self, value: float) -> None:
        insort(self._known, value)
        self._order.append(value)
        if len(self._order) > _MEMORY:
            del self._known[bisect_left(self._known, self._order.popleft())]
