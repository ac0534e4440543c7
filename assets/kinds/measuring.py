"""A table in numbers, after each refresh: rows, and of each column its type, nulls, distinct values and mean.

One pass over a bounded part of the table; no value of it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from agents.core.catalog import TableId
from assets.kinds.rules.columns import NUMBERS, Column, columns_of
from assets.kinds.rules.session import session

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake

# Beyond so many rows or columns a part stands for the table: batches spread over it, the first columns. Exactly so many
# rows, since more would have more distinct values.
MOST_ROWS, MOST_COLUMNS = 100_000, 200
# What is opened and decoded to take them from.
_FILES, _GROUPS, _BATCH = 20, 4, 4096
# The mean of fewer values could tell one of them.
_FEWEST = 10
# Squares of larger numbers are no numbers any more.
_LARGEST = 1e150

T = TypeVar("T")


def measure(lake: Lake, table: TableId) -> dict[str, Any]:
    """`{rows, measured, columns: {name: {type, nulls, distinct, mean, spread}}}`; shares are of the rows measured.

    `mean` is of numbers, or of the length of texts; `spread` is its standard deviation. What nobody can tell is absent.
    """
    dataset, rows = lake.dataset(table), lake.rows(table)
    columns = list(columns_of(dataset.schema).values())
    part = _part(dataset, rows)
    measured, found = _pass(part, columns[:MOST_COLUMNS])
    return {
        "rows": rows,
        "measured": measured,
        "columns": {column.name: {"type": column.type, **found.get(column.name, {})} for column in columns},
    }


def _pass(dataset: Any, columns: list[Column]) -> tuple[int, dict[str, dict[str, Any]]]:
    wanted = [sql for column in columns for sql in _sql(column)]
    with session() as con:
        con.register("part_", dataset)
        answer = con.execute(f"SELECT {', '.join(['count(*)', *wanted])} FROM part_").fetchall()[0]
    rows, numbers = int(answer[0]), iter(answer[1:])
    return rows, {column.name: _facts(rows, *(next(numbers) for _ in range(4))) for column in columns}


def _sql(column: Column) -> Iterator[str]:
    """Present values, distinct values, mean and standard deviation."""
    yield f"count(*) FILTER (WHERE {column.present})"
    if column.family in ("other", "null"):
        yield from ("NULL", "NULL", "NULL")
        return
    yield f"approx_count_distinct({column.value})"
    number = {"text": f"length({column.sql})"}.get(column.family, column.sql)
    if column.family not in NUMBERS and column.family != "text":
        yield from ("NULL", "NULL")
        return
    double = f"CAST({number} AS DOUBLE)"
    usable = f"FILTER (WHERE abs({double}) < {_LARGEST})"
    yield f"avg({double}) {usable}"
    yield f"stddev_pop({double}) {usable}"


def _facts(rows: int, present: int, distinct: int | None, mean: float | None, spread: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"nulls": round((rows - present) / rows, 6)} if rows else {}
    if distinct is not None and rows:
        found["distinct"] = min(int(distinct), present)
    if present >= _FEWEST:
        for name, number in (("mean", mean), ("spread", spread)):
            if number is not None and math.isfinite(number):
                found[name] = float(f"{number:.6g}")
    return found


def _part(dataset: Any, rows: int) -> Any:
    """The dataset, or of a large one batches from all over it: the same table gives the same part."""
    if rows <= MOST_ROWS:
        return dataset
    import pyarrow as pa
    import pyarrow.dataset as pads

    files = list(dataset.get_fragments())
    groups = [group for file in _spread(files, _FILES) for group in file.split_by_row_group()]
    counts = [sum(info.num_rows for info in group.row_groups) for group in groups]
    enough = max(_GROUPS // 2, -(-MOST_ROWS * len(groups) // max(1, sum(counts))))
    chosen = _spread(list(zip(groups, counts, strict=True)), enough)
    held = sum(count for _, count in chosen)
    part = pads.FileSystemDataset([group for group, _ in chosen], dataset.schema, dataset.format, dataset.filesystem)
    batches = part.to_batches(batch_size=_BATCH, batch_readahead=2, fragment_readahead=1)
    return pa.RecordBatchReader.from_batches(dataset.schema, _every(batches, max(1, held // MOST_ROWS)))


def _every(batches: Iterable[pa.RecordBatch], step: int) -> Iterator[pa.RecordBatch]:
    """Every n-th batch, up to `MOST_ROWS` rows."""
    left = MOST_ROWS
    for number, batch in enumerate(batch for batch in batches if batch.num_rows):
        if number % step == 0 and left:
            yield batch.slice(0, left)
            left -= min(left, batch.num_rows)


def _spread(items: list[T], most: int) -> list[T]:
    """At most so many of the items, evenly spread."""
    return items if len(items) <= most else [items[place * len(items) // most] for place in range(most)]
