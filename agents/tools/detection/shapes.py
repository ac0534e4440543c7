"""The shape of values: what kinds of characters stand where, exact or with runs taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Bytes = np.ndarray[Any, np.dtype[np.uint8]]
    Ends = np.ndarray[Any, np.dtype[np.int64]]

_SHAPED = 120
_SAME = {"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", "“": '"', "”": '"'}
_OTHER = "\x7f"
"""A sign outside of ASCII."""


@dataclass(frozen=True)
class Shapes:
    """For each value its shape at three levels of detail.

    `exact` keeps every character's kind (`Aaaa 99-9`), `runs` takes equal kinds together (`Aa 9-9`), `words` forgets
    case and how many words there are (`a 9-9`).
    """

    exact: list[str]
    runs: list[str]
    words: list[str]


def shape_of(text: str) -> str:
    """The exact shape of one value."""
    return text.translate(_KINDS)


class _Kinds(dict[int, str]):
    """Each character's kind, found once."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = _kind(chr(code))
        return kind


_KINDS = _Kinds()


def _kind(char: str) -> str:
    if char.isalpha():
        return "A" if char.isupper() else "a"
    if char.isnumeric():
        return "9"
    return char if char.isascii() else _SAME.get(char, _OTHER)


def shapes_of(values: Sequence[str]) -> Shapes:
    """Shapes of the start of each value: all values at once, as bytes, since most columns are ASCII."""
    import numpy as np

    starts = [v[:_SHAPED].rstrip() if v.isascii() else shape_of(v[:_SHAPED].rstrip()) for v in values]
    text = np.frombuffer("".join(starts).encode("ascii"), dtype=np.uint8)
    ends = np.cumsum([len(start) for start in starts], dtype=np.int64)
    kinds = np.array([ord(_kind(chr(code))) for code in range(128)], dtype=np.uint8)
    exact = kinds[text]
    runs, run_ends = _kept(exact, ends, ~_repeating(exact, ends))
    letters = np.where(runs == ord("A"), np.uint8(ord("a")), runs)
    one, one_ends = _kept(letters, run_ends, ~_repeating(letters, run_ends))
    words, word_ends = _kept(one, one_ends, ~_further_words(one, one_ends))
    return Shapes(_texts(exact, ends), _texts(runs, run_ends), _texts(words, word_ends))


def _first(text: Bytes, ends: Ends) -> np.ndarray[Any, Any]:
    """Which bytes are the first of their value."""
    import numpy as np

    first = np.zeros(text.size + 1, dtype=bool)
    first[0] = True
    first[ends] = True
    return first[: text.size]


def _repeating(text: Bytes, ends: Ends) -> np.ndarray[Any, Any]:
    """Letters and digits that follow one of their own kind."""
    import numpy as np

    same = np.zeros(text.size, dtype=bool)
    same[1:] = (text[1:] == text[:-1]) & np.isin(text[1:], np.frombuffer(b"Aa9", dtype=np.uint8))
    return same & ~_first(text, ends)


def _further_words(text: Bytes, ends: Ends) -> np.ndarray[Any, Any]:
    """A blank and a word that follow a word."""
    import numpy as np

    further = np.zeros(text.size, dtype=bool)
    if text.size < 3:
        return further
    letter, first = text == ord("a"), _first(text, ends)
    blank = (text[1:-1] == ord(" ")) & letter[:-2] & letter[2:] & ~first[1:-1] & ~first[2:]
    further[1:-1] |= blank
    further[2:] |= blank
    return further


def _kept(text: Bytes, ends: Ends, keep: np.ndarray[Any, Any]) -> tuple[Bytes, Ends]:
    import numpy as np

    reached = np.concatenate([[0], np.cumsum(keep)])
    return text[keep], reached[ends]


def _texts(text: Bytes, ends: Ends) -> list[str]:
    whole = text.tobytes().decode("ascii")
    stops = ends.tolist()
    return [whole[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]
