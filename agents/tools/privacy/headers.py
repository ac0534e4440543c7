"""What a column's name says about its cells: a hint in one of many languages, never proof."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from agents.tools.privacy.lexicon import sections
from agents.tools.privacy.normal import fold

# Whole words, starts and ends of words.
_Words = tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]
# What names of columns hang on a word: `telnr`, `mobilnummer`, `adresstxt`.
_NUMBERED = re.compile(r"(?:nr|num|nummer|numero|numer|numara|nummeri|txt|str)\Z")
# Scripts that put no space between words: `手机号`.
_UNSPACED = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_NAMES = re.compile(
    r"(?:^| )(?:(?:first|last|full|given|family|middle|maiden|birth|legal|display|customer|client|patient|employee|"
    r"contact|person|user|member|account holder|card holder|emergency contact|primary contact|next of kin|staff|agent|"
    r"rep|author|guest|student|driver|tenant|buyer|seller|sender|recipient|receiver|payee|payer|applicant)"
    r" names?|name (?:first|last|full)|nom (?:complet|de famille)|nombre completo|(?:f|l|m)name|created by|reported by|"
    r"assigned to|approved by|sales rep|signed by)(?: |$)"
)


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in any writing: snake_case, camelCase, with accents or without."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word for word in re.split(r"[\W_]+", fold(spaced)) if word)


@cache
def suggested(name: str) -> frozenset[str]:
    """The types that a column of this name may hold."""
    words = words_of(name)
    found = {kind for kind, listed in _lexicon().items() if any(_is_one(word, listed) for word in words)}
    if _NAMES.search(" ".join(words)) and not set(words) & {"user", "login"} - {"display"}:
        found.add("PERSON")
    if "PERSON_ROLE" in found and words[-1:] in (("name",), ("names",)):
        found.add("PERSON")
    joined = {"".join(words), *("".join(pair) for pair in pairwise(words))}
    found |= {kind for kind, listed in _lexicon().items() if any(_is_one(word, listed) for word in joined)}
    return frozenset(found)


@cache
def _lexicon() -> dict[str, _Words]:
    made: dict[str, _Words] = {}
    for kind, listed in sections("headers.txt").items():
        words = [fold(word) for word in listed if kind.isupper()]
        if words:
            starts = tuple(word[:-1] for word in words if word.endswith("*"))
            ends = tuple(word[1:] for word in words if word.startswith("*"))
            made[kind] = frozenset(word.strip("*") for word in words), starts, ends
    return made


@cache
def _listed(section: str) -> frozenset[str]:
    return frozenset(sections("headers.txt")[section])


def _is_one(word: str, listed: _Words) -> bool:
    whole, starts, ends = listed
    if _UNSPACED.search(word):
        return any(len(one) > 1 and one in word for one in whole)
    bare = word.rstrip("0123456789")
    stem = _NUMBERED.sub("", bare)
    return (
        bare in whole
        or word in whole
        or (len(stem) > 2 and stem in whole)
        or word.startswith(starts)
        or bare.endswith(ends)
    )


def says(name: str, phrases: tuple[str, ...]) -> bool:
    """Whether the name holds one of the phrases, as words."""
    text = f" {' '.join(words_of(name))} "
    return any(f" {phrase} " in text or f" {phrase.replace(' ', '')} " in text for phrase in phrases)


def names_people(name: str) -> bool:
    """Whether the name asks for a person's name: a bare `name` or `title` does not."""
    return "PERSON" in suggested(name) and not set(words_of(name)) & _listed("not people")


def names_a_role(name: str) -> bool:
    """Whether the name speaks of somebody, who may stand there by name, by number or as a team."""
    return "PERSON_ROLE" in suggested(name) and not set(words_of(name)) & _listed("not people")


def names_others(name: str) -> bool:
    """Whether the name asks for the name of something else."""
    return bool(set(words_of(name)) & _listed("not people")) and not _NAMES.search(" ".join(words_of(name)))


def names_goods(name: str) -> bool:
    """Whether the name asks for a code, a count or a moment."""
    return bool(set(words_of(name)) & _listed("codes"))


def names_other_dates(name: str) -> bool:
    """Whether the name asks for a date that is nobody's birth."""
    return bool(set(words_of(name)) & _listed("not birth"))
