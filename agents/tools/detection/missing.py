"""Cells that say nothing: empty, or missing in disguise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.words import WORDS

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

_CONVENTION = 0.6


def missing_codes(column: Column) -> np.ndarray[Any, Any]:
    """For each distinct value, whether it only says that there is none."""
    import numpy as np

    return np.array([says_nothing(value) for value in column.values], dtype=bool)


def says_nothing(value: str) -> bool:
    """Whether a text is empty or one of the usual words for nothing."""
    return not value or (len(value) <= 14 and value.lower() in WORDS)


def disguised(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """Words for nothing where the table has more than one way to say it.

    A table that (nearly) always writes the same word where it has no value has a convention, not an error.
    """
    rows_of: Counter[str] = Counter()
    columns_of: Counter[str] = Counter()
    for column, nothing in zip(grid.columns, missing, strict=True):
        for code in _true(nothing):
            rows_of[column.values[code]] += int(column.counts[code])
            columns_of[column.values[code]] += 1
    usual, most = rows_of.most_common(1)[0] if rows_of else ("", 0)
    convention = len(rows_of) < 2 or (most >= _CONVENTION * sum(rows_of.values()) and columns_of[usual] >= 3)
    for column, nothing in zip(grid.columns, missing, strict=True):
        for code in _true(nothing):
            word = column.values[code]
            if word and not (convention and word == usual) and not bool(nothing.all()) and not _a_code(column, code):
                yield of_value(column, code, Sign(0.85, "a word for nothing instead of an empty cell", "", 0.8))


def _true(chosen: np.ndarray[Any, Any]) -> list[int]:
    """Positions that are true."""
    return chosen.nonzero()[0].tolist()


def _a_code(column: Column, code: int) -> bool:
    """Whether the word has the form of the column's other values: NA is a country, and a state's short name."""
    word = column.values[code]
    if not word.isalpha() or len(word) > 3:
        return False
    alike = sum(
        int(count)
        for value, count in zip(column.values, column.counts, strict=True)
        if len(value) == len(word) and value.isalpha() and value.isupper() == word.isupper()
    )
    return alike >= 0.8 * int(column.counts.sum())
