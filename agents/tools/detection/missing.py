"""Cells that say nothing: empty, or missing in disguise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

WORDS = frozenset(
    (
        *("n/a", "na", "n.a.", "n.a", "#n/a", "n\\a", "<na>", "nan", "null", "<null>", "(null)", "\\n", "none", "nil"),
        *("missing", "unknown", "unk", "empty", "blank", "undefined", "undef", "void", "unavailable", "unspecified"),
        *("?", "??", "???", "-", "--", "---", ".", "..", "...", "*", "_", "tbd", "tba", "not available"),
        *("not applicable", "not specified", "not known", "no data", "no value"),
    )
)


def missing_codes(column: Column) -> np.ndarray[Any, Any]:
    """For each distinct value, whether it only says that there is none."""
    import numpy as np

    return np.array([says_nothing(value) for value in column.values], dtype=bool)


def says_nothing(value: str) -> bool:
    """Whether a text is empty or one of the usual words for nothing."""
    return not value or (len(value) <= 14 and value.lower() in WORDS)


def disguised(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """Words for nothing where the table has more than one way to say it.

    A table that always writes the same word where it has no value has a convention, not an error.
    """
    ways: set[str] = set()
    for column, nothing in zip(grid.columns, missing, strict=True):
        ways.update(value for value, none in zip(column.values, nothing.tolist(), strict=True) if none)
    if len(ways) < 2:
        return
    for column, nothing in zip(grid.columns, missing, strict=True):
        for code in nothing.nonzero()[0].tolist():
            if column.values[code] and not bool(nothing.all()):
                yield of_value(column, code, Sign(0.85, "a word for nothing instead of an empty cell", "", 0.8))
