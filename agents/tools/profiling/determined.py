"""Columns that determine others, but for a few rows: found on a sample, by what also detects the rows that break it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agents.tools.profiling.draft import Draft
from agents.tools.profiling.profile import Determined

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 10_000
MOST_COLUMNS = 60
"""Every pair of columns is looked at: their number grows with the square."""
_STRONG = 0.9
_GROUPS = frozenset({"category", "code", "text", "number", "number as text", "identifier", "date", "boolean"})


def determined(drafts: Mapping[str, Draft], sample: pa.Table) -> tuple[Determined, ...]:
    """Dependencies that hold in nearly all rows of the sample, strongest first; nothing is said of a unique column."""
    from agents.tools.detection.dependencies import dependencies
    from agents.tools.detection.grid import grid_of
    from agents.tools.detection.grouping import known
    from agents.tools.detection.missing import said_to_be_missing

    names = [name for name, draft in drafts.items() if _candidate(draft)][:MOST_COLUMNS]
    if len(names) < 2:
        return ()
    grid = grid_of(sample.select(names).slice(0, ROWS) if sample.num_rows <= ROWS else _thinned(sample, names))
    codes = [known(column, nothing) for column, nothing in zip(grid.columns, said_to_be_missing(grid), strict=True)]
    found: list[Determined] = []
    for one in dependencies(grid, codes):
        if one.strength >= _STRONG:
            rows = int(one.votes.size.sum())
            breaking = rows - int(one.votes.top_count.sum())
            found.append(Determined(names[one.by], names[one.of], round(one.strength, 4), rows, breaking))
    return tuple(sorted(found, key=lambda d: (-d.strength, d.by, d.of)))


def _thinned(sample: pa.Table, names: list[str]) -> pa.Table:
    step = -(-sample.num_rows // ROWS)
    return sample.select(names).take(list(range(0, sample.num_rows, step)))


def _candidate(draft: Draft) -> bool:
    """Whether values repeat, and there is more than one."""
    distinct, present = draft.facts.get("distinct", 0), draft.facts["present"]
    name = draft.column.name
    return draft.semantic in _GROUPS and 2 <= distinct <= 0.9 * present and not name.startswith("_")
