"""Values that belong to another column: cells moved or swapped, and values with their neighbour's value appended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect
from agents.tools.detection.shapes import shape_of

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

_KNOWN = 5
_STRANGE = 0.01
_TIMES = 8


def misplaced(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """Values that are rare in their column and frequent in another one that shares no values with it otherwise."""
    for value, places in _homes(grid, missing).items():
        if value.isnumeric() or len(places) > 2:
            continue
        for column, nothing in zip(grid.columns, missing, strict=True):
            code = column.code_of.get(value)
            home = [grid.columns[place] for place in places if place != column.place]
            if code is None or nothing[code] or len(home) != 1 or column.counts[code] > max(2, _STRANGE * grid.rows):
                continue
            often = home[0].counts[home[0].code_of[value]] >= _TIMES * column.counts[code]
            if often and not _related(column, home[0]):
                yield from _moved(grid, missing, column, code, home[0])


def _homes(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> dict[str, list[int]]:
    """Where each frequent value is at home."""
    homes: dict[str, list[int]] = {}
    for column, nothing in zip(grid.columns, missing, strict=True):
        for code in ((column.counts >= max(_KNOWN, 0.002 * grid.rows)) & ~nothing).nonzero()[0].tolist():
            homes.setdefault(column.values[code], []).append(column.place)
    return homes


def _related(one: Column, other: Column) -> bool:
    """Whether two columns hold the same things: then a value of one is no stranger in the other."""
    small, large = sorted((one, other), key=lambda column: len(column.values))
    shared = sum(1 for value in small.values if value in large.code_of)
    return shared > max(3, 0.1 * len(small.values))


def _moved(
    grid: Grid, missing: Sequence[np.ndarray[Any, Any]], column: Column, code: int, home: Column
) -> Iterator[Suspect]:
    alike = _in_form(column, column.values[code])
    for row in column.rows_of(code).tolist():
        there = home.text(row)
        swapped = there in column.code_of and there not in ("", column.values[code])
        swapped = swapped and column.counts[column.code_of[there]] > home.counts[home.codes[row]]
        confidence = 0.95 if swapped else 0.45 if alike else 0.8
        reason = f"a value of column {home.name}"
        yield Suspect(column.place, (row,), Sign(confidence, reason, there if swapped else None, 0.9 if swapped else 0))
        if swapped:
            yield Suspect(home.place, (row,), Sign(0.95, f"a value of column {column.name}", column.values[code], 0.9))
        elif missing[home.place][home.codes[row]]:
            yield Suspect(home.place, (row,), Sign(0.8, f"its value stands in {column.name}", column.values[code], 0.8))


def _in_form(column: Column, value: str) -> bool:
    """Whether a value is written as the others of a column are, so that it may well be one of them."""
    sample = column.values[:: max(1, len(column.values) // 200)]
    form = re.sub(r"(.)\1+", r"\1", shape_of(value))
    return sum(1 for other in sample if re.sub(r"(.)\1+", r"\1", shape_of(other)) == form) >= 0.1 * len(sample)


def appended(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """Values that end with what the next cells of the row should hold, or hold already."""
    frequent = [_frequent(column, grid.rows) for column in grid.columns]
    for column, nothing in zip(grid.columns, missing, strict=True):
        near = [other for other in _near(grid, column) if frequent[other.place]]
        for code, value in enumerate(column.values if near else ()):
            at = max(value.rfind(" "), value.rfind(","), value.rfind("/"), value.rfind("-"))
            if at < 1 or nothing[code]:
                continue
            tail, head = value[at + 1 :], value[:at].rstrip(",;/|- ")
            for other in near:
                if head and tail in frequent[other.place]:
                    yield from _split(grid, missing, column, code, other, head, tail)


def _near(grid: Grid, column: Column) -> Iterator[Column]:
    for place in (column.place + 1, column.place - 1):
        if 0 <= place < len(grid.columns):
            yield grid.columns[place]


def _frequent(column: Column, rows: int) -> set[str]:
    """Values with letters that several rows have, in a column of few values."""
    if len(column.values) > 0.2 * rows:
        return set()
    often = (column.counts >= 3).nonzero()[0].tolist()
    return {value for value in (column.values[code] for code in often) if any(char.isalpha() for char in value)}


def _split(
    grid: Grid,
    missing: Sequence[np.ndarray[Any, Any]],
    column: Column,
    code: int,
    other: Column,
    head: str,
    tail: str,
) -> Iterator[Suspect]:
    for row in column.rows_of(code).tolist():
        there = other.text(row)
        empty = bool(missing[other.place][other.codes[row]])
        if not empty and (there != tail or head not in column.code_of):
            continue
        known = head in column.code_of
        confidence = (0.96 if known else 0.85) if empty else 0.75
        sign = Sign(confidence, f"ends with a value of column {other.name}", head, 0.96 if known else 0.9)
        yield Suspect(column.place, (row,), sign)
        if empty:
            yield Suspect(other.place, (row,), Sign(0.96, f"its value stands at the end of {column.name}", tail, 0.96))
