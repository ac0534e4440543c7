"""Words: cutting names and sentences into tokens, and telling how alike two words are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_SUFFIXES = (
    "izations", "isations", "ization", "isation", "ations", "ation", "ition", "ments", "ment", "ings", "ing", "ions",
    "ion", "ures", "ure", "ers", "er", "ors", "or", "ness", "ies", "ied", "ed", "es", "als", "al", "ly", "ive", "ent",
    "ant", "s", "e", "y",
)  # fmt: skip
_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "indices": "index",
    "criteria": "criterion",
    "left": "leave", "leaving": "leave", "paid": "pay", "sold": "sell", "sent": "send", "bought": "buy",
    "spent": "spend",
    "status": "status", "address": "address", "addresses": "address", "analysis": "analysis", "series": "series",
    "news": "news", "gas": "gas", "bus": "bus", "buses": "bus", "movies": "movie", "cookies": "cookie", "axis": "axis",
    "diagnoses": "diagnosis", "diagnosis": "diagnosis", "analyses": "analysis", "basis": "basis", "lens": "lens",
    "leaves": "leave", "caches": "cache", "canvas": "canvas", "bias": "bias", "atlas": "atlas",
}  # fmt: skip


@lru_cache(maxsize=65536)
def pieces(name: str) -> tuple[str, ...]:
    """The lower-case words in an identifier: `OrderLines`, `order_lines` and `order-lines` all give (order, lines)."""
    return tuple(piece.lower() for piece in _PIECE.findall(_CAMEL.sub(" ", name)))


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """The singular of an English noun; other words stay as they are."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """What verb and noun forms share: churned, churning and churn; failed and failure; delivery and delivered."""
    word = _IRREGULAR.get(word, word)
    for _ in range(2):
        for suffix in _SUFFIXES:
            if word.endswith(suffix) and len(word) - len(suffix) >= 3:
                word = word[: -len(suffix)]
                break
        else:
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word[:-1] if word.endswith("i") and len(word) > 3 else word


def distance(left: str, right: str, limit: int) -> int:
    """Optimal string alignment distance (insert, delete, change, swap neighbours); `limit + 1` when it is more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit and min(before) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def tolerance(word: str) -> int:
    """How many slips a word of this length may hold and still be recognised."""
    return 0 if len(word) < 4 else 1 if len(word) < 7 else 2


def shortens(short: str, word: str) -> bool:
    """Whether `short` abbreviates `word`: emp, employee; txn, transaction; qty, quantity."""
    if not 2 < len(short) < len(word) - 1 or short[0] != word[0] or not word.isalpha():
        return False
    if word.startswith(short):
        return True
    rest = iter(word[1:])
    skeleton = all(letter in rest for letter in short[1:])
    return skeleton and not set(short[1:]) & set("aeiou") and len(short) * 4 >= len(word)


class Speller:
    """Known words, by first letter and length, so that a slip finds its word in little time."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._shelves: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self.known):
            if len(word) > 3:
                self._shelves.setdefault((word[0], len(word)), []).append(word)

    def correct(self, word: str) -> str:
        """The one nearest known word within tolerance, else the word itself."""
        limit = tolerance(word)
        if word in self.known or not limit or not word.isalpha():
            return word
        best, found = limit + 1, set[str]()
        for size in range(len(word) - limit, len(word) + limit + 1):
            for candidate in self._shelves.get((word[0], size), ()):
                if len(candidate) < 4 or (len(word) == size == 4 and sorted(word) != sorted(candidate)):
                    continue  # short words differ by a letter all the time: hide, hire
                here = distance(word, candidate, min(best, limit, tolerance(candidate) or 1))
                if here < best:
                    best, found = here, {candidate}
                elif here == best and best <= limit:
                    found.add(candidate)
        nouns = {singular(candidate) for candidate in found}
        return min(found, key=lambda c: (abs(len(c) - len(word)), c)) if len(nouns) == 1 else word
