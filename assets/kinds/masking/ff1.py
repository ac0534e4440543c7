"""FF1 (NIST SP 800-38G): digits become other digits, letters other letters, one to one under a key.

Why this one: a reader that checks the shape of a value (a form, a legacy column of ten digits) cannot take a pseudonym
of 32 characters. FF1 is the published construction that is left: FF3 was withdrawn after attacks. The standard asks for
a million possible values (six digits): shorter ones are permuted as well, and are then as safe as so few values can be,
which is a matter of who sees pairs of both. Numerals whose halves fit into 32 bits (18 digits, 12 letters) are worked
on as arrays; longer ones share the cipher's calls alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.kinds.masking.cmac import Cmac
from assets.kinds.masking.packed import BLOCK, Blocks

ROUNDS = 10
_HALF = 4  # bytes of a half that a round of many values takes
Digits = NDArray[np.uint64]


class Ff1:
    """FF1 encryption under an AES key."""

    def __init__(self, key: bytes) -> None:
        self._aes = Cmac(key)

    def many(self, radix: int, digits: Digits, tweak: bytes = b"") -> Digits:
        """Numerals `(n, length)` of one length, each row by itself."""
        rows, length = digits.shape
        if length == 0 or rows == 0:
            return digits
        if length == 1:  # FF1 needs two: a permutation drawn with the key
            return self._permutation(radix)[digits]
        if tweak or _bytes(radix, length - length // 2) > _HALF:
            return self._long(radix, digits, tweak)
        return self._short(radix, digits)

    def _long(self, radix: int, digits: Digits, tweak: bytes) -> Digits:
        """Steps as in the standard's algorithm 7."""
        length = digits.shape[1]
        left, right = length // 2, length - length // 2
        size = _bytes(radix, right)
        wide = 4 * -(-size // 4) + 4
        start = self._aes.encrypt(np.frombuffer(self._head(radix, length, len(tweak)), np.uint64).reshape(-1, 2))
        low, high = (_numbers(radix, part) for part in (digits[:, :left], digits[:, left:]))
        fixed = tweak + bytes((-len(tweak) - size - 1) % BLOCK)
        for turn in range(ROUNDS):
            modulus = radix ** (left if turn % 2 == 0 else right)
            text = b"".join(fixed + bytes([turn]) + int(number).to_bytes(size, "big") for number in high)
            state = start
            for block in np.frombuffer(text, np.uint64).reshape(len(digits), -1, 2).swapaxes(0, 1):
                state = self._aes.encrypt(state ^ block)
            low, high = high, (low + _streams(self._aes, state, wide)) % modulus
        return np.concatenate([_numerals(radix, low, left), _numerals(radix, high, right)], 1)

    def _short(self, radix: int, digits: Digits) -> Digits:
        length = digits.shape[1]
        left, right = length // 2, length - length // 2
        size = _bytes(radix, right)
        start = np.frombuffer(self._aes.one(self._head(radix, length, 0), raw=True), np.uint64)
        low, high = digits[:, :left] @ _powers(radix, left), digits[:, left:] @ _powers(radix, right)
        for turn in range(ROUNDS):
            modulus = np.uint64(radix ** (left if turn % 2 == 0 else right))
            block = np.zeros((len(digits), 2), np.uint64)
            words = block.view(np.uint32).reshape(-1, 4)
            words[:, 3] = high.astype(np.uint32).byteswap()
            block.view(np.uint8).reshape(-1, BLOCK)[:, BLOCK - 1 - size] = turn
            mixed = self._aes.encrypt(block ^ start)
            low, high = high, (low + mixed[:, 0].byteswap() % modulus) % modulus
        halves = (low[:, None] // _powers(radix, left), high[:, None] // _powers(radix, right))
        return np.concatenate(halves, 1) % np.uint64(radix)

    def _head(self, radix: int, length: int, tweak: int) -> bytes:
        parts = (bytes([1, 2, 1]), radix.to_bytes(3, "big"), bytes([ROUNDS, length // 2 % 256]))
        return b"".join((*parts, length.to_bytes(4, "big"), tweak.to_bytes(4, "big")))

    def _permutation(self, radix: int) -> Digits:
        drawn = [self._aes.one(b"one digit" + bytes([radix, digit])) for digit in range(radix)]
        return np.array(sorted(range(radix), key=drawn.__getitem__), np.uint64)


def _bytes(radix: int, width: int) -> int:
    """How many bytes hold every number of that width."""
    return -(-(radix**width - 1).bit_length() // 8)


def _powers(radix: int, width: int) -> Digits:
    return np.array([radix**place for place in reversed(range(width))], np.uint64)


def _numbers(radix: int, digits: Digits) -> Any:
    """Numbers of any size: Python's own, in an array."""
    return digits.astype(object) @ np.array([radix**place for place in reversed(range(digits.shape[1]))], object)


def _numerals(radix: int, numbers: Any, width: int) -> Digits:
    powers = np.array([radix**place for place in reversed(range(width))], object)
    return (numbers[:, None] // powers % radix).astype(np.uint64)


def _streams(aes: Cmac, state: Blocks, wide: int) -> Any:
    """The first `wide` bytes of each row's stream as a number."""
    blocks = [state]
    for number in range(1, -(-wide // BLOCK)):
        blocks.append(aes.encrypt(state ^ np.frombuffer(number.to_bytes(BLOCK, "big"), np.uint64)))
    rows = np.concatenate(blocks, 1).view(np.uint8)[:, :wide]
    return np.array([int.from_bytes(row.tobytes(), "big") for row in rows], object)
