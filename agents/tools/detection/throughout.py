"""Detection on a table of any length in bounded memory: part by part, each beside an even sample of the whole.

What is usual is learned from the sample and the part together. Dependencies whose groups are scattered too far for
that are judged by whole groups. A table that fits is looked at as one. What no part shows is not found: two far rows of
one key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agents.tools.detection.detecting import detect
from agents.tools.detection.findings import Finding
from agents.tools.detection.scattered import scattered

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS, MOST_CELLS, FEWEST_ROWS = 200_000, 3_000_000, 2_000
"""What is looked at together; of a very wide table at least so many rows."""
SAMPLED = 0.25
"""Share of that which is the sample."""
Read = Callable[[], Iterable["pa.RecordBatch"]]


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive rows, the number of the first, and what was found on them: a finding's row counts from the part's."""

    first: int
    rows: pa.Table
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a table of `rows` rows is gone through: `step` between rows of the sample (0: none is needed), rows a part.

    `error` is the 95 % error of a share of rows as the sample has it, 0 where all rows are looked at together.
    """

    rows: int
    step: int
    part: int

    @property
    def together(self) -> int:
        """Rows that are looked at together, the sample's among them."""
        return self.part + (-(-self.rows // self.step) if self.step else 0)

    @property
    def error(self) -> float:
        """The sample's error."""
        return 0.98 / max(1.0, self.rows / self.step) ** 0.5 if self.step else 0.0


def pace_of(rows: int, columns: int, most_rows: int = MOST_ROWS, most_cells: int = MOST_CELLS) -> Pace:
    """How a table is gone through, so that no more than so many rows and cells are looked at together."""
    together = max(min(FEWEST_ROWS, most_rows), min(most_rows, most_cells // max(1, columns)))
    if rows <= together:
        return Pace(rows, 0, max(1, rows))
    sampled = max(1, int(SAMPLED * together))
    return Pace(rows, -(-rows // sampled), max(1, together - sampled))


def throughout(read: Read, schema: pa.Schema, pace: Pace) -> Iterator[Part]:
    """What is wrong in all rows, in their order. `read` gives them as batches, as often as it is asked."""
    import pyarrow as pa

    sample = _every(read(), pace.step, schema) if pace.step else pa.Table.from_batches([], schema=schema)
    far = scattered(read, schema, pace.rows, pace.together) if pace.step else {}
    first = 0
    for rows in _parts(read(), pace.part, schema):
        # Rows of the sample that are in the part are not counted twice; the others stay before and after it.
        before, behind = (-(-end // pace.step) if pace.step else 0 for end in (first, first + rows.num_rows))
        around = pa.concat_tables([sample.slice(0, before), rows, sample.slice(behind)])
        own = range(before, before + rows.num_rows)
        found = [replace(cell, row=cell.row - before) for cell in detect(around) if cell.row in own]
        more = (replace(cell, row=row) for row in range(rows.num_rows) for cell in far.get(first + row, ()))
        yield Part(first, rows, _surest(found, more) if far else found)
        first += rows.num_rows


def _surest(found: Iterable[Finding], more: Iterable[Finding]) -> list[Finding]:
    """One finding a cell, by row and column: the one whose repair is surest."""
    best: dict[tuple[int, int], Finding] = {}
    for cell in (*found, *more):
        known = best.get((cell.row, cell.place))
        if known is None or (cell.sure, cell.confidence) > (known.sure, known.confidence):
            best[cell.row, cell.place] = cell
    return [best[place] for place in sorted(best)]


def _every(batches: Iterable[pa.RecordBatch], step: int, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    picked: list[pa.RecordBatch] = []
    seen = 0
    for batch in batches:
        places = range(-seen % step, batch.num_rows, step)
        if places:
            picked.append(batch.take(pa.array(places, pa.int64())))
        seen += batch.num_rows
    return pa.Table.from_batches(picked, schema=schema)


def _parts(batches: Iterable[pa.RecordBatch], most: int, schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows, so many at a time."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        while rows >= most:
            whole = pa.Table.from_batches(waiting, schema=schema)
            yield whole.slice(0, most)
            waiting = whole.slice(most).to_batches()
            rows -= most
    if rows:
        yield pa.Table.from_batches(waiting, schema=schema)
