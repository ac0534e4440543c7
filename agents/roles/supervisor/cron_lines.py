"""Which texts are cron lines."""

from __future__ import annotations

import re


def is_cron(line: str) -> bool:
    """Whether five fields of numbers, ranges, lists and steps lie within what cron allows."""
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    return all(_is_field(part, *limit) for part, limit in zip(line.split(), limits, strict=True))


def _is_field(part: str, low: int, high: int) -> bool:
    return all(_is_entry(entry, low, high) for entry in part.split(","))


def _is_entry(entry: str, low: int, high: int) -> bool:
    match = re.fullmatch(r"(\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", entry)
    if not match or match[4] == "0":
        return False
    return all(low <= int(number) <= high for number in (match[2], match[3]) if number)
