"""Rows on a terminal: as a table where its columns fit, else one row under the other, a line for each column."""

from __future__ import annotations

from collections.abc import Sequence

# A column may be as narrow as this before its table is no longer read.
NARROWEST = 12


def print_rows(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print them to standard output."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not _fits(names, rows, console.width):
        width = max(map(len, names), default=0)
        for number, row in enumerate(rows, 1):
            console.rule(f"row {number} of {len(rows)}", align="left")
            for name, cell in zip(names, row, strict=True):
                console.print(f"{name:{width}}  {cell}", markup=False, highlight=False, soft_wrap=True)
        if not rows:
            console.print(f"no rows; columns: {', '.join(names)}", markup=False, highlight=False)
        return
    grid = Table()
    for name in names:
        grid.add_column(escape(name), overflow="fold")
    for row in rows:
        grid.add_row(*map(escape, row))
    console.print(grid)


def _fits(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether every column has room for its name and for what is short in it; longer cells wrap."""
    needed = 1
    for place, name in enumerate(names):
        longest = max((len(row[place]) for row in rows), default=0)
        needed += 3 + max(len(name), min(longest, NARROWEST * 2))
    return needed <= width
