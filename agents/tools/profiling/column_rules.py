"""Rules on one column: presence, sign, range, dates, formats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agents.tools.profiling.profile import ColumnProfile, Tail
from agents.tools.profiling.tails import between, rounded
from agents.tools.profiling.writing import ENOUGH, MINORITY, counted, most, percent, rule
from assets.kinds.rules.columns import NUMBERS, TIMES, quote
from assets.kinds.spec import Action, Rule

_SURE = 1000


def presence(column: ColumnProfile, *, key: bool) -> Iterator[Rule]:
    """Not null, where the share of nulls says that the column is required."""
    share, kwargs = column.missing_share, {"column": column.name}
    numbers = {"rows": column.count, "missing": column.missing}
    kind = "expect_column_values_to_not_be_null"
    if key:
        yield rule(kind, kwargs, "quarantine", f"{column.name} is part of the key", numbers)
    elif column.count < ENOUGH or not column.present:
        return
    elif share == 0 and column.count >= _SURE:
        yield rule(kind, kwargs, "quarantine", f"never missing in {counted(column.count)}", numbers)
    elif 0 < share <= MINORITY and column.count >= _SURE and not column.missing_together:
        reason = f"missing in only {counted(column.missing)} of {column.count:,} ({percent(share)}): required"
        yield rule(kind, kwargs, "quarantine", reason, numbers)
    elif share <= 0.2:
        reason = f"missing in {percent(share)} of rows: many more would be unusual"
        yield rule(kind, {**kwargs, "mostly": most(max(share, 0.02))}, "alert", reason, numbers)


def blanks(column: ColumnProfile) -> Iterator[Rule]:
    """Texts that stand for a missing value, where they are rare."""
    total = sum(n for _, n in column.blanks)
    if column.count < ENOUGH or not 0 < total <= MINORITY * column.present or column.semantic == "category":
        return
    words = "|".join(_escaped(text) for text, _ in column.blanks)
    kwargs = {"column": column.name, "regex": rf"(?i)^\s*(?:{words})\s*$"}
    reason = f"{counted(total, 'value')} of {column.present:,} only stand for a missing one"
    # Where values may be missing, a word for it is one more of those.
    action = "quarantine" if column.missing_share <= MINORITY else "alert"
    evidence = {"blanks": total, "values": column.present}
    yield rule("expect_column_values_to_not_match_regex", kwargs, action, reason, evidence)


def _escaped(text: str) -> str:
    return "".join(char if char.isalnum() else f"\\{char}" for char in text)


def numbers(column: ColumnProfile) -> Iterator[Rule]:
    """Sign and range of a number."""
    if column.family not in NUMBERS or column.semantic != "number" or column.present < ENOUGH:
        return
    if not column.quantiles:  # nothing but infinities
        return
    whole = column.family == "integer"
    wrong, usual = _Limits(), _Limits()
    negative = column.negatives.count
    share = negative / column.present
    if negative == 0 and _starts_at_zero(column):
        usual.add("min_value", 0, "never negative")
    elif column.negatives.apart and share <= MINORITY:
        reason = f"negative in only {counted(negative)} of {column.present:,} ({percent(share)})"
        wrong.add("min_value", 0, reason, negative=negative)
    for name, tail, word in (("min_value", column.low, "low"), ("max_value", column.high, "high")):
        if tail is None or name in wrong.kwargs or name in usual.kwargs:
            continue
        if not tail.apart and _says_nothing(column, tail):
            continue
        beyond = {f"beyond_{word}": tail.count if tail.apart else 0}
        limit = rounded(_limit(column, tail), whole, column.quantiles[2])
        (wrong if tail.wrong else usual).add(name, limit, _tail_reason(tail, word == "high", whole), **beyond)
    # A limit that takes rows out stands apart from one that is only what was usual so far.
    if wrong.kwargs:
        yield wrong.rule(column, "quarantine")
    if usual.kwargs:
        yield usual.rule(column, "alert", name="usual" if wrong.kwargs else "")


@dataclass(slots=True)
class _Limits:
    """Limits of a column's numbers that are of one kind."""

    kwargs: dict[str, object] = field(default_factory=dict[str, object])
    why: list[str] = field(default_factory=list[str])
    beyond: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, name: str, limit: float, why: str, **beyond: int) -> None:
        self.kwargs[name] = limit
        self.why.append(why)
        self.beyond.update(beyond)

    def rule(self, column: ColumnProfile, action: Action, *, name: str = "") -> Rule:
        kwargs = {"column": column.name, **self.kwargs}
        evidence = {"rows": column.present, **self.beyond}
        return rule("expect_column_values_to_be_between", kwargs, action, "; ".join(self.why), evidence, name=name)


