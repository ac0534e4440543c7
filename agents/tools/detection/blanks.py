"""Empty cells in columns that are otherwise full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agents.tools.detection.evidence import Sign, Suspect, of_value

if TYPE_CHECKING:
    from agents.tools.detection.grid import Column

_OPTIONAL = 0.1
"""A column with more empty cells than this may be empty."""


def gaps(column: Column, rows: int) -> Iterator[Suspect]:
    """The empty cells of a nearly full column: the fewer, the more doubtful."""
    code = column.code_of.get("")
    if code is None or rows < 20:
        return
    share = int(column.counts[code]) / rows
    if share <= _OPTIONAL:
        confidence = 0.72 - 0.2 * share / _OPTIONAL
        yield of_value(column, code, Sign(confidence, f"empty, and the column is {100 * (1 - share):.1f} % full"))
