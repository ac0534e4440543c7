"""How a value is shown without showing it."""

from __future__ import annotations

import re

_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
LONGEST = 40


def shape_of(value: str) -> str:
    """Letters as x or X, digits as 9, control characters as a dot; what is long is cut."""
    short = value.strip()[:LONGEST]
    drawn = "".join(_drawn(character) for character in short)
    return drawn + ("..." if len(value.strip()) > LONGEST else "")


def _drawn(character: str) -> str:
    if _DIGIT.match(character):
        return "9"
    if _LETTER.match(character):
        return "X" if character.isupper() else "x"
    return character if character.isprintable() else "."
