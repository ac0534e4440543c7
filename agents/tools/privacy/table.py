"""A table's columns scanned: every cell read once, each column judged by what its cells hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agents.tools.privacy.cells import batches, is_number, texts
from agents.tools.privacy.found import ColumnScan, TableScan
from agents.tools.privacy.judging import judge
from agents.tools.privacy.reading import read_texts
from agents.tools.privacy.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.privacy.cells import Dataset

_AT_ONCE = 20_000


def scan_table(data: Dataset, *, hints: Mapping[str, str] | None = None) -> TableScan:
    """What personal data and secrets each column holds.

    `hints` are types a person fixed for columns: they win whatever the cells hold, and `none` means no personal data.
    Memory is bounded by a batch of rows; no value leaves it but as a masked shape.
    """
    fixed = dict(hints or {})
    tallies = {
        field.name: Tally(field.name, fixed.get(field.name, ""), numeric=is_number(field.type)) for field in data.schema
    }
    rows = 0
    for batch in batches(data):
        rows += batch.num_rows
        _read(batch, tallies)
    return TableScan({name: _scan(tally) for name, tally in tallies.items()}, rows)


def _read(batch: pa.RecordBatch, tallies: Mapping[str, Tally]) -> None:
    """Count a batch's columns, some at a time: making the gates once for all saves more than reading takes."""
    waiting: list[tuple[Tally, pa.StructArray]] = []
    held = 0
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        written = texts(column)
        if written is None:
            continue
        counted = written.drop_null().value_counts()
        waiting.append((tallies[name], counted))
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


def _scan(tally: Tally) -> ColumnScan:
    if tally.hint.lower() == "none":
        return ColumnScan(False, confidence=1.0, reason="a person said that it holds no personal data")
    found = judge(tally)
    if not tally.hint:
        return found
    share = found.share if found.type == tally.hint else 1.0
    return ColumnScan(True, tally.hint, 1.0, share, tally.examples(), "a person said so")
