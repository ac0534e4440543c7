"""AES-SIV (RFC 5297) of many values at once: tokens that only the key opens.

Why this one: a token must be the same for the same value, or joins break, and opening a forged one must fail:
deterministic authenticated encryption, which is what SIV is. The alternative is a table of tokens and values. That
would be one more copy of all personal data, to be guarded, backed up and searched at every request to be forgotten, and
written by every worker at once. With SIV whoever holds the key needs nothing else, and destroying the key forgets all.
What a token shows is its value's length and whether two values are equal. Byte for byte what the library computes.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from agents.core.errors import StateError
from assets.kinds.masking.cmac import ZERO, Cmac, doubled
from assets.kinds.masking.packed import BLOCK, KEEP, PAD, Blocks, Bytes, Ints, Packed, packed, texts

ROWS = 4_096  # so many rows stay in the processor's cache
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8)
# Two characters of base64 for every 12 bits.
_PAIRS = np.stack([np.repeat(_ALPHABET, 64), np.tile(_ALPHABET, 64)], 1).view(np.uint16).reshape(-1)


class Siv:
    """AES-SIV under a key of 64 bytes, without associated data."""

    def __init__(self, key: bytes) -> None:
        half = len(key) // 2
        self._mac, self._stream, self._one = Cmac(key[:half]), Cmac(key[half:]), AESSIV(key)
        self._zero = np.frombuffer(self._mac.one(ZERO), np.uint64)
        self._zero2 = np.frombuffer(doubled(self._mac.one(ZERO)), np.uint64)

    def seal(self, array: pa.Array) -> pa.Array:
        """Each value's tag and ciphertext in URL-safe base64 without padding; null stays null."""
        values = packed(array)
        parts = [self._sealed(values.part(i, i + ROWS)) for i in range(0, len(values), ROWS)]
        empty = np.zeros(0, np.uint8)
        chars = np.concatenate([chars for chars, _ in parts] or [empty])
        lengths = np.concatenate([lengths for _, lengths in parts] or [np.zeros(0, np.int64)])
        return texts(chars, lengths, array)

    def open(self, token: str) -> bytes:
        """The value of one token. Raises StateError for a token that this key did not make, without naming it."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            if len(sealed) == BLOCK:  # the library does not take the empty value
                return self._empty(sealed)
            return self._one.decrypt(sealed, None)
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise StateError("the token was not made with this key", fix="give the key by which it was made") from error

    def _empty(self, sealed: bytes) -> bytes:
        made = self._mac.encrypt(self._short(PAD[:1]))
        if made.tobytes() != sealed:
            raise InvalidTag
        return b""

    def _sealed(self, values: Packed) -> tuple[Bytes, Ints]:
        """Characters of all tokens, and how many are whose."""
        tags = self._tags(values)
        counts = (values.lengths + BLOCK - 1) // BLOCK
        owner = np.repeat(np.arange(len(values)), counts)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = BLOCK * number
        rest = np.minimum(values.lengths[owner] - at, BLOCK)
        plain = values.block(values.starts[owner] + at)
        cipher = (plain ^ self._stream.encrypt(_counters(tags[owner], number))) & KEEP[rest]
        return _base64(values.lengths + BLOCK, tags, cipher, owner, number)

    def _tags(self, values: Packed) -> Blocks:
        """S2V of one string: its last block, or the padded whole of a short one, is tied to the key first."""
        tied = values.data.copy()
        long = values.lengths >= BLOCK
        if long.any():
            ends = (values.starts + values.lengths)[long] - BLOCK
            places = ends[:, None] + np.arange(BLOCK)
            tied[places] ^= self._zero.view(np.uint8)
        tags = np.empty((len(values), 2), np.uint64)
        tags[long] = self._mac.tags(Packed(tied, values.starts[long], values.lengths[long]))
        rest = values.lengths[~long]
        blocks = values.block(values.starts[~long]) & KEEP[rest] ^ PAD[rest]
        tags[~long] = self._mac.encrypt(self._short(blocks))
        return tags

    def _short(self, padded: Blocks) -> Blocks:
        return padded ^ self._zero2 ^ self._mac.whole


def _counters(tags: Blocks, number: Ints) -> Blocks:
    """The counter of each value's block: the tag without the highest bit of the last two words, plus its number.

    With that bit gone the addition stays in the last word, which is big-endian.
    """
    counters = np.ascontiguousarray(tags)
    counters.view(np.uint8).reshape(-1, BLOCK)[:, [8, 12]] &= 0x7F
    words = counters.view(np.uint32).reshape(-1, 4)
    words[:, 3] = (words[:, 3].byteswap() + number.astype(np.uint32)).byteswap()
    return counters


def _base64(lengths: Ints, tags: Blocks, cipher: Blocks, owner: Ints, number: Ints) -> tuple[Bytes, Ints]:
    """Tag and ciphertext of each value as characters. Three blocks are 64 characters; what is too much is cut out."""
    runs = -(-lengths // (3 * BLOCK))
    starts = np.cumsum(runs) - runs
    blocks = np.zeros((3 * int(runs.sum()), 2), np.uint64)
    blocks[3 * starts] = tags
    blocks[3 * starts[owner] + 1 + number] = cipher
    three = blocks.view(np.uint8).reshape(-1, 3).astype(np.uint32)
    bits = three[:, 0] << 16 | three[:, 1] << 8 | three[:, 2]
    chars = np.stack([_PAIRS[bits >> 12], _PAIRS[bits & 0xFFF]], 1).view(np.uint8).reshape(-1)
    own = (lengths * 4 + 2) // 3
    step = np.zeros(len(chars) + 1, np.int8)
    step[64 * starts] += 1
    step[64 * starts + own] -= 1
    return chars[np.cumsum(step[:-1], dtype=np.int8).view(np.bool_)], own
