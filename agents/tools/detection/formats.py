"""Values whose shape is rare in a column whose other values keep to few shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.refitting import refitted
from agents.tools.detection.shapes import Shapes, share_by_shape

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_FEWEST = 20
_HEAD = 0.05
_WIDEST = {"exact": 3, "runs": 5, "words": 6}
_TRUST = {"exact": 0.75, "runs": 0.85, "words": 0.92}


def format_breaks(column: Column, missing: np.ndarray[Any, Any], shapes: Shapes) -> Iterator[Suspect]:
    """Values that break the format the others keep, at the coarsest level that tells them apart."""
    import numpy as np

    counts = np.where(missing, 0, column.counts)
    rows = int(counts.sum())
    if rows < _FEWEST:
        return
    levels = {"words": shapes.words, "runs": shapes.runs}
    if _fixed_length(column, counts):
        levels["exact"] = shapes.exact
    seen: set[int] = set()
    for level, texts in levels.items():
        doubts = rare_shapes(share_by_shape(texts, counts), rows, _WIDEST[level])
        if not doubts:
            continue
        for code, shape in enumerate(texts):
            doubt = doubts.get(shape, 0.0) * _TRUST[level]
            if counts[code] and doubt > 0.2 and code not in seen:
                seen.add(code)
                yield of_value(column, code, _sign(column, code, doubt, shapes))


def _sign(column: Column, code: int, doubt: float, shapes: Shapes) -> Sign:
    repair, sure = refitted(column, code, shapes)
    return Sign(doubt, "written in a form that is rare in this column", repair, sure)


def rare_shapes(shares: dict[str, int], rows: int, widest: int) -> dict[str, float]:
    """How doubtful each rare shape is; nothing where the column keeps to no few shapes."""
    ranked = sorted(((count, shape) for shape, count in shares.items() if count), reverse=True)
    usual = [shape for count, shape in ranked if count >= _HEAD * rows][:widest]
    covered = sum(shares[shape] for shape in usual)
    tail = rows - covered
    if not usual or tail <= 0 or covered < 0.75 * rows or len(usual) == widest and shares[usual[-1]] > 0.1 * rows:
        return {}
    loose = tail / rows
    trust = min(1.0, 1.15 - 3 * loose)
    return {shape: trust * (1 - 0.5 * count / (_HEAD * rows)) for count, shape in ranked if shape not in usual}


def _fixed_length(column: Column, counts: np.ndarray[Any, Any]) -> bool:
    """Whether nearly all values have one length of a few: codes, not numbers that grow."""
    lengths: dict[int, int] = {}
    for value, count in zip(column.values, counts.tolist(), strict=True):
        lengths[len(value)] = lengths.get(len(value), 0) + count
    longest, most = max(lengths.items(), key=lambda item: item[1])
    return longest >= 2 and most >= 0.93 * sum(lengths.values())
