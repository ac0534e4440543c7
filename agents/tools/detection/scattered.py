"""Dependencies whose groups lie scattered over a long table: a part has a row or two of each, the whole has enough.

DuckDB deals the rows into shares by the hash of the column that groups them: a share holds whole groups, and is as good
as the table. Each is judged like a table of its own, on that column and those that depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.detection.dependencies import dependencies
from agents.tools.detection.evidence import weigh
from agents.tools.detection.findings import Finding
from agents.tools.detection.grid import grid_of
from agents.tools.detection.grouping import known
from agents.tools.detection.missing import said_to_be_missing
from agents.tools.detection.violations import breaches, broken, filled, judge
from resources.lake_rewrite import engine, quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.detection.grid import Grid

AT, SHARE = "_at_", "_share_"
FEWEST, ENOUGH = 3, 8
"""Rows that a group has at least for a majority; as many on average where what is looked at together is enough."""
COLUMNS = 4
"""So many grouping columns are gone through, those with the largest groups first."""
MOST = 200_000


def scattered(read: Any, schema: pa.Schema, rows: int, together: int) -> dict[int, list[Finding]]:
    """By row, cells that break a dependency with scattered groups. `read` gives the rows as batches, several times.

    At most 200,000 rows are named.
    """
    found: dict[int, list[Finding]] = {}
    if {AT, SHARE} & set(schema.names):
        return found
    shares = max(1, -(-rows // together))
    for by in _grouping(read(), schema, rows, together):
        with engine() as db:
            of = _depending(_share(db, read(), schema, by, schema.names, shares), by)
            if not of:
                continue
            names = [by, *of]
            columns = ", ".join(quoted(name) for name in names)
            db.register("t", _numbered(read(), schema))
            db.execute(
                f"CREATE TEMP TABLE dealt AS SELECT {AT}, {columns}, hash({quoted(by)}) % {shares} AS {SHARE} FROM t"
                f" WHERE {quoted(by)} IS NOT NULL"
            )
            for share in range(shares):
                dealt = db.sql(f"SELECT * EXCLUDE ({SHARE}) FROM dealt WHERE {SHARE} = {share} ORDER BY {AT}")
                for cell in _judged(dealt.to_arrow_table(), schema, names):
                    if len(found) < MOST:
                        found.setdefault(cell.row, []).append(cell)
    return found


def _grouping(batches: Iterable[pa.RecordBatch], schema: pa.Schema, rows: int, together: int) -> list[str]:
    """The columns whose groups are too scattered to be seen together, and large enough as a whole."""
    import pyarrow.types as pat

    names = [column.name for column in schema if not pat.is_nested(column.type)]
    if not names:
        return []
    with engine() as db:
        db.register("t", _numbered(batches, schema))
        counts = db.execute(
            f"SELECT {', '.join(f'approx_count_distinct({quoted(n)})' for n in names)} FROM t"
        ).fetchall()
    sizes = {name: rows / max(1, count) for name, count in zip(names, counts[0], strict=True)}
    chosen = [name for name, size in sizes.items() if size >= FEWEST and size * together / rows < ENOUGH]
    return sorted(chosen, key=lambda name: -sizes[name])[:COLUMNS]


def _share(
    db: Any, batches: Iterable[pa.RecordBatch], schema: pa.Schema, by: str, names: Sequence[str], shares: int
) -> pa.Table:
    """One share of the rows, with all columns."""
    db.register("t", _numbered(batches, schema))
    columns = ", ".join(quoted(name) for name in names)
    return db.sql(f"SELECT {columns} FROM t WHERE hash({quoted(by)}) % {shares} = 0").to_arrow_table()


def _depending(share: pa.Table, by: str) -> list[str]:
    """The columns that depend on the grouping one."""
    grid, codes = _coded(share)
    place = share.column_names.index(by)
    return [grid.columns[one.of].name for one in dependencies(grid, codes) if one.by == place]


def _judged(share: pa.Table, schema: pa.Schema, names: Sequence[str]) -> Iterator[Finding]:
    """What breaks the dependencies in one share, by the rows' numbers in the table."""
    if not share.num_rows:
        return
    places = share.column(AT).to_pylist()
    grid, codes = _coded(share.select(list(names)))
    held = breaches(grid, [one for one in dependencies(grid, codes) if one.by == 0], codes)
    signs = [*broken(grid, held, judge(grid, held)), *filled(grid, held, codes)]
    for cell in weigh(grid, signs):
        place = schema.names.index(cell.column)
        yield Finding(places[cell.row], cell.column, place, cell.repair, cell.confidence, cell.reason, cell.sure)


def _coded(table: pa.Table) -> tuple[Grid, list[Any]]:
    grid = grid_of(table)
    missing = said_to_be_missing(grid)
    return grid, [known(column, nothing) for column, nothing in zip(grid.columns, missing, strict=True)]


def _numbered(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatchReader:
    """The rows with their numbers."""
    import pyarrow as pa

    wide = schema.append(pa.field(AT, pa.int64()))

    def numbered() -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in batches:
            numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
            yield pa.RecordBatch.from_arrays([*batch.columns, numbers], schema=wide)
            first += batch.num_rows

    return pa.RecordBatchReader.from_batches(wide, numbered())
