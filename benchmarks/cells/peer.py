"""A simple detector to compare with: values rare in their column, rare shapes, and numbers far from the mean."""

from __future__ import annotations

import re
from collections import Counter
from statistics import fmean, pstdev

from benchmarks.cells.score import Cell
from benchmarks.cells.words import Table


def flags(table: Table) -> dict[Cell, str | None]:
    """Histograms for columns of few values, shapes for others, three standard deviations for numbers."""
    found: dict[Cell, str | None] = {}
    for place, cells in enumerate(table.values()):
        counts, rows = Counter(cells), len(cells)
        shapes = Counter(map(_shape, cells))
        numbers = [float(cell) for cell in cells if re.fullmatch(r"-?\d+(\.\d+)?", cell)]
        middle, spread = (fmean(numbers), pstdev(numbers)) if len(numbers) > 0.8 * rows else (0.0, 0.0)
        for row, cell in enumerate(cells):
            few = len(counts) < 0.1 * rows and counts[cell] < 0.005 * rows
            odd = len(shapes) < 0.1 * rows and shapes[_shape(cell)] < 0.005 * rows
            far = spread and re.fullmatch(r"-?\d+(\.\d+)?", cell) and abs(float(cell) - middle) > 3 * spread
            if few or odd or far or not cell:
                found[row, place] = None
    return found


def _shape(cell: str) -> str:
    return re.sub(r"[A-Z]+", "A", re.sub(r"[a-z]+", "a", re.sub(r"\d+", "9", cell)))
