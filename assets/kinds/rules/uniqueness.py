"""Which values of a table repeat, exactly: whole numbers by ticking them off, others by sorted 64-bit hashes.

Both take at most eight bytes a row, a tenth of what grouping takes; what they leave open is grouped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assets.kinds.rules.compiled import Unique

if TYPE_CHECKING:
    import duckdb
    import numpy as np

MOST_HASHED = 25_000_000
"""Rows up to which hashes are kept in memory: 200 MB."""
_MOST_CANDIDATES = 100_000
_MOST_TICKS = 100_000_000
_SPREAD = 8
"""Whole numbers are ticked off where their range is at most so many times the rows: as keys are that count up."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows that count, those of them that share their values with another row, and the number of distinct values."""

    counted: int
    repeated: int
    distinct: int
    groups: str
    """SQL for the groups of equal rows: keys `k0`, `k1`, ... and `n`; none with `n > 1` is left out."""


def repeats(
    con: duckdb.DuckDBPyConnection, view: str, check: Unique, rows: int, frozen: Callable[[str], str]
) -> Repeats:
    """How many rows of `view` repeat another. Rows whose hashes differ differ; only the others are compared whole."""
    keys = ", ".join(f"{value} AS k{i}" for i, value in enumerate(check.values))
    names = ", ".join(f"k{i}" for i in range(len(check.values)))
    source = frozen(f"SELECT {keys} FROM {view} WHERE {check.counts}")
    groups = f"SELECT {names}, count(*) AS n FROM ({source}) GROUP BY {names}"
    if check.whole and (ticked := _ticked(con, source, rows)) is not None:
        counted, distinct = ticked
        return Repeats(counted, 0, distinct, groups) if counted == distinct else _grouped(con, groups)
    if rows > MOST_HASHED:
        return _grouped(con, groups)
    hashes = _hashes(con, f"SELECT hash({names}) AS h FROM ({source})", rows)
    twice = _distinct_sorted(hashes[1:][hashes[1:] == hashes[:-1]])
    if not len(twice):
        return Repeats(len(hashes), 0, len(hashes), groups)
    if len(twice) > _MOST_CANDIDATES:
        return _grouped(con, groups)
    con.register("twice_", {"h": twice})
    within = f"SELECT * FROM ({source}) WHERE hash({names}) IN (SELECT h FROM twice_)"
    found = _grouped(con, f"SELECT {names}, count(*) AS n FROM ({within}) GROUP BY {names}")
    return replace(found, counted=len(hashes), distinct=len(hashes) - found.counted + found.distinct)


def _grouped(con: duckdb.DuckDBPyConnection, groups: str) -> Repeats:
    sql = f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE n > 1), 0), count(*) FROM ({groups})"
    counted, repeated, distinct = con.execute(sql).fetchall()[0]
    return Repeats(int(counted), int(repeated), int(distinct), groups)


def _ticked(con: duckdb.DuckDBPyConnection, source: str, rows: int) -> tuple[int, int] | None:
    """How many whole numbers there are, and how many different ones; None where they lie too far apart."""
    import numpy as np

    least, most = con.execute(f"SELECT min(k0), max(k0) FROM ({source})").fetchall()[0]
    if least is None or most - least >= min(_SPREAD * rows, _MOST_TICKS) or not -(2**62) < least <= most < 2**62:
        return None if least is not None else (0, 0)
    seen, counted = np.zeros(most - least + 1, bool), 0
    for batch in con.sql(f"SELECT CAST(k0 AS BIGINT) - {least} AS k FROM ({source})").to_arrow_reader(100_000):
        seen[batch.column(0).to_numpy()] = True
        counted += batch.num_rows
    return counted, int(np.count_nonzero(seen))


def _hashes(con: duckdb.DuckDBPyConnection, sql: str, rows: int) -> np.ndarray[Any, Any]:
    """The hashes, sorted."""
    import numpy as np

    found = np.empty(rows, np.uint64)
    filled = 0
    for batch in con.sql(sql).to_arrow_reader(100_000):
        one = batch.column(0).to_numpy()
        found[filled : filled + len(one)] = one
        filled += len(one)
    found = found[:filled]
    found.sort()
    return found


def _distinct_sorted(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    return values[np.append(True, values[1:] != values[:-1])] if len(values) else values
