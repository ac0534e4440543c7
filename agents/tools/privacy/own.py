"""What Presidio misses in texts: national ids, cards of newer series, numbers that words name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from agents.tools.privacy.checksums import luhn
from agents.tools.privacy.found import Span
from agents.tools.privacy.ids import IdKind
from agents.tools.privacy.ids_world import KINDS
from agents.tools.privacy.normal import compact, shape

_TOKEN = re.compile(r"(?<![\w@+])(?=[A-Za-z]{0,6}\d)[0-9A-Za-z]{8,19}(?!\w)", re.A)
_CARD = re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]\d{4,6}){2}(?:[ -]\d{2,7})?(?![\w-])", re.A)
CARD_WORDS = re.compile(r"\b(?:card|cc|credit|visa|mastercard|amex|maestro|jcb|karte|carte|tarjeta)\b")
_LICENCE = re.compile(
    r"\b(?:driver'?s?|driving) licen[sc]e[^.\n]{0,20}?((?=[A-Z0-9-]*\d{3})[A-Z0-9][A-Z0-9-]{4,18}[A-Z0-9])(?!\w)", re.I
)
# As the states print them (alone in a cell nothing else is grouped so): Illinois and Wisconsin, Florida, Maryland,
# Minnesota, Michigan, New Jersey; without separators a letter and twelve digits, which four states give.
_STATES = re.compile(
    r"[A-Z]\d{3}-\d{4}-\d{4}(?:-\d\d)?|[A-Z]\d{3}-\d{3}-\d\d-\d{3}(?:-\d)?|[A-Z]-\d{3}-\d{3}-\d{3}-\d{3}|"
    r"[A-Z] \d{3} \d{3} \d{3} \d{3}|[A-Z]\d{4} \d{5} \d{5}|[A-Z]\d{12}",
    re.A,
)
_CLOCK = re.compile(r"[A-Z](?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")  # a code made of the day
# What a text must hold for any recognizer of ours (phones in words too) to find something in it.
GATE = "|".join(
    [rf"\b[a-z]{{{n}}}[0-9][0-9a-z]{{{7 - n}}}" for n in range(7)]
    + [r"[0-9][0-9 ()./-]{4,}[0-9]", r"[0-9a-z]{2}[ .-][0-9]", "driver|driving"]
)
_BEFORE, _AFTER = 64, 16
# How sure a number is that fits its kind's check, by how it is written; without separators words must name it.
_WRITTEN, _LETTERED, _BARE, _NAMED = 0.75, 0.8, 0.45, 0.3


def before(text: str, start: int) -> str:
    """The words before a place, in lower case."""
    return text[max(0, start - _BEFORE) : start].lower()


def after(text: str, end: int) -> str:
    """The words after a place, in lower case."""
    return text[end : end + _AFTER].lower()


@cache
def _by_length() -> dict[int, tuple[IdKind, ...]]:
    """The kinds that a token of so many characters may be."""
    return {size: tuple(kind for kind in KINDS if size in kind.sizes) for size in range(8, 20)}


@cache
def _written() -> tuple[re.Pattern[str], dict[str, tuple[IdKind, ...]]]:
    """One pattern for every way with separators, and the kinds that are written so."""
    shapes: dict[str, tuple[IdKind, ...]] = {}
    for kind in KINDS:
        for way in kind.written:
            shapes[way] = (*shapes.get(way, ()), kind)
    ordered = sorted(shapes, key=len, reverse=True)
    drawn = (re.escape(way).replace("9", r"\d").replace("A", "[A-Za-z]") for way in ordered)
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(drawn)})(?![\w-]|\.\d)", re.A), shapes


def own_spans(text: str) -> list[Span]:
    """National ids and cards in a text, each checked; the surer the less another number could pass."""
    return [*_with_separators(text), *_tokens(text), *_cards(text), *_licences(text)]


def _with_separators(text: str) -> Iterator[Span]:
    pattern, shapes = _written()
    for match in pattern.finditer(text):
        value, told = compact(match[0]), before(text, match.start())
        for kind in shapes[shape(match[0])]:
            if kind.type != "US_SSN" and kind.fits(value):
                named = any(word in told for word in kind.words)
                score = max(0.0, _WRITTEN - 2 * kind.chance) + (_NAMED if named else 0.0)
                yield Span(match.start(), match.end(), kind.type, min(1.0, score))


def _tokens(text: str) -> Iterator[Span]:
    for match in _TOKEN.finditer(text):
        token = match[0]
        value, alone = token.upper(), len(text.strip()) == len(token)
        lettered = not value.isdigit()
        told = ""
        for kind in _by_length().get(len(value), ()):
            if not kind.fits(value):
                continue
            told = told or before(text, match.start()) or " "
            named = any(word in told for word in kind.words)
            sure = _LETTERED - kind.chance if lettered else 0.6 if kind.chance <= 0.01 else 0.1
            if alone and kind.chance <= 0.1 and len(value) == 11:  # fewer digits may be a phone, more anything
                sure = max(sure, _BARE - kind.chance / 2)
            yield Span(match.start(), match.end(), kind.type, min(1.0, sure + (_NAMED + 0.1 if named else 0.0)))


def _cards(text: str) -> Iterator[Span]:
    card = next(kind for kind in KINDS if kind.type == "CREDIT_CARD")
    for match in _CARD.finditer(text):
        if card.fits(compact(match[0])):
            yield Span(match.start(), match.end(), card.type, 0.95)
    for match in _TOKEN.finditer(text):
        token = match[0]
        if not 12 <= len(token) <= 19 or not token.isdigit():
            continue
        if card.fits(token) and len(token) > 13:
            yield Span(match.start(), match.end(), card.type, 0.9)
        elif luhn(token) and CARD_WORDS.search(before(text, match.start())[-24:]):
            yield Span(match.start(), match.end(), card.type, 0.8)


def _licences(text: str) -> Iterator[Span]:
    for match in _LICENCE.finditer(text):
        yield Span(match.start(1), match.end(1), "US_DRIVER_LICENSE", 0.75)
    alone = text.strip()
    if _STATES.fullmatch(alone) and not _CLOCK.match(alone):
        start = text.index(alone)
        yield Span(start, start + len(alone), "US_DRIVER_LICENSE", 0.42 if alone.isalnum() else 0.5)
