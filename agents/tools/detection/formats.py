"""Values whose form is rare in a column whose other values keep to few forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.refitting import refitted, usual_shapes
from agents.tools.detection.shapes import Shapes

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_FEWEST = 20
_HEAD = 0.05
_WIDEST = 6
_SHORT = 14
_INSIDE = str.maketrans("", "", "a .'’&,()/!:–-\"")
"""What stands in text by nature, and so is not strange there."""
_AT_START = str.maketrans("", "", "a('\"’")
_AT_END = str.maketrans("", "", "a.)!'\"’")
_NUMBER = re.compile(r"-?9?\.?9(?:[aA]-?9)?")


def format_breaks(column: Column, missing: np.ndarray[Any, Any], shapes: Shapes) -> Iterator[Suspect]:
    """Values that break the form the others keep, at the coarsest level that tells them apart."""
    import numpy as np

    weights = np.where(missing, 0, column.counts)
    if int(weights.sum()) < _FEWEST:
        return
    seen: set[int] = set()
    usual = usual_shapes(column, shapes)
    for texts, trust in _levels(column, weights, shapes):
        doubts = rare_forms(texts, weights)
        for code, shape in enumerate(texts if doubts else ()):
            doubt = (
                doubts.get(shape, 0.0)
                * trust
                * (0.75 if shape == "9" else 1.0)
                / (1 + 0.15 * float(np.log2(column.counts[code])))
            )
            if weights[code] and doubt > 0.2 and code not in seen:
                seen.add(code)
                repair, sure = refitted(column, code, usual)
                yield of_value(column, code, Sign(doubt, "written in a form that is rare in this column", repair, sure))


def _levels(column: Column, weights: np.ndarray[Any, Any], shapes: Shapes) -> Iterator[tuple[Sequence[str], float]]:
    """The forms to look at. Text has case and strange signs; codes and numbers have an order of digits and signs."""
    text = sum(weight for shape, weight in zip(shapes.words, weights.tolist(), strict=True) if "9" not in shape)
    if text >= 0.6 * float(weights.sum()):
        yield [_strange(shape) for shape in shapes.words], 0.9
        yield [case_of(value) for value in column.values], 0.85
        return
    yield [_number(shape) for shape in shapes.words], 0.92
    if sum(len(shape) for shape in shapes.runs) <= _SHORT * len(shapes.runs):
        yield [_number(shape) for shape in shapes.runs], 0.85
    if _fixed_length(column, weights):
        yield shapes.exact, 0.8


def _number(shape: str) -> str:
    """Numbers have one form, with or without a fraction."""
    return "9" if _NUMBER.fullmatch(shape) else shape


def _strange(shape: str) -> str:
    """What a text has besides letters, blanks and usual punctuation; at an end, a hyphen or comma is strange too."""
    inside = shape[1:-1].translate(_INSIDE)
    first, last = shape[:1].translate(_AT_START), shape[-1:].translate(_AT_END)
    return "".join(sorted({*first, *inside, *last}))


def case_of(value: str) -> str:
    """How a text uses capitals; texts too short to tell are as any other."""
    if value.islower():
        return "lower"
    if value.isupper():
        return "upper" if sum(char.isalpha() for char in value) > 5 else "any"
    return "upper start" if value[:1].isupper() else "any"


def rare_forms(texts: Sequence[str], weights: np.ndarray[Any, Any]) -> dict[str, float]:
    """How doubtful each rare form is; nothing where the column keeps to no few forms."""
    shares: dict[str, float] = {}
    for shape, weight in zip(texts, weights.tolist(), strict=True):
        shares[shape] = shares.get(shape, 0.0) + weight
    total = sum(shares.values())
    ranked = sorted(((share, shape) for shape, share in shares.items() if share), reverse=True)
    usual = {shape for share, shape in ranked[:_WIDEST] if share >= _HEAD * total}
    loose = 1 - sum(shares[shape] for shape in usual) / total
    if not usual or loose <= 0 or loose > 0.25:
        return {}
    trust = min(1.0, 1.12 - 2.6 * loose)
    return {shape: trust * (1 - 0.65 * share / (_HEAD * total)) for share, shape in ranked if shape not in usual}


def _fixed_length(column: Column, weights: np.ndarray[Any, Any]) -> bool:
    """Whether nearly all values have one length: codes, not numbers that grow."""
    if "." in column.values[0] and _NUMBER.fullmatch(re.sub(r"\d+", "9", column.values[0])):
        return False
    lengths: dict[int, float] = {}
    for value, weight in zip(column.values, weights.tolist(), strict=True):
        lengths[len(value)] = lengths.get(len(value), 0.0) + weight
    longest, most = max(lengths.items(), key=lambda item: item[1])
    total = sum(lengths.values())
    if not column.values[0].isdigit():
        return longest >= 4 and most >= 0.91 * total
    # Of numbers that are drawn, a tenth is one digit shorter: a code has no such second length.
    second = max((weight for length, weight in lengths.items() if length != longest), default=0.0)
    return longest >= 4 and most >= 0.85 * total and second <= 0.045 * total
