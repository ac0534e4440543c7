"""Columns of numbers whose unit is written in some rows and not in others, or in several ways."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.quantities import Quantity, plain, spellings, unit_of

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_NUMBERS = 0.8
_USUAL = 0.6
_COMMON = 0.02
_ZEROS = 0.04
"""Of numbers that are drawn a tenth ends in 0; where hardly any does, those zeros are left out."""
_NOISE = 14


def mixed_units(column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]) -> Iterator[Suspect]:
    """Numbers that are not written as most of their column are.

    Where no way of writing the unit is usual, the bare number is the only form that all rows share: then every
    unit is a finding.
    """
    counts = [0 if nothing else count for count, nothing in zip(column.counts.tolist(), missing.tolist(), strict=True)]
    rows, ways = sum(counts), spellings(found, counts)
    numbers = sum(ways.values())
    if rows < 20 or numbers < _NUMBERS * rows or len(ways) < 2:
        return
    way, most = ways.most_common(1)[0]
    if most < _USUAL * numbers and ways[("", "")] < 0.3 * numbers:
        common = [written for written, count in ways.items() if count >= _COMMON * numbers]
        if len({_unit(written) for written in common}) > 2:
            return
        way, most = ("", ""), numbers
    bare = _bare(found, counts)
    for code, one in enumerate(found):
        if one is None or not counts[code] or (one.before, one.after) == way:
            continue
        share = ways[one.before, one.after] / numbers
        if share < 0.45 or most == numbers:
            slip = one.after.isalpha() and len(set(one.after)) == 1 and share < 0.1
            yield of_value(column, code, _sign(one, way, bare, not slip and share >= 0.002))


def _bare(found: Sequence[Quantity | None], counts: Sequence[int]) -> Callable[[str], str]:
    """How the column writes a bare number: with the zeros at the end of a fraction where its others have them."""
    ends: Counter[bool] = Counter()
    for one, count in zip(found, counts, strict=True):
        if one is not None and one.bare and "." in one.text and len(one.text) < _NOISE:
            ends[one.text.endswith("0")] += count
    return str if ends[True] >= max(2, _ZEROS * ends.total()) else plain


def _sign(one: Quantity, way: tuple[str, str], bare: Callable[[str], str], unit: bool) -> Sign:
    if way == ("", ""):
        return Sign(
            0.93,
            "a unit or sign that this column's numbers are otherwise written without",
            bare(one.text),
            0.95 if unit or not re.search(r"[A-Za-z]", one.after) else 0.4,
        )
    same = _unit(way) == unit_of(one) or one.bare
    repair = f"{way[0]}{one.text}{way[1]}" if same else None
    return Sign(0.88, "the unit is written otherwise than in this column", repair, 0.85 if repair else 0.0)


def _unit(written: tuple[str, str]) -> str:
    return unit_of(Quantity("0", written[0], written[1], False))


def separators(column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]) -> Iterator[Suspect]:
    """Thousands separators in a column that has none otherwise, or the other way round."""
    large = {
        code: one
        for code, one in enumerate(found)
        if one is not None and not missing[code] and re.match(r"[+-]?[1-9]\d{3}", one.text)
    }
    rows = sum(int(column.counts[code]) for code in large)
    grouped = sum(int(column.counts[code]) for code, one in large.items() if one.grouped)
    if rows < 20 or not 0 < grouped < rows or 0.3 * rows < grouped < 0.7 * rows:
        return
    whole = not any(one is not None and "." in one.text and not one.grouped for one in found)
    for code, one in large.items():
        if one.grouped != (grouped > rows / 2):
            number = (
                (re.sub(r"\.0+$", "", one.text) if whole else one.text)
                if one.grouped
                else f"{one.before}{_grouped(one.text)}{one.after}"
            )
            repair = f"{one.before}{number}{one.after}" if one.grouped else number
            yield of_value(
                column, code, Sign(0.9, "thousands are separated otherwise than in this column", repair, 0.93)
            )


def _grouped(text: str) -> str:
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"
