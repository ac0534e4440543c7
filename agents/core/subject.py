"""A person's identifier as a keyed hash: what is searched for, asked and recorded is the hash, never the value.

Spelling does not count: case, width, spaces, and in numbers the signs between digits.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.core.errors import GoalError

PREFIX = PURPOSE = "subject"
_BETWEEN = re.compile(r"[\s().\-/+]+")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\s,;:<>()\[\]{}\"'|=]+")
_DIGITS = 6
_SIGNS = str.maketrans("", "", " ().-/+")  # of _BETWEEN those that printable ASCII has
MAX_WORDS = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as a request names it: the hash of an identifier, and of how many words the identifier is."""

    hash: str
    words: int

    def __str__(self) -> str:
        return f"{PREFIX}-{self.words}-{self.hash}"


class Hasher:
    """Hashes identifiers with a deployment's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def subject(self, value: str) -> Subject:
        """The subject that an identifier names. GoalError for one that would name half of the world."""
        plain = canonical(value)
        if len(plain) < 3:
            raise GoalError("an identifier has at least three characters", fix="give the e-mail address, or the number")
        return Subject(self.hash(plain), min(len(plain.split()), MAX_WORDS))

    def hash(self, plain: str) -> str:
        """The keyed hash of a canonical identifier."""
        return hashlib.blake2b(plain.encode(), key=self._key, digest_size=16).hexdigest()

    def hash_of(self, value: object) -> str:
        """The keyed hash of a cell's value."""
        return self.hash(canonical(value))

    @property
    def fingerprint(self) -> str:
        """Tells keys apart, and nothing of them: hashes of different keys never meet."""
        return self.hash("\n")[:16]

    def among(self, values: Sequence[str], wanted: Collection[str]) -> list[bool]:
        """Which of these texts are one of the identifiers whose hashes are `wanted`; made for whole columns."""
        known = {bytes.fromhex(each) for each in wanted}
        fresh = hashlib.blake2b(key=self._key, digest_size=16).copy
        found: list[bool] = []
        for plain in canonical_all(values):
            state = fresh()
            state.update(plain.encode())
            found.append(state.digest() in known)
        return found

    def mentioned(self, texts: Sequence[str], wanted: Mapping[int, Collection[str]]) -> list[str]:
        """The texts that mention somebody: `wanted` has by number of words the hashes of identifiers.

        As `spans` finds them, made for whole columns: each run of words that occurs is hashed once.
        """
        found: dict[str, None] = {}
        for words, hashes in wanted.items():
            said = set(_WORD.findall("\n".join(texts)) if words == 1 else _runs(texts, words))
            runs = [run for run in (run.rstrip(".!?") for run in said) if run]
            hits = [run for run, hit in zip(runs, self.among(runs, hashes), strict=True) if hit]
            found |= dict.fromkeys(text for text in texts if any(hit in text for hit in hits)) if hits else {}
        return list(found)

    def names(self, value: object, wanted: Subject) -> bool:
        """Whether a cell's value is the identifier."""
        return self.hash_of(value) == wanted.hash

    def spans(self, text: str, wanted: Subject) -> Iterator[tuple[int, int]]:
        """Where a text mentions the identifier."""
        found = list(_WORD.finditer(text))
        for at in range(len(found) - wanted.words + 1):
            start, end = found[at].start(), found[at + wanted.words - 1].end()
            said = text[start:end].rstrip(".!?")
            if said and self.hash(canonical(said)) == wanted.hash:
                yield start, start + len(said)


def _runs(texts: Iterable[str], words: int) -> Iterator[str]:
    """Every run of so many words in the texts, as it is written there."""
    for text in texts:
        ends = [found.span() for found in _WORD.finditer(text)]
        for (start, _), (_, end) in zip(ends, ends[words - 1 :], strict=False):
            yield text[start:end]


def parse_subject(text: str) -> Subject:
    """The inverse of `str(subject)`. GoalError for anything else: an identifier must not be written into a goal."""
    found = re.fullmatch(rf"{PREFIX}-([1-9])-([0-9a-f]{{32}})", text)
    if found is None:
        raise GoalError("this is no subject", fix="adp privacy subject find prints it: a keyed hash, never the value")
    return Subject(found[2], int(found[1]))


def canonical(value: object) -> str:
    """An identifier without what spelling adds."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
    number = _BETWEEN.sub("", text)
    if number.isalnum() and sum(character.isdigit() for character in number) >= _DIGITS:
        return number
    return _SPACE.sub(" ", text)


def canonical_all(values: Sequence[str]) -> list[str]:
    """The same of many texts at once."""
    joined = "\n".join(values)
    if not (joined.isascii() and joined.count("\n") == len(values) - 1 and joined.replace("\n", "").isprintable()):
        plain = [value for value in values if value.isascii() and value.isprintable()]
        made = iter(_plain(plain))
        return [next(made) if value.isascii() and value.isprintable() else canonical(value) for value in values]
    return _plain(values, joined)


def _plain(values: Sequence[str], joined: str = "") -> list[str]:
    """`canonical` of printable ASCII: of its spaces there is one, and of its letters none changes but by case."""
    if not values:
        return []
    lower = (joined or "\n".join(values)).lower()
    return [
        number if number.isalnum() and _is_number(number) else _single(text.strip(" "))
        for number, text in zip(lower.translate(_SIGNS).split("\n"), lower.split("\n"), strict=True)
    ]


def _is_number(text: str) -> bool:
    return len(text) >= _DIGITS and (text.isdigit() or sum(map(str.isdigit, text)) >= _DIGITS)


def _single(text: str) -> str:
    return _SPACE.sub(" ", text) if "  " in text else text
