"""What a column's sampled values have in common: how long, how many alike, whether they count up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from agents.tools.privacy.normal import clean, compact, shape

_ENOUGH = 1_000
_SOME = 250
# An id seldom starts with more zeros; a nought that was padded would pass every check.
_ZEROS_LOST = 3
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile("[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]{4}")


@dataclass(frozen=True)
class Facts:
    """A column's name, its cleaned sample in order of appearance with counts, and what follows from it."""

    name: str
    sample: Mapping[str, int]
    numeric: bool = False
    """The column's own type is a number: leading zeros are lost."""

    @cached_property
    def values(self) -> dict[str, int]:
        """Cleaned values, of which at most a thousand: enough to judge by."""
        made: dict[str, int] = {}
        for value, count in self.sample.items():
            if (short := clean(value)) and not _is_nothing(short):
                made[short] = made.get(short, 0) + count
            if len(made) >= _ENOUGH:
                break
        return made

    @cached_property
    def weight(self) -> int:
        """How many cells the values stand for."""
        return sum(self.values.values())

    @cached_property
    def compacts(self) -> dict[str, int]:
        """The values without separators, in capitals; numbers padded to the longest, as their zeros are lost."""
        made: dict[str, int] = {}
        longest = max((len(value) for value in self.values), default=0)
        pad = longest if self.numeric else 0
        for value, count in self.values.items():
            padded = value.isdigit() and len(value) >= pad - _ZEROS_LOST
            short = compact(value).zfill(pad) if pad and padded else compact(value)
            made[short] = made.get(short, 0) + count
        return made

    @cached_property
    def shapes(self) -> Counter[str]:
        """How many cells have each shape (9 a digit, A a letter)."""
        found: Counter[str] = Counter()
        for value, count in self.values.items():
            found[shape(value)] += count
        return found

    def share(self, holds: Callable[[str], bool]) -> float:
        """The part of the cells whose value holds something."""
        return sum(count for value, count in self.values.items() if holds(value)) / max(1, self.weight)

    def share_of_some(self, holds: Callable[[str], bool]) -> float:
        """The same by the first values alone, for what is slow to tell."""
        some = list(self.values.items())[:_SOME]
        return sum(count for value, count in some if holds(value)) / max(1, sum(count for _, count in some))

    @cached_property
    def distinct(self) -> int:
        """Different values in the sample."""
        return len(self.values)

    @cached_property
    def variety(self) -> float:
        """Different values a cell: 1 where none repeats."""
        return self.distinct / max(1, self.weight)

    @cached_property
    def digits(self) -> float:
        """The part of the cells that are digits and separators alone."""
        return self.share(lambda value: compact(value).isdigit())

    @cached_property
    def measures(self) -> bool:
        """Whether these are amounts: numbers by type, some of them with a fraction."""
        return self.numeric and self.share(lambda value: not value.isdigit()) > 0.02

    @cached_property
    def sentences(self) -> float:
        """The part of the cells that are texts (five words or more) or records and lists."""
        nested = sum(count for value, count in self.sample.items() if value[:1] in ("{", "["))
        spoken = self.share(lambda value: len(_WORD.findall(value)) >= 5)
        return max(spoken, nested / max(1, sum(self.sample.values())))

    @cached_property
    def prose(self) -> float:
        """The part of the cells with words of a language: two and more, or letters that need no space between words."""
        return self.share(lambda value: len(_WORD.findall(value)) >= 2 or _UNSPACED.search(value) is not None)

    @cached_property
    def counts_up(self) -> bool:
        """Whether the numbers are dealt one after the other: close together, or at even steps, in order."""
        numbers = [
            int(value) for value in map(compact, self.values) if value.isascii() and value.isdigit() and len(value) < 25
        ]
        if len(numbers) < 5 or len(numbers) < 0.9 * self.distinct:
            return False
        steps = [later - earlier for earlier, later in pairwise(numbers)]
        rising = sum(step > 0 for step in steps) / len(steps)
        ordered = sorted(numbers)
        mean = (ordered[-1] - ordered[0]) / (len(ordered) - 1)
        if mean <= 20:
            return True
        middle = sorted(abs(step) for step in steps)[len(steps) // 2]
        alike = sum(0.5 * middle <= abs(step) <= 1.5 * middle for step in steps) / len(steps)
        return rising >= 0.95 and alike >= 0.8


def _is_nothing(value: str) -> bool:
    """Words that stand for no value."""
    return value.lower() in ("none", "null", "nan", "n/a", "na", "-", "nil", "undefined", "unknown", "\\n")
