"""A table's quality as numbers from 0 to 100: six dimensions, each from what its last refresh and its rules showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.kinds.rules import RuleResult

DIMENSIONS = ("completeness", "validity", "uniqueness", "consistency", "freshness", "volume")
_UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
_MISSING = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")
_ACROSS = ("unexpected_rows_expectation", "expect_column_pair_", "expect_multicolumn_", "expect_select_column_")
# A change of the rows up to so many times the usual costs nothing; at twice that, all.
_FEW, _ENOUGH = 0.5, 0.95
_RECENT = 30
# A goal, or a person trying things, refreshes a table several times within the hour: that says nothing of its pace.
_ONE_SITTING = 3600 * 0.9
_GAPS, _SPAN, _LATE = 4, 86_400, 1.5
"""Pauses, and seconds they span together, from which on they tell how often a table is refreshed."""


def scores(
    facts: Mapping[str, Any],
    results: Iterable[RuleResult],
    history: Sequence[tuple[float, int]],
    at: float,
    allowed: float | None = None,
) -> dict[str, float]:
    """Dimension to score, for those that can be told, and `score`: half their mean, half the worst of them.

    `history` are time and rows of earlier refreshes, oldest first; `allowed` is how many seconds a table may be old.
    What is not known counts for nothing: without `allowed`, freshness is told from several pauses of more than a day.
    """
    judged = [(_dimension(result.rule.type), share) for result in results if (share := _share(result)) is not None]
    found: dict[str, float] = {}
    if facts["columns"] and facts["measured"]:
        found["completeness"] = 1 - fmean(column.get("nulls", 0.0) for column in facts["columns"].values())
    landed = _landed(facts)
    for name in ("validity", "uniqueness", "consistency"):
        shares = [share for dimension, share in judged if dimension == name]
        if name == "validity" and landed is not None:
            shares = [share * landed for share in shares] or [landed]
        if shares:
            found[name] = fmean(shares)
    if (fresh := _freshness(history, at, allowed)) is not None:
        found["freshness"] = fresh
    if history:
        found["volume"] = _volume(facts["rows"], [rows for _, rows in history[-_RECENT:]])
    told = {name: round(100 * found[name], 1) for name in DIMENSIONS if name in found}
    return {**told, "score": round((fmean(told.values()) + min(told.values())) / 2, 1)} if told else {}


def _dimension(kind: str) -> str:
    name = "".join(f"_{char.lower()}" if char.isupper() else char for char in kind).lstrip("_")
    if name in _UNIQUE:
        return "uniqueness"
    if name in _MISSING:
        return "completeness"
    return "consistency" if name.startswith(_ACROSS) else "validity"


def _share(result: RuleResult) -> float | None:
    """The share of rows that keep a rule; a statement on the whole table is kept or not."""
    if result.error:
        return None
    counted = result.element_count - result.missing_count
    if result.observed is not None or counted <= 0:
        return float(result.success)
    return max(0.0, 1 - result.unexpected_count / counted)


def _landed(facts: Mapping[str, Any]) -> float | None:
    read, held = facts.get("read"), facts.get("quarantined")
    return 1 - held / read if read and held is not None else None


def _freshness(history: Sequence[tuple[float, int]], at: float, allowed: float | None) -> float | None:
    """How old the table had become before this refresh, against what is allowed or usual; None where nobody knows."""
    if not history:
        return None
    limit = allowed or _usual_pause([moment for moment, _ in history])
    return _falling((at - history[-1][0]) / limit) if limit else None


def _usual_pause(times: Sequence[float]) -> float | None:
    """The age in seconds that a table has come to before without harm; None where too little is known."""
    sittings = times[:1]
    for moment in times:
        if moment - sittings[-1] >= _ONE_SITTING:
            sittings = [*sittings, moment]
    sittings = sittings[-_RECENT:]
    gaps = [later - earlier for earlier, later in pairwise(sittings)]
    if len(gaps) < _GAPS or sum(gaps) < _SPAN:
        return None
    return max(_LATE * median(gaps), max(gaps))


def _volume(rows: int, before: Sequence[int]) -> float:
    """A table that lost half its usual rows has lost about half its score; growth costs only beyond the twofold."""
    usual = max(median(before), before[-1]) if before else 0
    if usual <= 0:
        return 1.0
    ratio = rows / usual
    return min(1.0, ratio / _ENOUGH) if ratio <= 1 else max(_FEW, _falling(ratio / 2))


def _falling(ratio: float) -> float:
    return max(0.0, min(1.0, 2 - ratio))
