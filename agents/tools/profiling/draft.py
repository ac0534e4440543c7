"""A column's profile in the making, and what its numbers say about its ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.tools.profiling.profile import Negatives, Quantities, Semantic, Tail
from assets.kinds.rules.columns import TIMES, Column

HORIZONS = (0, 1, 2, 4, 8, 16, 32, 64)
"""Days ahead at which times are counted."""
_SEVERAL, _FAR, _FAR_TIMES = 3, 10, 3
"""Rows, and multiples of the tail's own reach, from which on an end is a mistake; times have no heavy tails."""


@dataclass(slots=True)
class Draft:
    """A column's profile in the making."""

    column: Column
    semantic: Semantic = "other"
    format: tuple[str, str] | None = None
    quantities: Quantities | None = None
    upper: float | None = None
    lower: float | None = None
    middle: float = 0.0
    quantiles: tuple[float, ...] = ()
    monotone: bool = False
    together: bool = False
    distinct: tuple[int, bool] = (0, False)
    top: tuple[tuple[str, int], ...] = ()
    blanks: tuple[tuple[str, int], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


def tail_of(draft: Draft, side: str, limit: float | None) -> Tail | None:
    facts = draft.facts
    if limit is None or facts.get(f"{side} inside") is None:
        return None
    inside, outside, count = (facts[f"{side} {fact}"] for fact in ("inside", "outside", "count"))
    if outside is None:
        return Tail(limit, inside, outside, count, False)
    # Values beyond the tail's reach are no part of it when nothing lies between them and the body.
    far = abs(outside - draft.middle)
    apart = far >= 2 * abs(inside - draft.middle) and count <= 0.01 * facts["present"]
    # One largest customer is apart too: only what several rows hold, out of all proportion, is taken for a mistake.
    many_times = _FAR_TIMES if draft.column.family in TIMES else _FAR
    wrong = apart and count >= _SEVERAL and far >= many_times * abs(limit - draft.middle)
    return Tail(limit, inside, outside, count, apart, wrong)


def future_of(facts: Mapping[str, Any]) -> tuple[int, int]:
    """Rows beyond the horizon, and the horizon in days: four times as far as times go on without a gap."""
    ahead = [int(facts.get(f"ahead {days}") or 0) for days in HORIZONS]
    reached = 0
    if ahead[0] > ahead[1]:
        reached = next((i for i in range(1, len(ahead) - 1) if ahead[i] == ahead[i + 1]), len(ahead) - 1)
    horizon = min(reached + 2, len(ahead) - 1) if reached else 1
    return ahead[horizon], HORIZONS[horizon]


def negatives_of(draft: Draft) -> Negatives:
    """Below zero by a wrong sign, or as the tail of the distribution: a tail goes on across zero without a step."""
    count = int(draft.facts.get("negative") or 0)
    if not count or draft.middle <= 0:
        return Negatives(count, False)
    above, below = draft.facts["small"], draft.facts["small negative"]
    far = draft.facts["negative middle"] >= 0.3 * draft.middle
    if count >= _SEVERAL and below / count >= 3 * above / max(1, draft.facts["present"] - count) + 0.3:
        return Negatives(count, False)  # they lie at zero, where the positive ones do not: no sign is wrong there
    if above < 0.5 * below:
        return Negatives(count, True)
    step = below <= 0.2 * above
    return Negatives(count, step and (above >= 20 or far))
