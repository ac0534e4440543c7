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
_OFTEN = 0.1
_NAMED = 8
_PARTNER = 0.75
_NEVER_A_NAME = frozenset(("nan", "null", "tbd", "tba", "undef", "undefined"))


def said_to_be_missing(grid: Grid) -> list[np.ndarray[Any, Any]]:
    """Column by column, for each distinct value, whether it only says that there is none."""
    import numpy as np

    found = [np.array([says_nothing(value) for value in column.values], dtype=bool) for column in grid.columns]
    for column, nothing in zip(grid.columns, found, strict=True):
        for code in _true(nothing) if not bool(nothing.all()) else ():
            word = column.values[code].lower()
            if word.isalpha() and word not in _NEVER_A_NAME and _has_a_partner(grid, column, code):
                nothing[code] = False
    return found


def _has_a_partner(grid: Grid, column: Column, code: int) -> bool:
    """Whether the word names something: another column has a value in its rows, and hardly in others."""
    import numpy as np

    rows = column.rows_of(code)
    if rows.size < _NAMED:
        return False
    for other in grid.columns:
        if other.place == column.place or not 3 <= len(other.values) <= grid.rows / 2:
            continue
        inside = np.bincount(other.codes[rows], minlength=len(other.values))
        top = int(inside.argmax())
        alike = inside[top] >= _PARTNER * max(rows.size, int(other.counts[top]))
        if alike and not says_nothing(other.values[top]):
            return True
    return False


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
                sure = _may_be_empty(column, code, grid.rows)
                yield of_value(column, code, Sign(0.85, "a word for nothing instead of an empty cell", "", sure))


def _may_be_empty(column: Column, code: int, rows: int) -> float:
    """How sure the right value is none: in a column that is full otherwise, a value has been lost."""
    empty = column.code_of.get("")
    usual = int(column.counts[code]) >= _OFTEN * rows
    return 0.8 if usual or (empty is not None and int(column.counts[empty]) >= _OFTEN / 2 * rows) else 0.4


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
