"""What only the order of a table's rows and its columns side by side show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_PERIOD = re.compile(r"\d")
_ORDERED = 0.99
_FEWEST = 5
_TOGETHER, _BEYOND_CHANCE = 0.6, 3
_RARE = 0.2


def periods(values: pa.ChunkedArray) -> bool:
    """Whether a category's values with digits follow each other down the table: months, seasons, batches.

    The next one is new, and no error.
    """
    import pyarrow.compute as pc

    there = values.drop_null().combine_chunks()
    if len(there) < 3:
        return False
    kinds = pc.call_function("unique", [there]).to_pylist()
    if len(kinds) < 2 or sum(1 for kind in kinds if _PERIOD.search(str(kind))) < _ORDERED * len(kinds):
        return False
    later, earlier = there.slice(1), there.slice(0, len(there) - 1)
    changes = pc.call_function("not_equal", [later, earlier]).true_count
    return any(
        pc.call_function(order, [later, earlier]).true_count >= _ORDERED * len(later) and changes <= 0.1 * len(later)
        for order in ("greater_equal", "less_equal")
    )


def missing_together(sample: pa.Table) -> Iterator[str]:
    """Columns that are missing where another is too, in rows that go on behind it: what the row is about has no value.

    Where all that follows is missing, the row was cut off, and its values got lost.
    """
    import numpy as np

    lost = {name: sample.column(name).is_null().to_numpy() for name in sample.column_names}
    lost = {name: mask for name, mask in lost.items() if mask.any()}
    names = sample.column_names
    for name, mask in lost.items():
        rows = int(mask.sum())
        behind = names[names.index(name) + 1 :]
        if rows < _FEWEST or rows > _RARE * sample.num_rows or not behind:
            continue
        goes_on = np.zeros(sample.num_rows, dtype=bool)
        for other in behind:
            goes_on |= ~lost[other] if other in lost else True
        for other, too in lost.items():
            both = int((mask & too & goes_on).sum())
            chance = rows * int(too.sum()) / sample.num_rows
            if other != name and both >= max(_FEWEST, _TOGETHER * rows, _BEYOND_CHANCE * chance):
                yield name
                break
