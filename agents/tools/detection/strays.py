"""Values of another type than their column: text among numbers, numbers among text, two values in one cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.quantities import Quantity, unit_of
from agents.tools.detection.words import PLACEHOLDERS

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_FEWEST = 20
_NUMBERS = 0.75
_COMMON = 0.03
_TEXTS = 0.85
_NUMBER = re.compile(r"[-+]?[\d.,]+")
_NINES = re.compile(r"-1|-?9{2,7}")
_KNOWN = 3
_SEVERAL = 0.04


def strays(column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]) -> Iterator[Suspect]:
    """What is no number in a column of numbers, and what is nothing but a number in a column of text."""
    counts = {code: int(n) for code, n in enumerate(column.counts.tolist()) if not missing[code]}
    rows = sum(counts.values())
    if rows < _FEWEST:
        return
    units: Counter[str] = Counter()
    for code, count in counts.items():
        if (one := found[code]) is not None:
            units[unit_of(one)] += count
    usual = {unit for unit, count in units.items() if count >= _COMMON * rows}
    numbers = {code for code in counts if (one := found[code]) is not None and unit_of(one) in usual}
    share = sum(counts[code] for code in numbers) / rows
    if _NUMBERS <= share < 1:
        for code in counts:
            if found[code] is None:
                yield of_value(column, code, Sign(0.9 - (1 - share), "no number, where the column has numbers"))
    elif share < 1 - _TEXTS:
        yield from _among_text(column, counts, rows)
    if share >= _NUMBERS:
        yield from _led_by_zero(column, counts, found)


def standing_for_nothing(
    column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]
) -> Iterator[Suspect]:
    """Numbers such as -1 and 999 in several rows, outside of where all others of their column lie."""
    import numpy as np

    numbers = [(c, one.number) for c, one in enumerate(found) if one is not None and one.bare and not missing[c]]
    rows = int(column.counts[~missing].sum())
    chosen = {code for code, _ in numbers if _NINES.fullmatch(column.values[code]) and column.counts[code] > 1}
    others = [(code, number) for code, number in numbers if code not in chosen and np.isfinite(number)]
    weights = np.array([int(column.counts[code]) for code, _ in others])
    if not chosen or rows < _FEWEST or weights.sum() < _NUMBERS * rows:
        return
    order = np.argsort([number for _, number in others])
    values, reached = np.array([number for _, number in others])[order], np.cumsum(weights[order]) / weights.sum()
    low, high = (float(values[min(values.size - 1, int(np.searchsorted(reached, at)))]) for at in (0.01, 0.99))
    for code in chosen:
        number = float(column.values[code])
        if (number < 0 <= low) or number > high + max(high - low, abs(high)):
            yield of_value(column, code, Sign(0.85, "a number that stands for nothing: outside of all others"))


def _among_text(column: Column, counts: dict[int, int], rows: int) -> Iterator[Suspect]:
    texts = sum(n for code, n in counts.items() if any(map(str.isalpha, column.values[code])))
    if texts < _TEXTS * rows:
        return
    for code in counts:
        value = column.values[code]
        if value in PLACEHOLDERS:
            yield of_value(column, code, Sign(0.9, "a number or date that stands for nothing"))
        elif _NUMBER.fullmatch(value) and texts >= 0.97 * rows:
            yield of_value(column, code, Sign(0.6, "nothing but a number, where the column has text"))


def _led_by_zero(column: Column, counts: dict[int, int], found: Sequence[Quantity | None]) -> Iterator[Suspect]:
    """Whole numbers that start with 0 where no others do: a digit in front of it is lost."""
    whole = {code for code in counts if (one := found[code]) is not None and one.text.isdigit() and len(one.text) > 1}
    led = {code for code in whole if column.values[code].startswith("0")}
    if 0 < sum(counts[c] for c in led) <= 0.1 * sum(counts[c] for c in whole):
        for code in led:
            yield of_value(column, code, Sign(0.85, "starts with 0, where the column's other numbers do not"))


def joined(column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Two known values of the column in one cell, where nearly all others are one word."""
    rows = int(column.counts[~missing].sum())
    several = [code for code, value in enumerate(column.values) if " " in value and not missing[code]]
    if rows < _FEWEST or int(column.counts[several].sum()) > _SEVERAL * rows:
        return
    for code in several:
        parts = [column.code_of.get(part) for part in column.values[code].split(" ")]
        if all(part is not None and column.counts[part] >= _KNOWN for part in parts):
            yield of_value(column, code, Sign(0.72, "two values of this column in one cell"))
