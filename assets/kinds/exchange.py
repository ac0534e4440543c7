"""Rows exchanged for others, found by their content."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assets.kinds.quarantine import rows_as_json
from assets.kinds.row_json import typed_rows

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Exchange:
    """Rows by their content: what stands in place of each (None: nothing), as often as it was logged."""

    wanted: dict[str, list[str | None]]
    done: Counter[str] = field(default_factory=Counter[str])

    def change(self, batch: pa.RecordBatch) -> pa.RecordBatch | None:
        """The batch with the rows exchanged; None where it has none of them."""
        import numpy as np
        import pyarrow as pa

        lines = rows_as_json(batch)
        found = [(n, line) for n, line in enumerate(lines) if self.wanted.get(line)]
        if not found:
            return None
        keep, fresh = np.ones(batch.num_rows, dtype=bool), list[tuple[int, str]]()
        for n, line in found:
            if not self.wanted[line]:
                continue
            other = self.wanted[line].pop()
            self.done[line] += 1
            keep[n] = False
            if other is not None:
                fresh.append((n, other))
        own = pa.schema([f for f in batch.schema if f.name in own_columns(batch.schema)])
        typed, _ = typed_rows([line for _, line in fresh], own)
        places = pa.array([n for n, _ in fresh], pa.int64())
        rest = batch.take(places)
        columns = [
            typed.column(own.get_field_index(f.name)) if f.name in own.names else rest.column(n)
            for n, f in enumerate(batch.schema)
        ]
        exchanged = pa.RecordBatch.from_arrays(columns, schema=batch.schema)
        return pa.concat_batches([batch.filter(pa.array(keep)), exchanged])


def as_stored(line: str, schema: pa.Schema) -> str:
    """A row as the table's own JSON would have it."""
    import pyarrow as pa

    typed, _ = typed_rows([line], pa.schema([f for f in schema if f.name in own_columns(schema)]))
    return rows_as_json(typed)[0]


def own_columns(schema: pa.Schema) -> set[str]:
    """The columns that the source gave: all but the platform's."""
    from assets.kinds.evolution import INGESTED_AT, SOURCE

    return {name for name in schema.names if name not in (INGESTED_AT, SOURCE)}