def _says_nothing(column: ColumnProfile, tail: Tail) -> bool:
    """Whether a limit means nothing: beyond all measure, below zero for what never is, or of growing numbers."""
    p05, _, middle, _, p95 = column.quantiles
    if tail.limit < 0 <= column.minimum or abs(tail.limit - middle) > 1000 * max(abs(tail.inside - middle), 1e-9):
        return True
    flat = abs((p95 - middle) - (middle - p05)) <= 0.1 * (p95 - p05)
    fills = p95 - p05 >= 0.85 * (float(column.maximum) - float(column.minimum))
    # Evenly spread whole numbers are keys of another table, which grow.
    return column.monotone or (column.family == "integer" and column.distinct >= 1000 and flat and fills)


def _starts_at_zero(column: ColumnProfile) -> bool:
    """Whether zero is the column's floor, and not a number its lower tail has not come to yet."""
    low, middle = column.quantiles[0], column.quantiles[2]
    if column.family == "integer" and column.minimum in (0, 1):
        return True
    return middle > 0 and low >= 0 and (column.low is None or column.low.limit >= 0 or low < 0.35 * middle)


def _limit(column: ColumnProfile, tail: Tail) -> float:
    middle = column.quantiles[2]
    if tail.apart and tail.outside is not None:
        return between(tail.inside, tail.outside, middle)
    far = max(abs(tail.limit - middle), *(4 * abs(x - middle) for x in (tail.inside, tail.outside) if x is not None))
    return middle + math.copysign(far, tail.limit - middle)


def _tail_reason(tail: Tail, above: bool, whole: bool) -> str:
    if not tail.apart or tail.outside is None:
        return f"{'up' if above else 'down'} to {rounded(tail.inside, whole):g} so far, with room"
    word = "above" if above else "below"
    apart = f"{counted(tail.count)} lie far {word}, from {rounded(tail.outside, whole):g} on"
    return f"values end at {rounded(tail.inside, whole):g}; {apart}"


def times(column: ColumnProfile) -> Iterator[Rule]:
    """Not in the future, where the column hardly ever is; not implausibly early."""
    if column.family not in TIMES or column.present < ENOUGH:
        return
    share = column.future / column.present
    if share <= MINORITY:
        clock = {"date": "current_date", "timestamp": "CAST(current_timestamp AS TIMESTAMP)"}
        limit = f"{clock.get(column.family, 'current_timestamp')} + INTERVAL {column.horizon} DAY"
        query = f"SELECT * FROM {{batch}} WHERE {quote(column.name)} > {limit}"
        ahead = f"more than {counted(column.horizon, 'day')} ahead"
        reason = f"{ahead} in only {counted(column.future)} of {column.present:,} ({percent(share)})"
        yield rule(
            "unexpected_rows_expectation",
            {"unexpected_rows_query": query},
            "quarantine",
            reason,
            {"future": column.future, "rows": column.present},
            name=f"{column.name}_not_in_future",
        )
    if column.low is not None and column.low.apart and column.low.outside is not None:
        limit = datetime.fromtimestamp(_limit(column, column.low), UTC).replace(tzinfo=None)
        text = limit.date().isoformat() if column.family == "date" else limit.replace(microsecond=0).isoformat()
        reason = f"{counted(column.low.count)} lie years before all others"
        yield rule(
            "expect_column_values_to_be_between",
            {"column": column.name, "min_value": text},
            "quarantine" if column.low.wrong else "alert",
            reason,
            {"beyond_low": column.low.count, "rows": column.present},
        )


def formats(column: ColumnProfile) -> Iterator[Rule]:
    """The form most values follow."""
    if column.present < ENOUGH:
        return
    for form in column.formats:
        wrong = column.present - form.count - sum(n for _, n in column.blanks)
        share = max(0, wrong) / column.present
        hard = 0.03 if form.name == "email" else MINORITY
        kwargs: dict[str, object] = {"column": column.name, "regex": form.regex}
        reason = f"{percent(1 - share)} of {counted(column.present, 'value')} have the form of {_article(form.name)}"
        action = "quarantine" if share <= hard else "alert"
        if share > 0.1:
            continue
        if share > hard:
            kwargs["mostly"] = most(share)
        yield rule(
            "expect_column_values_to_match_regex",
            kwargs,
            action,
            reason,
            {"values": column.present, "departing": max(0, wrong)},
        )


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
