"""A table's columns scanned: every cell read once, each column judged by what its cells hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from agents.tools.privacy.cells import batches, count_rows, is_number, texts
from agents.tools.privacy.found import ColumnScan, TableScan
from agents.tools.privacy.judging import judge
from agents.tools.privacy.large import Column, LargeTable, judged
from agents.tools.privacy.reading import read_texts
from agents.tools.privacy.tally import Tally
from assets.kinds.spec_classes import NONE

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.privacy.cells import Dataset

_AT_ONCE = 20_000
# A table of more rows is judged by a part of them, and every cell of it is looked at by gates alone.
WHOLE = 10_000


def scan_table(data: Dataset, *, hints: Mapping[str, str] | None = None) -> TableScan:
    """What personal data and secrets each column holds.

    `hints` are types a person fixed for columns: they win whatever the cells hold, and `none` means no personal data.
    Of more than 10,000 rows, `unseen` of the result says what may have been missed. Memory is bounded by a batch of
    rows; no value leaves it but as a masked shape.
    """
    watch = _Watch(dict(hints or {}), count_rows(data))
    for batch in batches(data):
        watch.take(batch)
    return watch.found(getattr(data, "schema", None))


class _Watch:
    """The columns of a table while its batches go by."""

    def __init__(self, hints: dict[str, str], rows: int) -> None:
        self._hints, self._rows = hints, rows
        self._tallies: dict[str, Tally] = {}
        self._large = LargeTable(rows) if rows > WHOLE else None

    def take(self, batch: pa.RecordBatch) -> None:
        """Look at the next rows."""
        columns: dict[str, tuple[Tally, pa.Array]] = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            tally = self._tally(name, column.type)
            if (written := texts(column)) is not None and tally.hint.lower() != NONE:
                columns[name] = tally, written
        if self._large is not None:
            self._large.take(batch.num_rows, columns)
        else:
            _read(columns.values())

    def found(self, schema: pa.Schema | None) -> TableScan:
        """What all the rows say, in the schema's order."""
        for field in schema or ():
            self._tally(field.name, field.type)
        large = self._large
        judged_by = {} if large is None else large.columns
        columns = {name: _scan(tally, judged_by.get(name)) for name, tally in self._tallies.items()}
        return TableScan(columns, self._rows, large.unseen if large is not None else 0.0)

    def _tally(self, name: str, kind: pa.DataType) -> Tally:
        if name not in self._tallies:
            self._tallies[name] = Tally(name, self._hints.get(name, ""), numeric=is_number(kind))
        return self._tallies[name]


def _read(columns: Iterable[tuple[Tally, pa.Array]]) -> None:
    """Count a batch's columns, some at a time: making the gates once for all saves more than reading takes."""
    waiting: list[tuple[Tally, pa.StructArray]] = []
    held = 0
    for tally, written in columns:
        counted = written.drop_null().value_counts()
        waiting.append((tally, counted))
        held += len(counted)
        if held >= _AT_ONCE:
            _take(waiting)
            waiting, held = [], 0
    _take(waiting)


def _take(waiting: Sequence[tuple[Tally, pa.StructArray]]) -> None:
    import pyarrow as pa

    if not waiting:
        return
    found = read_texts(pa.concat_arrays([counted.field("values") for _, counted in waiting]))
    start = 0
    for tally, counted in waiting:
        own = {place: found[start + place] for place in range(len(counted)) if start + place in found}
        tally.take(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), own)
        start += len(counted)


def _scan(tally: Tally, large: Column | None) -> ColumnScan:
    if tally.hint.lower() == NONE:
        return ColumnScan(False, confidence=1.0, reason="a person said that it holds no personal data")
    found = judged(large) if large is not None else judge(tally)
    if not tally.hint:
        return found
    share = found.share if found.type == tally.hint else 1.0
    return ColumnScan(True, tally.hint, 1.0, share, tally.examples(), "a person said so")
