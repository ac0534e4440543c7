"""Values and words that stand alone in a column whose others are all well known.

In language, and in lists that grow, many words are rare and some are a little less so. Where nothing lies between
the frequent and the unique, the list is closed, and what is not on it is wrong.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from agents.tools.detection.evidence import Sign, Suspect, of_value

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

Item = TypeVar("Item")
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{2,}(?![^\W_])")
_FEWEST = 100
_OUTSIDE = 0.08
_BETWEEN = 0.2
_LONGEST = 80


def unlisted(column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Values that are not on the closed list which all others come from, and values with such a word."""
    counts = {code: int(n) for code, n in enumerate(column.counts.tolist()) if not missing[code]}
    rows = sum(counts.values())
    if rows < _FEWEST or len(counts) == rows or _measured(column, counts, rows):
        return
    doubt, alone = _closed(counts, rows)
    for code in alone:
        yield of_value(column, code, Sign(doubt, "a value outside of the short list that all others come from"))
    if alone or any(len(column.values[code]) > _LONGEST for code in list(counts)[:50]):
        return
    words = {code: _WORD.findall(column.values[code]) for code in counts}
    yield from _unlisted_words(column, counts, rows, {code: set(found) for code, found in words.items()})
    for place in (0, -1, -2):
        yield from _unlisted_words(column, counts, rows, {c: set(found[place:][:1]) for c, found in words.items()})


def _measured(column: Column, counts: dict[int, int], rows: int) -> bool:
    """Whether the values are numbers with a fraction: what is measured comes from no list."""
    measured = sum(n for code, n in counts.items() if (one := column.numbers[code]) is not None and "." in one.text)
    return measured > rows / 2


def _unlisted_words(column: Column, counts: dict[int, int], rows: int, words: dict[int, set[str]]) -> Iterator[Suspect]:
    tally: Counter[str] = Counter()
    where: dict[str, list[int]] = defaultdict(list)
    for code, found in words.items():
        for word in found:
            tally[word] += counts[code]
            if len(where[word]) < 3:
                where[word].append(code)
    doubt, alone = _closed(tally, rows)
    for word in alone:
        for code in where[word]:
            yield of_value(column, code, Sign(doubt, "holds a word that nothing else in this column has there"))


def _closed(tally: Mapping[Item, int], rows: int) -> tuple[float, list[Item]]:
    """How doubtful what stands alone is, and what does; nothing where the list is not closed."""
    few = max(1, round(0.0005 * rows))
    alone = [item for item, count in tally.items() if count <= few]
    between = sum(1 for count in tally.values() if few < count <= 6 * few)
    outside = sum(tally[item] for item in alone) / rows
    listed = len(tally) - len(alone)
    if not alone or outside > _OUTSIDE or between > _BETWEEN * len(alone) or not 2 <= listed <= 0.1 * rows:
        return 0.0, []
    sparse = min(1.0, 0.75 + 0.05 * len(alone))  # one alone may be a rare fact, many are a habit of erring
    return (0.8 - 2.5 * outside) * (1 - between / len(alone)) * sparse, alone
