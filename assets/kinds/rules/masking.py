"""Values of a table as they may be shown: personal data never reaches metadata."""

from __future__ import annotations

import re
from typing import Any

_LONGEST = 40
SHOWN = _LONGEST + 1
"""Of a text, as much as this is looked at."""


def shape(text: str) -> str:
    """The form of a text without its content: `Ann.Lee@x.org` is `Aaa.Aaa@a.aaa`, `0176-12` is `9999-99`."""
    masked = "".join(_class(char) for char in text[:_LONGEST])
    return masked if len(text) <= _LONGEST else f"{masked}…"


def _class(char: str) -> str:
    if char.isalpha():
        return "A" if char.isupper() else "a"
    if char.isnumeric():
        return "9"
    return char if char.isprintable() else " "


def shown(value: Any, *, category: bool) -> str:
    """A value as an example: text as its shape, unless its column is a category and it does not look personal.

    A number of seven digits in a row is of that length what cards, phones and persons are known by.
    """
    if not isinstance(value, str):
        text = str(value)
        return shape(text) if re.search(r"\d{7}", text.partition(".")[0]) else text
    personal = "@" in value or len(re.findall(r"\d", value)) >= 5 or len(value) > _LONGEST
    return repr(value) if category and not personal else shape(value)
