"""Numbers and what is written around them: units, currency signs, thousands separators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_QUANTITY = re.compile(
    r"(?P<before>[^\w.,+-]{0,3}|[A-Z]{3} )"
    r"(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|[+-]?\.\d+)"
    r"(?P<after>(?:\s?[^\d\s.,:/-][^\d,:/]{0,24}|/\d{1,3})?)"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what stands before and after it. `text` is the number as written, without separators."""

    text: str
    before: str
    after: str
    grouped: bool

    @property
    def number(self) -> float:
        """Its value."""
        return float(self.text)

    @property
    def bare(self) -> bool:
        """Whether nothing stands around it."""
        return not self.before and not self.after


def quantity(value: str) -> Quantity | None:
    """Read a value as a number with at most a unit around it; None where it is something else."""
    if len(value) > 60:
        return None
    found = _QUANTITY.fullmatch(value)
    if found is None:
        return None
    number = found["number"]
    return Quantity(number.replace(",", ""), found["before"].strip(), found["after"], "," in number)


def unit_of(quantity: Quantity) -> str:
    """What stands around a number, spelling aside: `OZ.`, `oz` and `Oz` are one unit."""
    first = re.split(r"[\s(]", quantity.after.strip(), maxsplit=1)[0]
    return f"{quantity.before}{first}".lower().strip(". ")


def plain(text: str) -> str:
    """A number in its shortest form, without noise of binary fractions: `12.0` is `12`, `0.055999999999` is `0.056`."""
    if re.fullmatch(r"[+-]?\d*\.\d{13,}", text):
        text = f"{float(text):.10f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text or "0"


def spellings(found: Sequence[Quantity | None], counts: Sequence[int]) -> Counter[tuple[str, str]]:
    """How many rows write what around their number, exactly as written."""
    tally: Counter[tuple[str, str]] = Counter()
    for one, count in zip(found, counts, strict=True):
        if one is not None:
            tally[one.before, one.after] += count
    return tally


def quantities(values: Sequence[str]) -> list[Quantity | None]:
    """Every value as a number with a unit; all None where a first look finds few."""
    sample = values[:: max(1, len(values) // 200)]
    if sum(1 for value in sample if quantity(value)) < 0.4 * len(sample):
        return [None] * len(values)
    return [quantity(value) for value in values]
