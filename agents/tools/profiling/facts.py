"""One row of numbers about a table, each asked for by name: one query, one pass; a very wide table takes some more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assets.kinds.rules.columns import NUMBERS, TIMES, Column

if TYPE_CHECKING:
    import duckdb

TABLE, SAMPLE = "t_", "s_"
_COLUMNS = 100
"""Columns of one query: each aggregate holds memory for every thread, so that thousands at once do not fit."""


class Facts:
    """Collects expressions under names, then computes them all at once.

    Ask with conditions inside the aggregate: DuckDB copies every column of a chunk for each different FILTER.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, source: str) -> None:
        self._con, self._source = con, source
        self._asked: dict[tuple[str, str], str] = {}

    def ask(self, column: str, fact: str, sql: str) -> None:
        self._asked[column, fact] = sql

    def answer(self) -> dict[tuple[str, str], Any]:
        """What was asked for: a number for each (column, fact)."""
        columns = list(dict.fromkeys(column for column, _ in self._asked))
        found: dict[tuple[str, str], Any] = {}
        for first in range(0, len(columns), _COLUMNS):
            part = set(columns[first : first + _COLUMNS])
            asked = {key: sql for key, sql in self._asked.items() if key[0] in part}
            row = self._con.execute(f"SELECT {', '.join(asked.values())} FROM {self._source}").fetchall()[0]
            found |= zip(asked, row, strict=True)
        return found


def number_of(column: Column) -> str | None:
    """The column as a number: itself, times as seconds since 1970, else None; NaN and infinity are NULL."""
    if column.family == "float":
        return f"(CASE WHEN isfinite({column.sql}) THEN CAST({column.sql} AS DOUBLE) END)"
    if column.family in NUMBERS:
        return f"CAST({column.sql} AS DOUBLE)"
    if column.family in TIMES:
        return f"CAST(epoch(CAST({column.sql} AS TIMESTAMP)) AS DOUBLE)"
    return None
