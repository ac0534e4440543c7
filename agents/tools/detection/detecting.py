"""All detectors over one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agents.tools.detection.dependencies import dependencies
from agents.tools.detection.evidence import Suspect, weigh
from agents.tools.detection.findings import Findings
from agents.tools.detection.grid import Grid, grid_of
from agents.tools.detection.grouping import known
from agents.tools.detection.missing import disguised, missing_codes
from agents.tools.detection.violations import broken, filled, judge

if TYPE_CHECKING:
    import pyarrow as pa


def detect(table: pa.Table) -> Findings:
    """Cells that are probably wrong, from the table alone: no labels, no rules, the same table gives the same findings.

    Every cell is read as text, whatever its type; null is the empty text. Time and memory grow with rows times columns.
    """
    grid = grid_of(table)
    return weigh(grid, _suspects(grid)) if grid.rows else Findings(0, tuple(table.column_names))


def _suspects(grid: Grid) -> Iterator[Suspect]:
    missing = [missing_codes(column) for column in grid.columns]
    codes = [known(column, nothing) for column, nothing in zip(grid.columns, missing, strict=True)]
    yield from disguised(grid, missing)
    found = list(dependencies(grid, codes))
    yield from broken(grid, found, codes, judge(grid, found, codes))
    yield from filled(grid, found, codes)
