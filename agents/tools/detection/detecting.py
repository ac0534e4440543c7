"""All detectors over one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.blanks import gaps
from agents.tools.detection.coherence import Groupings
from agents.tools.detection.consensus import disagreeing, reports
from agents.tools.detection.dates import wrong_dates
from agents.tools.detection.dependencies import dependencies
from agents.tools.detection.durations import other_durations
from agents.tools.detection.encodings import misread
from agents.tools.detection.evidence import Suspect, weigh
from agents.tools.detection.findings import Findings
from agents.tools.detection.formats import format_breaks
from agents.tools.detection.grid import Column, Grid, grid_of
from agents.tools.detection.grouping import known
from agents.tools.detection.missing import disguised, said_to_be_missing
from agents.tools.detection.outliers import outliers
from agents.tools.detection.quantities import Quantity
from agents.tools.detection.repeated import doubled_keys
from agents.tools.detection.shapes import Shapes, shapes_of
from agents.tools.detection.shifted import appended, misplaced
from agents.tools.detection.spelled import needless_fractions, other_spellings
from agents.tools.detection.strays import joined, standing_for_nothing, strays
from agents.tools.detection.typos import misspelt, misspelt_words
from agents.tools.detection.unbalanced import unbalanced
from agents.tools.detection.units import mixed_units, separators
from agents.tools.detection.variants import other_separators
from agents.tools.detection.violations import breaches, broken, filled, judge
from agents.tools.detection.vocabulary import unlisted
from agents.tools.detection.within import far_within

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def detect(table: pa.Table) -> Findings:
    """Cells that are probably wrong, from the table alone: no labels, no rules, the same table gives the same findings.

    Every cell is read as text, whatever its type; null is the empty text. Time and memory grow with rows times columns.
    """
    grid = grid_of(table)
    if not grid.rows or not grid.columns:
        return Findings(grid.rows, tuple(table.column_names))
    missing = said_to_be_missing(grid)
    codes = [known(column, nothing) for column, nothing in zip(grid.columns, missing, strict=True)]
    return weigh(grid, _suspects(grid, missing, codes))


def _suspects(
    grid: Grid, missing: Sequence[np.ndarray[Any, Any]], codes: Sequence[np.ndarray[Any, Any]]
) -> Iterator[Suspect]:
    yield from disguised(grid, missing)
    groupings = Groupings(grid, codes)
    for column, nothing in zip(grid.columns, missing, strict=True):
        yield from gaps(grid, column)
        if not bool(nothing.all()):
            numbers = column.numbers
            shapes = shapes_of(column.values)
            yield from _against_form(column, nothing, numbers, shapes)
            yield from groupings.tempered(column.place, _standing_out(column, nothing, numbers, shapes))
            yield from doubled_keys(grid, column, nothing)
    yield from misplaced(grid, missing)
    yield from appended(grid, missing)
    yield from unbalanced(grid, missing)
    yield from far_within(grid, missing, codes)
    yield from _across(grid, codes)


def _against_form(
    column: Column, nothing: np.ndarray[Any, Any], numbers: Sequence[Quantity | None], shapes: Shapes
) -> Iterator[Suspect]:
    """Cells that break what can be said of their column's form outright."""
    yield from misread(column)
    yield from wrong_dates(column, nothing)
    yield from mixed_units(column, nothing, numbers)
    yield from separators(column, nothing, numbers)
    yield from other_durations(column, nothing)
    yield from other_separators(column, nothing, shapes)
    yield from other_spellings(column, nothing, numbers)
    yield from needless_fractions(column, nothing, numbers)
    yield from standing_for_nothing(column, nothing, numbers)


def _standing_out(
    column: Column, nothing: np.ndarray[Any, Any], numbers: Sequence[Quantity | None], shapes: Shapes
) -> Iterator[Suspect]:
    """Cells that are unlike the others of their column."""
    yield from format_breaks(column, nothing, shapes)
    yield from misspelt(column, nothing)
    yield from misspelt_words(column, nothing)
    yield from unlisted(column, nothing)
    yield from strays(column, nothing, numbers)
    yield from joined(column, nothing)
    yield from outliers(column, nothing, numbers)


def _across(grid: Grid, codes: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """Cells that do not go with the others of their row."""
    reported = reports(grid, codes)
    if reported is not None:
        yield from disagreeing(grid, codes, reported)
        return
    found = breaches(grid, list(dependencies(grid, codes)), codes)
    yield from broken(grid, found, judge(grid, found))
    yield from filled(grid, found, codes)
