"""How a rule is put together: type, kwargs, action, and the reason with its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assets.kinds.spec import Action, Rule, RuleMeta

MINORITY = 0.01
"""Up to this share, what departs from the rest is a defect of rows; above, it may be how the data is."""
ENOUGH = 100
"""Rows below which a column says too little about what is normal."""
_DEPARTING = ("missing", "blanks", "negative", "beyond_low", "beyond_high", "future", "departing", "typed_differently")
"""What the evidence calls the rows that break a rule; of repeated rows each may break it together with another."""


def rule(
    kind: str, kwargs: Mapping[str, Any], action: Action, reason: str, evidence: Mapping[str, float], *, name: str = ""
) -> Rule:
    """A rule with its reason; `evidence` are the numbers behind it."""
    return Rule(kind, kwargs, RuleMeta(action, reason, name, False, dict(evidence)))


def most(departing: float) -> float:
    """The share of rows that has to keep a rule where `departing` of them did not: with room for a batch of 100."""
    return max(0.05, math.floor(100 * (1 - departing - 6 * math.sqrt(departing / ENOUGH))) / 100)


def told(one: Rule) -> Rule | None:
    """The rule as a word to people: it takes nothing out, and what it was learned from passes; None if it cannot."""
    evidence = one.meta.evidence
    departing = sum(evidence.get(name, 0) for name in (*_DEPARTING, "violations")) + 2 * evidence.get("repeated", 0)
    alert = replace(one, meta=replace(one.meta, action="alert"))
    if not departing or "mostly" in one.kwargs:
        return alert
    if one.type == "unexpected_rows_expectation":
        return None
    share = departing / max(evidence.get("rows") or evidence.get("values") or 0, departing)
    return replace(alert, kwargs={**one.kwargs, "mostly": most(share)})


def percent(share: float) -> str:
    """A share for people: `0.3 %`."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"


def counted(n: int, what: str = "row") -> str:
    """`1 row`, `1,204 rows`."""
    return f"{n:,} {what}" + ("" if n == 1 else "s")
