"""The same digits set apart in another way: `1234-5678` and `12345678`, `(555) 123-4567` and `555-123-4567`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.shapes import Shapes

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_KINDS = re.compile("[^Aa9]+")
_NUMBER = re.compile(r"[-+]?9+(?:[.,]9+)*")
_DATE = re.compile(r"9{1,4}([-/.])9{1,2}\1(?:9{4}|9{1,2})(?!9)")
_LEAST = 6
_USUAL = 0.4
_OFTEN = 1.5


def other_separators(column: Column, missing: np.ndarray[Any, Any], shapes: Shapes) -> Iterator[Suspect]:
    """Codes that are separated otherwise than most of the same letters and digits are."""
    weights = dict.fromkeys(shapes.exact, 0)
    for shape, count, nothing in zip(shapes.exact, column.counts.tolist(), missing.tolist(), strict=True):
        weights[shape] += 0 if nothing else count
    rows = sum(weights.values())
    families: dict[str, list[str]] = defaultdict(list)
    for shape, weight in weights.items():
        core = _KINDS.sub("", shape)
        if weight and len(core) >= _LEAST and core.count("9") >= len(core) - 1 and len(shape) < 40:
            families[core].append(shape)
    usual: dict[str, str] = {}
    for members in families.values():
        best = max(members, key=lambda shape: (weights[shape], shape))
        if _DATE.match(best):  # digits of a date change their order too
            continue
        if weights[best] >= max(10, _USUAL * rows) and not (_NUMBER.fullmatch(best) and "." in best):
            usual |= {m: best for m in members if m != best and weights[best] >= _OFTEN * weights[m]}
    for code, shape in enumerate(shapes.exact if usual else ()):
        both_numbers = _NUMBER.fullmatch(shape) and _NUMBER.fullmatch(usual.get(shape, ""))
        if shape in usual and not missing[code] and not both_numbers:
            yield of_value(column, code, _sign(column.values[code], usual[shape]))


def _sign(value: str, shape: str) -> Sign:
    characters = iter(char for char in value if char.isalnum())
    repair = "".join(next(characters, "") if char in "Aa9" else char for char in shape)
    return Sign(0.88, "separated otherwise than the same letters and digits are in this column", repair, 0.93)
