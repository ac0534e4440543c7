"""The same value in the form that its column uses: nothing is added but what the form itself prescribes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.tools.detection.shapes import Shapes, shape_of

if TYPE_CHECKING:
    from agents.tools.detection.grid import Column


_DATE = re.compile(r"9{1,4}([-/.])9{1,2}\1(?:9{4}|9{1,2})(?!9)")


def refitted(column: Column, code: int, usual: Sequence[str]) -> tuple[str | None, float]:
    """A rewriting of a value that has one of the column's usual shapes, and how sure it is."""
    value = column.values[code]
    for text in _rewritings(value):
        if text != value and text in column.code_of and column.counts[column.code_of[text]] > column.counts[code]:
            return text, 0.93
    for text in _rewritings(value):
        if text and text != value and shape_of(text) in usual:
            return text, 0.8
    fitted = _into_template(value, usual)
    return (fitted, 0.85) if fitted else (None, 0.0)


def usual_shapes(column: Column, shapes: Shapes) -> list[str]:
    """Exact shapes of the column, most frequent first."""
    counts: Counter[str] = Counter()
    for shape, count in zip(shapes.exact, column.counts.tolist(), strict=True):
        counts[shape] += count
    rows = sum(counts.values())
    return [shape for shape, count in counts.most_common(40) if count >= 0.005 * rows]


def _rewritings(value: str) -> list[str]:
    bare = re.sub(r"^[^\w(+]+|[^\w).%]+$", "", value)
    found = [bare, value.title(), value.upper(), value.lower(), value.capitalize()]
    found += [re.sub(r"(?<=\d),(?=\d{3}\b)", "", value), re.sub(r"(?<=\d),(?=\d)", ".", value)]
    found += [re.sub(r"^[$€£]\s*|\s*%$", "", value), re.sub(r"(?<=\d)(?=[A-Za-z])", " ", value)]
    return found


def _into_template(value: str, usual: Sequence[str]) -> str | None:
    """The value's letters and digits with the separators of a usual shape, where they fit one shape alone."""
    core = [char for char in value if char.isalnum()]
    kinds = shape_of("".join(core))
    fits = [shape for shape in usual if "".join(char for char in shape if char in "Aa9") == kinds]
    if len(fits) != 1 or len(core) < 4 or _DATE.match(fits[0]):  # digits of a date change their order too
        return None
    chars = iter(core)
    text = "".join(next(chars) if char in "Aa9" else char for char in fits[0])
    return text if text != value else None
