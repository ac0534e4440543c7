"""Many byte strings as one buffer: what Arrow's text columns are, cut into 16-byte blocks without a loop over rows.

Shapes: n values, B blocks in all. Arrays of blocks are `(B, 2)` of uint64, which is 16 bytes a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pat
from numpy.typing import NDArray

BLOCK = 16
Bytes = NDArray[np.uint8]
Blocks = NDArray[np.uint64]
Ints = NDArray[np.int64]

# KEEP[r] has r bytes of ones, PAD[r] a single 0x80 behind them (none where the block is full).
_KEEP = np.zeros((BLOCK + 1, BLOCK), np.uint8)
_PAD = np.zeros((BLOCK + 1, BLOCK), np.uint8)
for _r in range(BLOCK + 1):
    _KEEP[_r, :_r] = 255
    _PAD[_r, _r : _r + 1] = 0x80
KEEP: Blocks = _KEEP.view(np.uint64)
PAD: Blocks = _PAD.view(np.uint64)


@dataclass(frozen=True, slots=True)
class Packed:
    """Values one after the other in `data`, which has a block of zeros behind the last."""

    data: Bytes
    starts: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def block(self, starts: Ints) -> Blocks:
        """The 16 bytes from each of these places on: `(len(starts), 2)`."""
        windows: Any = np.ndarray((len(self.data) - BLOCK + 1,), "V16", self.data.data, 0, (1,))
        return windows[starts].view(np.uint64).reshape(-1, 2)

    def part(self, first: int, last: int) -> Packed:
        """Values `first` to `last` with the stretch of bytes they stand in; nothing is copied."""
        starts = self.starts[first:last]
        low = starts[0] if len(starts) else 0
        high = self.starts[last] + BLOCK if last < len(self) else len(self.data)
        return Packed(self.data[low:high], starts - low, self.lengths[first:last])


def packed(array: pa.Array) -> Packed:
    """The bytes of a text or binary column; a null is an empty value. A slice brings only its own bytes."""
    wide = pat.is_large_string(array.type) or pat.is_large_binary(array.type)
    _, offsets, data = array.buffers()
    kind = np.int64 if wide else np.int32
    ends: Ints = np.frombuffer(offsets, kind)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    if not len(array):
        return Packed(np.zeros(BLOCK, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64))
    own = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data is not None else np.zeros(0, np.uint8)
    padded = np.zeros(len(own) + BLOCK, np.uint8)
    padded[: len(own)] = own
    lengths = np.diff(ends)
    if array.null_count:  # what stands below a null is not defined
        lengths = np.where(np.asarray(array.is_valid()), lengths, 0)
    return Packed(padded, ends[:-1] - ends[0], lengths)


def texts(chars: Bytes, lengths: Ints, like: pa.Array) -> pa.Array:
    """ASCII text from characters one after the other, null where `like` is."""
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    valid = None
    if like.null_count:
        valid = pa.array(np.asarray(like.is_valid())).buffers()[1]
    wide = ends[-1] > np.iinfo(np.int32).max
    offsets = pa.py_buffer(ends if wide else ends.astype(np.int32))
    kind: Any = pa.LargeStringArray if wide else pa.StringArray
    return kind.from_buffers(len(lengths), offsets, pa.py_buffer(chars), valid)


def hexes(blocks: Blocks) -> Bytes:
    """16 bytes a row as 32 characters. Two digits are made at once, without a branch or a table.

    A digit beyond 9 carries into the next half byte when 6 is added, and a letter stands 39 places behind.
    """
    wide = blocks.view(np.uint8).reshape(-1).astype(np.uint16)
    digits = (wide >> 4) | ((wide & 15) << 8)
    letters = ((digits + 0x0606) >> 4) & 0x0101
    digits += 0x3030
    digits += letters * np.uint16(39)
    return digits.view(np.uint8)
