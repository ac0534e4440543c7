"""A person's identifier as a keyed hash: what is searched for, asked and recorded is the hash, never the value.

Spelling does not count: case, width, spaces, and in numbers the signs between digits.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agents.core.errors import GoalError

PREFIX = "subject"
_BETWEEN = re.compile(r"[\s().\-/+]+")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\s,;:<>()\[\]{}\"'|=]+")
_DIGITS = 6
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
