"""Cron lines of five fields, UTC."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_PART = re.compile(r"^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$")


@cache
def cron_problem(line: str) -> str:
    """What to do about a cron line that is not a five-field one; empty when it is."""
    parts = line.split()
    if len(parts) != 5:
        return "write five fields: minute hour day month weekday, e.g. '0 2 * * *'"
    if all(_plain_cron(part, *limits) for part, limits in zip(parts, _CRON_RANGES, strict=True)):
        return ""
    from croniter import croniter  # names, last days and errors; importing it costs a run's start 0.1 s

    return "" if croniter.is_valid(line) else "mend the field, e.g. '0 2 * * *' is daily at 02:00 UTC"


def longest_pause(line: str, now: float) -> float:
    """Seconds between two ticks at most, of the last dozen before `now` (seconds since 1970): from Friday to Monday."""
    from croniter import croniter

    ticks = croniter(line, now)
    moments = [ticks.get_prev(float) for _ in range(12)]
    return max(later - earlier for later, earlier in pairwise(moments))


def _plain_cron(field_text: str, low: int, high: int) -> bool:
    """Whether a field is numbers, ranges, steps and stars, all within their limits."""
    for part in field_text.split(","):
        match = _CRON_PART.match(part)
        if not match:
            return False
        first, last, step = (int(text) if text else None for text in match.groups())
        if step == 0 or (first is not None and not low <= first <= (last if last is not None else high) <= high):
            return False
    return True
