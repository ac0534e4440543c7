"""Rare values, and rare words inside of values, that are a slip away from frequent ones."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value
from agents.tools.detection.neighbours import Neighbours, allowed, in_digits_only, one_letter_for_another, slips

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_TIMES = 5
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{5,}")
_WORD_TIMES = 5


def misspelt(column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Rare values close to a value that is many times more frequent.

    Where frequent values are themselves close to each other, closeness says little, and confidence is less.
    """
    counts = {value: int(n) for value, n, none in zip(column.values, column.counts, missing, strict=True) if not none}
    rows = sum(counts.values())
    known = [v for v, n in counts.items() if n >= 3 and _LETTER.search(v) and len(v) <= 400]
    rare = [v for v, n in counts.items() if n <= max(2, 0.025 * rows) and _LETTER.search(v) and len(v) <= 400]
    if not known or not rare or rows < 20:
        return
    neighbours = Neighbours(known)
    by_chance = _crowded(neighbours, counts, rows)
    found = neighbours.nearest(rare)
    words: Counter[str] = Counter()
    for value, count in counts.items() if any(" " in value for value in found) else ():
        words.update(dict.fromkeys(_words(value), count))
    for value, near in found.items():
        likely = [(o, d) for o, d in near if counts[o] >= _TIMES * counts[value] and not in_digits_only(value, o)]
        likely = [(o, d) for o, d in likely if not _other_words(value, o, words, counts[value])]
        if likely:
            sign = _sign(value, likely, counts, by_chance)
            yield of_value(column, column.code_of[value], sign)


def _crowded(neighbours: Neighbours, counts: dict[str, int], rows: int) -> float:
    """Share of frequent values that have another one close by which is about as frequent."""
    frequent = sorted((v for v in counts if counts[v] >= max(5, 0.002 * rows)), key=lambda v: -counts[v])[:300]
    if len(frequent) < 5:
        return 0.05
    near = 0
    for value in frequent:
        alike = (o for o in neighbours.close(value) if not in_digits_only(value, o))
        near += any(counts[o] >= 3 and 0.1 <= counts[o] / counts[value] <= 10 for o in alike)
    return near / len(frequent)


def _words(value: str) -> list[str]:
    return re.findall(r"\w+", value.lower())


def _other_words(value: str, other: str, words: Counter[str], count: int) -> bool:
    """Whether two texts differ in whole words: `dark ale` is no slip of `pale ale`, nor is `maple` one of `ample`."""
    mine, theirs = _words(value), _words(other)
    if len(mine) < 2 or len(mine) != len(theirs):
        return False
    pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
    if pairs and all(words[a] - count >= max(3, 2 * count) for a, _ in pairs):
        return True
    return any(slips(a, b) > allowed(a) and not one_letter_for_another(a, b) for a, b in pairs)


def _sign(value: str, likely: list[tuple[str, int]], counts: dict[str, int], by_chance: float) -> Sign:
    best = max(likely, key=lambda item: (-item[1], counts[item[0]]))
    rivals = sum(counts[other] for other, distance in likely if distance == best[1])
    times = counts[best[0]] / counts[value]
    short = 0.62 if len(value) < 4 else 0.85 if len(value) < 6 else 1.0
    confidence = 0.95 * short * (1 - by_chance) ** 2 * min(1.0, 0.62 + 0.02 * times)
    sure = 0.97 * counts[best[0]] / rivals * (1 - by_chance) * (0.85 if len(value) < 4 else 1.0)
    if sum(map(str.isnumeric, value)) != sum(map(str.isnumeric, best[0])):
        sure *= 0.5  # a digit is lost or overwritten: any other would do as well
    return Sign(
        confidence, f"{best[1]} slip(s) away from a value that is {round(times)} times as frequent", best[0], sure
    )


def misspelt_words(column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Values with a word that nothing else in the column has, a slip away from a frequent word."""
    places: dict[str, list[int]] = defaultdict(list)
    tally: Counter[str] = Counter()
    for code, value in enumerate(column.values):
        if missing[code]:
            continue
        for word in set(_WORD.findall(value)):
            tally[word] += int(column.counts[code])
            if len(places[word]) < 4:
                places[word].append(code)
    known = [word for word, count in tally.items() if count >= 4]
    rare = [word for word, count in tally.items() if count <= 2 and len(places[word]) <= 2]
    if not known or not rare:
        return
    neighbours = Neighbours(known)
    by_chance = _crowded(neighbours, dict(tally), 0)
    pairs = Counter(pair for word, count in tally.items() if count > 2 for pair in _pairs(word))
    for word in rare:
        likely = [
            o for o in neighbours.close(word) if tally[o] >= _WORD_TIMES * tally[word] and not _inflected(word, o)
        ]
        if not likely:
            continue
        best = max(likely, key=lambda other: (tally[other], other))
        odd = any(pairs[pair] == 0 for pair in _pairs(word))
        confidence = (0.8 if odd else 0.5) * (1 - by_chance) ** 2 * min(1.0, 0.4 + 0.1 * len(word))
        sure = 0.92 * tally[best] / sum(tally[other] for other in likely) * (1 - by_chance)
        if len(word) != len(best) and word[0] != best[0]:
            sure *= 0.7  # a letter in front may be an initial
        for code in places[word]:
            repair = re.sub(rf"(?<![^\W\d_]){word}(?![^\W\d_])", best, column.values[code])
            reason = f"a word that is a slip away from one that {tally[best]} rows have"
            yield of_value(column, code, Sign(confidence, reason, repair, sure))


def _pairs(word: str) -> list[str]:
    framed = f"^{word.lower()}$"
    return [framed[at : at + 3] for at in range(len(framed) - 2)]


def _inflected(one: str, other: str) -> bool:
    """Whether two words differ in case or ending alone, as forms of one word do."""
    one, other = one.lower(), other.lower()
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= min(len(one), len(other)) - 1
