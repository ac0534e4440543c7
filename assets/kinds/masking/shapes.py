"""Values that keep their form: digits become digits, letters letters, and everything else stays."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa

from assets.kinds.masking.arrow import pc
from assets.kinds.masking.ff1 import Ff1
from assets.kinds.masking.packed import Bytes, Ints, packed, texts

_LONGEST = 128  # characters of one class that are permuted together
_CLASSES = ((10, ((ord("0"), ord("9")),)), (26, ((ord("a"), ord("z")), (ord("A"), ord("Z")))))


def formatted(array: pa.Array, cipher: Ff1) -> pa.Array:
    """Each text with its digits permuted among the digits and its letters among the letters; case stays.

    One to one for ASCII. A letter or digit beyond it becomes the one it is based on, or else an arbitrary letter.
    """
    values = packed(_ascii(pc.fill_null(array, "")))
    chars = values.data[: int(values.lengths.sum())]
    owner = np.repeat(np.arange(len(values)), values.lengths)
    for radix, ranges in _CLASSES:
        _permute(chars, owner, cipher, radix, ranges)
    return texts(chars, values.lengths, array)


def _permute(chars: Bytes, owner: Ints, cipher: Ff1, radix: int, ranges: tuple[tuple[int, int], ...]) -> None:
    """Encrypt the characters of one class, those of a value together, in their places."""
    base = np.zeros(len(chars), np.uint8)
    for low, high in ranges:
        base[(chars >= low) & (chars <= high)] = low
    places = np.flatnonzero(base)
    if not len(places):
        return
    of = owner[places]
    first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    first, counts = _pieces(first, np.diff(np.r_[first, len(places)]))
    digits = (chars[places] - base[places]).astype(np.uint64)
    for count in np.unique(counts):
        rows = first[counts == count][:, None] + np.arange(count)
        digits[rows] = cipher.many(radix, digits[rows])
    chars[places] = digits.astype(np.uint8) + base[places]


def _pieces(first: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Long values in pieces: the work on a numeral grows with the square of its length."""
    pieces = -(-counts // _LONGEST)
    number = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    done = _LONGEST * number
    return np.repeat(first, pieces) + done, np.minimum(np.repeat(counts, pieces) - done, _LONGEST)


def _ascii(array: pa.Array) -> pa.Array:
    """The texts with their letters and digits in ASCII; most need nothing."""
    if pc.all(pc.string_is_ascii(array), min_count=0).as_py():
        return array
    return pa.array([_folded(text) for text in array.to_pylist()], array.type)


def _folded(text: str) -> str:
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(_letter(char) for char in parts if not unicodedata.combining(char))


def _letter(char: str) -> str:
    return char if char.isascii() or not char.isalnum() else chr(ord("a") + ord(char) % 26)
