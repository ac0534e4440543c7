"""Texts that are nearly equal, found without comparing each with each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

_COMPARED = 400
_ASKED = 4_000
_SHORT = 20
_CROWD = 100


class Neighbours:
    """Finds which of some known texts are close to a given one: a slip of one letter, or a few in a long text.

    A slip leaves what remains without one character in common; in longer texts, it leaves one half as it is.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self._known = [text for text in known if len(text) >= 2]
        self._by_rest: dict[str, list[str]] = {}
        self._by_half: dict[tuple[int, bool, str], list[str]] = {}
        for text in self._known:
            if len(text) <= _SHORT + 1:
                for rest in set(_rests(text)):
                    self._by_rest.setdefault(rest, []).append(text)
            if len(text) >= _SHORT:
                half = len(text) // 2
                self._by_half.setdefault((len(text), True, text[:half]), []).append(text)
                self._by_half.setdefault((len(text), False, text[half:]), []).append(text)

    def close(self, text: str) -> set[str]:
        """Known texts one lost, added, exchanged or swapped character away."""
        if len(text) < 2 or not self._known:
            return set()
        found = self._sharing_rest(text) if len(text) <= _SHORT else self._sharing_half(text)
        found.discard(text)
        return {other for other in found if slips(text, other) <= 1}

    def _sharing_rest(self, text: str) -> set[str]:
        return {other for rest in _rests(text) for other in self._by_rest.get(rest, ())}

    def _sharing_half(self, text: str) -> set[str]:
        found: set[str] = set()
        for length in (len(text) - 1, len(text), len(text) + 1):
            half = length // 2
            found.update(self._by_half.get((length, True, text[:half]), ())[:_CROWD])
            found.update(self._by_half.get((length, False, text[half - length :]), ())[:_CROWD])
        return found

    def nearest(self, texts: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        """For each text the known ones within the slips that its length allows, with how many; nearest first."""
        found: dict[str, list[tuple[str, int]]] = {}
        for text in texts:
            near = self.close(text)
            if near:
                found[text] = [(other, 1) for other in sorted(near)]
        rest = [text for text in texts if text not in found and len(text) >= 4][:_ASKED]
        if rest and len(self._known) <= _COMPARED:
            self._compared(rest, found)
        return found

    def _compared(self, texts: Sequence[str], found: dict[str, list[tuple[str, int]]]) -> None:
        import numpy as np
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import cdist

        table = cdist(texts, self._known, scorer=OSA.distance, dtype=np.int32, workers=1)
        for place, text in enumerate(texts):
            near = [
                (self._known[other], int(table[place, other]))
                for other in np.flatnonzero(table[place] <= max(1, len(text) // 2)).tolist()
                if self._known[other] != text
            ]
            near = [(o, d) for o, d in near if d <= allowed(text) or one_letter_for_another(text, o)]
            if near:
                found[text] = sorted(near, key=lambda item: (item[1], item[0]))


def slips(one: str, other: str) -> int:
    """Slips of the keyboard between two texts: letters lost, added, exchanged, or swapped with the next."""
    return int(_distance()(one, other))


@cache
def _distance() -> Callable[[str, str], int]:
    from rapidfuzz.distance import OSA

    return OSA.distance


def allowed(text: str) -> int:
    """How many slips leave a text of this length recognizable."""
    return 1 if len(text) < 8 else 2 if len(text) < 14 else 3 if len(text) < 24 else min(12, len(text) // 8)


def one_letter_for_another(text: str, other: str) -> bool:
    """Whether one text is the other with one character put in another's place wherever that stands."""
    if len(text) != len(other):
        return False
    changed = [(a, b) for a, b in zip(text, other, strict=True) if a != b]
    return bool(changed) and len({a for a, _ in changed}) == 1 and len({b for _, b in changed}) <= 2


def in_digits_only(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but digits: other numbers, not other spellings."""
    return _undigited(one) == _undigited(other)


def _undigited(text: str) -> str:
    return "".join(char for char in text if not char.isnumeric() and not char.isspace())


def _rests(text: str) -> Iterable[str]:
    yield text
    for at in range(len(text)):
        yield text[:at] + text[at + 1 :]
