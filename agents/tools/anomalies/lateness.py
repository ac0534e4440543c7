"""Whether a refresh is overdue, by the pauses there used to be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from resources.markdown import duration

_RECENT = 30
# Half as long again as the longest pause lately, and a little more, is late: weekends and slow days are among those.
_LATE, _GRACE_SECONDS = 1.5, 600.0


def late(times: Sequence[float], now: float) -> str:
    """Why the next refresh after `times` (seconds, oldest first) is overdue; empty if it is not."""
    pauses = [later - earlier for earlier, later in pairwise(times[-_RECENT - 1 :])]
    if not pauses or now - times[-1] <= _LATE * max(pauses) + _GRACE_SECONDS:
        return ""
    return f"no refresh for {duration(now - times[-1])}, where the longest pause lately was {duration(max(pauses))}"
