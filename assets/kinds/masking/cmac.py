"""AES-CMAC (NIST SP 800-38B, RFC 4493) of many values at once: the keyed hash behind pseudonyms and tokens.

Why this one: a pseudonym must be a pseudorandom function of the value, so that nobody without the key can compute or
invert it, however few values there are (a plain hash of a phone number is a table of a minute's work). HMAC and keyed
BLAKE2 are called once a value, about a million a second. CMAC is as well founded: it is a pseudorandom function as long
as AES is a pseudorandom permutation; over q values of at most l blocks an attacker gains about q*q*l / 2**126, so even
2**40 values are far from a collision. And its chain can be walked for all rows together: block i of every value is one
call of AES-ECB, which the processor does in hardware. A tag equals, byte for byte, what the library computes for one
value.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from assets.kinds.masking.packed import BLOCK, KEEP, PAD, Blocks, Packed, hexes, packed, texts

ROWS = 8_192  # so many rows' blocks stay in the processor's cache
LONGEST = 64 * BLOCK  # longer values are few, and walked one by one
ZERO = bytes(BLOCK)


class Cmac:
    """AES-CMAC under one key of 16, 24 or 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())
        low = doubled(self.one(ZERO, raw=True))
        last = np.empty((BLOCK + 1, 2), np.uint64)  # what the last block of r bytes is combined with
        last[:] = np.frombuffer(doubled(low), np.uint64)
        last[BLOCK] = np.frombuffer(low, np.uint64)
        self._last: Blocks = last ^ PAD
        self.whole: Blocks = self._last[BLOCK]  # what a last block that is full is combined with

    def tags(self, values: Packed) -> Blocks:
        """The tag of each value: `(n, 2)` of uint64, 16 bytes a row."""
        tags = np.empty((len(values), 2), np.uint64)
        for first in range(0, len(values), ROWS):
            tags[first : first + ROWS] = self._tags(values.part(first, first + ROWS))
        return tags

    def pseudonyms(self, array: pa.Array) -> pa.Array:
        """The tag of each value in 32 hexadecimal digits; null stays null."""
        values = packed(array)
        chars = np.empty((len(values), 2 * BLOCK), np.uint8)
        for first in range(0, len(values), ROWS):
            tags = self._tags(values.part(first, first + ROWS))
            chars[first : first + ROWS] = hexes(tags).reshape(-1, 2 * BLOCK)
        return texts(chars.reshape(-1), np.full(len(values), 2 * BLOCK), array)

    def one(self, value: bytes, *, raw: bool = False) -> bytes:
        """The tag of one value; `raw`: the bare cipher over one block."""
        if raw:
            return self._cipher.encryptor().update(value)
        mac = CMAC(algorithms.AES(self._key))
        mac.update(value)
        return mac.finalize()

    def encrypt(self, blocks: Blocks) -> Blocks:
        """Each block under the bare cipher, in one call."""
        done = self._cipher.encryptor().update(np.ascontiguousarray(blocks).view(np.uint8).reshape(-1).data)
        return np.frombuffer(done, np.uint64).reshape(-1, 2)

    def _tags(self, values: Packed) -> Blocks:
        blocks = np.maximum((values.lengths + BLOCK - 1) // BLOCK, 1)
        long = values.lengths > LONGEST
        blocks[long] = 1
        order = np.argsort(-blocks, kind="stable")  # the values that still have blocks stand first
        starts, lengths, counts = values.starts[order], values.lengths[order], np.bincount(blocks)
        state = np.zeros((len(values), 2), np.uint64)
        active = len(values)
        for number in range(1, len(counts)):
            at = BLOCK * (number - 1)
            block = values.block(starts[:active] + at)
            ending = active - int(counts[number])
            rest = np.minimum(lengths[ending:active] - at, BLOCK)
            block[ending:] = (block[ending:] & KEEP[rest]) ^ self._last[rest]
            state[:active] = self.encrypt(block ^ state[:active])
            active = ending
        tags = np.empty_like(state)
        tags[order] = state
        for row in np.flatnonzero(long):
            start = values.starts[row]
            tag = self.one(values.data[start : start + values.lengths[row]].tobytes())
            tags[row] = np.frombuffer(tag, np.uint64)
        return tags


def doubled(block: bytes) -> bytes:
    """The block times x in GF(2**128), as CMAC and SIV derive their subkeys."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number ^= 1 << 128 | 0x87
    return number.to_bytes(BLOCK, "big")
