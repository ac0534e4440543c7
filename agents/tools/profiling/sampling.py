"""An even sample of a table: every n-th row, so that the same table twice gives the same sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.kinds.rules.reading import Dataset


def sample_of(dataset: Dataset, rows: int, wanted: int) -> pa.Table:
    """About `wanted` rows, spread evenly, in the table's order; all rows where there are no more."""
    import pyarrow as pa

    step = max(1, -(-rows // max(1, wanted)))
    picked: list[pa.RecordBatch] = []
    seen = 0
    for batch in dataset.to_batches():
        first = -seen % step
        if first < batch.num_rows:
            picked.append(batch if step == 1 else batch.take(pa.array(range(first, batch.num_rows, step))))
        seen += batch.num_rows
    return pa.Table.from_batches(picked, schema=dataset.schema)


def only(dataset: Dataset, columns: Sequence[str]) -> pa.RecordBatchReader:
    """Some columns of a table, to be read once: a query over them does not pay for the others."""
    import pyarrow as pa

    if isinstance(dataset, pa.Table):
        return dataset.select(list(columns)).to_reader()
    return dataset.scanner(columns=list(columns), batch_readahead=4, fragment_readahead=1).to_reader()
