"""Texts made comparable: full-width digits, odd dashes and blanks, hidden characters."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LABEL = re.compile(r"[A-Za-z][A-Za-z _./#-]{0,20}[:=#]\s*")
_SEPARATORS = re.compile(r"[\s\-./]+")
_EDGES = " \t\r\n\"'<>[]{};,"


class _Levelled(dict[int, str]):
    """One character for one: places in the text stay what they are."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if 0xFF01 <= code <= 0xFF5E:
            made = chr(code - 0xFEE0)
        elif (digit := unicodedata.decimal(character, None)) is not None:
            made = str(digit)
        else:
            kind = unicodedata.category(character)
            made = "-" if kind == "Pd" or code == 0x2212 else " " if kind in ("Zs", "Zl", "Zp") else character
            if kind == "Cc" and character not in "\n\t\r":
                made = " "
        self[code] = made
        return made


_LEVELLED = _Levelled()


def level(text: str) -> str:
    """The same length, with ASCII digits, dashes and blanks in place of their look-alikes."""
    return text if text.isascii() and text.isprintable() else text.translate(_LEVELLED)


def visible(text: str) -> tuple[str, list[int] | None]:
    """The text without hidden characters, and where each character of it stood (None where nothing was hidden)."""
    if text.isascii() or not _HIDDEN.search(text):
        return text, None
    places = [place for place, character in enumerate(text) if not _HIDDEN.match(character)]
    return "".join(text[place] for place in places), places


def clean(cell: str) -> str:
    """A cell as a person reads it: levelled, without hidden characters, quotes around or a label before."""
    text = level(visible(cell)[0]).strip(_EDGES)
    label = _LABEL.match(text)
    return text[label.end() :].strip(_EDGES) if label and label.end() < len(text) and "://" not in text else text


def compact(value: str) -> str:
    """In capitals, without blanks, dashes, dots and slashes."""
    return _SEPARATORS.sub("", value).upper()


def shape(value: str) -> str:
    """Digits as 9, letters as A, the rest as it is."""
    return re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", value))


def fold(text: str) -> str:
    """Lower case without accents."""
    low = text.lower().replace("\u00df", "ss").replace("\u00f8", "o").replace("\u0142", "l").replace("\u0131", "i")
    if low.isascii():
        return low
    return "".join(c for c in unicodedata.normalize("NFD", low) if not unicodedata.combining(c))
