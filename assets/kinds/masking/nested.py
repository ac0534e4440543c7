"""A mask of a column is a mask of every value in it, however deep lists, structs and maps hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pat

from assets.kinds.masking.arrow import pc
from assets.kinds.masking.values import is_list

Leaf = Callable[[pa.Array], pa.Array]


def on_leaves(array: Any, leaf: Leaf) -> pa.Array:
    """The column with each innermost value through `leaf`; lengths, nulls and field names stay. Dictionaries are kept
    out of the way: each of their values goes through once.
    """
    kind = array.type
    if pat.is_dictionary(kind):
        return on_leaves(array.dictionary, leaf).take(array.indices)
    if is_list(kind):
        return _list(array, leaf)
    if pat.is_map(kind):
        return _map(array, leaf)
    if pat.is_struct(kind):
        fields = [on_leaves(child, leaf) for child in array.flatten()]
        names = [kind.field(i).name for i in range(kind.num_fields)]
        named = [pa.field(name, child.type) for name, child in zip(names, fields, strict=True)]
        return pa.StructArray.from_arrays(fields, fields=named, mask=_missing(array))
    return leaf(array)


def _list(array: Any, leaf: Leaf) -> pa.Array:
    values = on_leaves(array.flatten(), leaf)
    return pa.LargeListArray.from_arrays(_offsets(array), values, mask=_missing(array))


def _map(array: Any, leaf: Leaf) -> pa.Array:
    """Keys too: they may be names or addresses."""
    pairs: Any = array.cast(pa.list_(pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])))
    keys, items = (on_leaves(child, leaf) for child in pairs.flatten().flatten())
    if keys.null_count:  # a map cannot be without keys, so it is hidden whole
        return pa.nulls(len(array), pa.map_(keys.type, items.type))
    offsets = pa.array(_offsets(pairs).to_numpy().astype(np.int32), mask=_ends(array))
    return pa.MapArray.from_arrays(offsets, keys, items)


def _offsets(array: Any) -> pa.Array:
    """Where each list begins among the flattened values; a null list has none."""
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(array) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return pa.array(offsets)


def _missing(array: Any) -> pa.Array | None:
    return array.is_null() if array.null_count else None


def _ends(array: Any) -> Any:
    """The mask of a map's offsets: one more than rows."""
    return np.append(np.asarray(array.is_null()), [False]) if array.null_count else None
