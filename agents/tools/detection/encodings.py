"""Text that was read in the wrong encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agents.tools.detection.evidence import Sign, Suspect, of_value

if TYPE_CHECKING:
    from agents.tools.detection.grid import Column

_MARKS = re.compile("[ÃÂ][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|â€|Ã$|ï»¿|\ufffd")


_MOST = 0.5
"""Where more than this is not text, the column is not: nothing about it stands out."""


def misread(column: Column) -> Iterator[Suspect]:
    """Values with the marks of UTF-8 read as Latin, or with bytes that were no text at all."""
    found = [code for code, value in enumerate(column.values) if not value.isascii() and _MARKS.search(value)]
    if int(column.counts[found].sum()) > _MOST * int(column.counts.sum()):
        return
    for code in found:
        value = column.values[code]
        repair = _read_again(value)
        sure = 0.97 if repair in column.code_of else 0.9
        reason = "characters as they come from reading text in the wrong encoding"
        yield of_value(column, code, Sign(0.93, reason, repair, sure if repair else 0.0))


def _read_again(value: str) -> str | None:
    for encoding in ("cp1252", "latin-1"):
        try:
            text = value.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        return text if text != value else None
    return None
