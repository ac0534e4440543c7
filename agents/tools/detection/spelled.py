"""Known values spelled otherwise: in other capitals, with a stray sign, cut short, without a 0 in front, or with `.0`.

What is many times as frequent is the spelling that is meant; where both are common, the column has two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.quantities import Quantity

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_TIMES = 4
_STRAY = "*?!;,~`'\"’ "
_HABIT = 0.2
_LIST = 0.05
_CUT = 4
_KNOWN = 3
_FEWEST = 20
_NUMBERS = 0.8
_WHOLE = 0.55
_NO_FRACTION = re.compile(r"[+-]?\d+\.0+")


def other_spellings(
    column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]
) -> Iterator[Suspect]:
    """Values that are another value of the column but for capitals, signs at the ends, or what is cut off."""
    said = {code: int(n) for code, n in enumerate(column.counts.tolist()) if not missing[code]}
    yield from _zeros_lost(column, said)
    counts = {code: count for code, count in said.items() if found[code] is None}
    if sum(counts.values()) < _FEWEST or len(counts) == sum(counts.values()):
        return
    yield from _capitals(column, counts)
    yield from _decorated(column, counts)
    yield from _cut_short(column, counts)


def _capitals(column: Column, counts: dict[int, int]) -> Iterator[Suspect]:
    alike: dict[str, list[int]] = defaultdict(list)
    for code in counts:
        alike[column.values[code].casefold()].append(code)
    for codes in alike.values():
        best = max(codes, key=lambda code: (counts[code], column.values[code]))
        for code in codes:
            if code != best and counts[best] >= _TIMES * counts[code]:
                reason = f"in other capitals than {counts[best]} rows with the same letters"
                yield of_value(column, code, Sign(0.85, reason, column.values[best], _sure(counts[best], counts[code])))


def _sure(most: int, count: int) -> float:
    """A spelling that is a tenth as frequent as the other one is no choice of its own."""
    return 0.93 if most >= 10 * count else 0.85


def _decorated(column: Column, counts: dict[int, int]) -> Iterator[Suspect]:
    found: dict[int, int] = {}
    for code in counts:
        bare = column.code_of.get(column.values[code].strip(_STRAY))
        if bare is not None and bare != code and bare in counts and counts[bare] >= _TIMES * counts[code]:
            found[code] = bare
    if sum(counts[code] for code in found) > _HABIT * sum(counts.values()):
        return
    for code, bare in found.items():
        reason = f"{counts[bare]} rows have the same without the sign at the end"
        yield of_value(column, code, Sign(0.85, reason, column.values[bare], _sure(counts[bare], counts[code])))


def _cut_short(column: Column, counts: dict[int, int]) -> Iterator[Suspect]:
    """Beginnings of one known value that end inside of a word, in a column that has a short list of values."""
    known = [code for code, count in counts.items() if count >= _FEWEST]
    if not known or len(counts) > _LIST * sum(counts.values()):
        return
    found: dict[int, int] = {}
    for code, count in counts.items():
        text = column.values[code]
        if len(text) < _CUT or not text[-1].isalpha():
            continue
        whole = [other for other in known if other != code and column.values[other].startswith(text)]
        if len(whole) == 1 and counts[whole[0]] >= _TIMES * count and column.values[whole[0]][len(text)].isalpha():
            found[code] = whole[0]
    for code, whole in found.items():
        reason = f"the beginning of a value that {counts[whole]} rows have, cut inside of a word"
        yield of_value(column, code, Sign(0.62 if len(found) > 1 else 0.45, reason, column.values[whole], 0.75))


def _zeros_lost(column: Column, counts: dict[int, int]) -> Iterator[Suspect]:
    """Codes of digits whose zeros at the front are gone, as when a code is taken for a number."""
    for code, count in counts.items():
        text = column.values[code]
        if text[:1] != "0" or len(text) < 3 or not text[1].isdigit():
            continue
        other = column.code_of.get(text.lstrip("0"))
        if other in counts and count >= _TIMES * counts[other] and count >= _KNOWN:
            reason = f"{count} rows have the same with a 0 in front"
            yield of_value(column, other, Sign(0.85, reason, text, _sure(count, counts[other])))


def needless_fractions(
    column: Column, missing: np.ndarray[Any, Any], found: Sequence[Quantity | None]
) -> Iterator[Suspect]:
    """Whole numbers with `.0` in a column whose others are whole numbers without."""
    counts = {code: int(n) for code, n in enumerate(column.counts.tolist()) if not missing[code]}
    numbers = {c: one.text for c, one in enumerate(found) if one is not None and one.bare and c in counts}
    rows = sum(counts[code] for code in numbers)
    if rows < max(_FEWEST, _NUMBERS * sum(counts.values())):
        return
    pointed = {code for code, text in numbers.items() if not text.lstrip("+-").isdigit()}
    idle = {code for code in pointed if _NO_FRACTION.fullmatch(column.values[code])}
    whole = rows - sum(counts[code] for code in pointed)
    if not idle or whole < _WHOLE * rows or sum(counts[c] for c in idle) < 0.95 * sum(counts[c] for c in pointed):
        return
    for code in idle:
        repair = column.values[code].partition(".")[0]
        yield of_value(
            column, code, Sign(0.85, "a whole number with a fraction, where the others have none", repair, 0.93)
        )
