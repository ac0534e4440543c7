"""A table's columns scanned: every cell read once, each column judged by what its cells hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agents.tools.privacy.cells import batches, is_number, texts
from agents.tools.privacy.found import ColumnScan, TableScan
from agents.tools.privacy.judging import judge
from agents.tools.privacy.tally import Tally

if TYPE_CHECKING:
    from agents.tools.privacy.cells import Dataset


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
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            tallies[name].add(texts(column), batch.num_rows)
    return TableScan({name: _scan(tally) for name, tally in tallies.items()}, rows)


def _scan(tally: Tally) -> ColumnScan:
    if tally.hint.lower() == "none":
        return ColumnScan(False, confidence=1.0, reason="a person said that it holds no personal data")
    found = judge(tally)
    if not tally.hint:
        return found
    share = found.share if found.type == tally.hint else 1.0
    return ColumnScan(True, tally.hint, 1.0, share, tally.examples(), "a person said so")
