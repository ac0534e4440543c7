"""How a rule is put together: type, kwargs, action, and the reason with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.kinds.spec import Action, Rule, RuleMeta

MINORITY = 0.01
"""Up to this share, what departs from the rest is a defect of rows; above, it may be how the data is."""


def rule(
    kind: str, kwargs: Mapping[str, Any], action: Action, reason: str, evidence: Mapping[str, float], *, name: str = ""
) -> Rule:
    """A rule with its reason; `evidence` are the numbers behind it."""
    return Rule(kind, kwargs, RuleMeta(action, reason, name, False, dict(evidence)))


def percent(share: float) -> str:
    """A share for people: `0.3 %`."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"


def counted(n: int, what: str = "row") -> str:
    """`1 row`, `1,204 rows`."""
    return f"{n:,} {what}" + ("" if n == 1 else "s")
