"""One row of numbers about a table, each asked for by name: one query, one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assets.kinds.rules.columns import NUMBERS, TIMES, Column

if TYPE_CHECKING:
    import duckdb

TABLE, SAMPLE = "t_", "s_"


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
        if not self._asked:
            return {}
        row = self._con.execute(f"SELECT {', '.join(self._asked.values())} FROM {self._source}").fetchall()[0]
        return dict(zip(self._asked, row, strict=True))


def number_of(column: Column) -> str | None:
    """The column as a number: itself, times as seconds since 1970, else None; NaN and infinity are NULL."""
    if column.family == "float":
        return f"(CASE WHEN isfinite({column.sql}) THEN CAST({column.sql} AS DOUBLE) END)"
    if column.family in NUMBERS:
        return f"CAST({column.sql} AS DOUBLE)"
    if column.family in TIMES:
        return f"CAST(epoch(CAST({column.sql} AS TIMESTAMP)) AS DOUBLE)"
    return None
