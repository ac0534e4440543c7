"""What a point should be by its past: as at this time on former days and weeks, or as just before."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass

_PERIODS = (86_400.0, 604_800.0)
_CYCLES = 3
# Points of the recent past: enough that a burst does not become the expectation while it lasts.
_RECENT = 25
# Over so many points a habit is averaged: whether weeks tell more than days, and the recent past more than either.
_HABIT = 200


@dataclass(frozen=True, slots=True)
class Deviation:
    """A value less what was usual at its time, and less the recent values' median."""

    usual: float = 0.0
    recent: float = 0.0


class Habit:
    """How large each of two deviations has been lately, on average."""

    def __init__(self) -> None:
        self.count, self.first, self.second = 0, 0.0, 0.0

    def learn(self, first: float, second: float) -> None:
        """Take in a pair."""
        self.count += 1
        weight = max(1 / _HABIT, 1 / (self.count + 1))
        self.first += weight * (abs(first) - self.first)
        self.second += weight * (abs(second) - self.second)


class Expected:
    """The values seen so far by their times, in order; times are seconds."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._values: list[float] = []
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._steps: deque[float] = deque(maxlen=_RECENT)
        self._local, self._weekly = Habit(), Habit()

    @property
    def step(self) -> float:
        """Seconds between points, as it was lately; 0 while unknown."""
        return sorted(self._steps)[len(self._steps) // 2] if self._steps else 0.0

    @property
    def weeks(self) -> bool:
        """Whether a week is known."""
        return self._weekly.count > 0

    @property
    def weekly(self) -> bool:
        """Whether weekdays differ: last week tells twice as much as the last days."""
        return self.weeks and self._weekly.second < 0.5 * self._weekly.first

    def judge(self, time: float, value: float) -> Deviation:
        """How far `value` is from what was expected, before it is learned; nothing where nothing is known."""
        found = self._judged(time, value) if self._times else Deviation()
        self._learn(time, value)
        return found

    def _judged(self, time: float, value: float) -> Deviation:
        recent = value - self._sorted[len(self._sorted) // 2]
        seasons = [value - each for each in self._seasons(time)]
        if len(seasons) == len(_PERIODS):
            self._weekly.learn(*seasons)
        # Unlike yesterday alone is a weekend, and unlike last week alone a moved holiday: the closer one counts.
        seasonal = min(seasons, key=abs, default=recent)
        usual = recent if self._local.second < self._local.first else seasonal
        self._local.learn(seasonal, recent)
        return Deviation(usual, recent)

    def _seasons(self, time: float) -> list[float]:
        medians: list[float] = []
        for period in _PERIODS:
            near = max(1.5 * self.step, period / 50)
            found: list[float] = []
            for cycle in range(1, _CYCLES + 1):
                found += self._around(time - cycle * period, near)
            if found:
                found.sort()
                medians.append((found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2)
        return medians

    def _around(self, time: float, near: float) -> list[float]:
        if time < self._times[0] - near:
            return []
        at = bisect_left(self._times, time)
        places = range(max(0, at - 1), min(len(self._times), at + 2))
        return [self._values[place] for place in places if abs(self._times[place] - time) <= near]

    def _learn(self, time: float, value: float) -> None:
        if self._times:
            self._steps.append(time - self._times[-1])
        self._times.append(time)
        self._values.append(value)
        insort(self._sorted, value)
        self._recent.append(value)
        if len(self._recent) > _RECENT:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
