"""Anomalies of a table from what its refreshes measured: rows, schema, and each column's nulls, distinct values, mean.

A measure is judged against few points as well as many. It is an anomaly only when it is unlike its recent level,
unlike the last value and unlike the same time on former days and weeks; with enough points the series' own detector
has to agree. A change is therefore reported once, when it comes: what stays is not a change any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from statistics import median
from typing import Any

from agents.tools.anomalies.tail import WARM
from agents.tools.anomalies.watch import THRESHOLD, Watch
from resources.measurements import Measurement

# Refreshes known before one is judged, and those that say what is usual now.
FEWEST, _RECENT = 7, 30
# So many usual deviations are unlike; a usual deviation is never smaller than these parts of the level.
_UNLIKE = 5.0
_SHARE_OF_LEVEL: Mapping[str, float] = {"rows": 0.03, "distinct": 0.05, "mean": 0.01, "nulls": 0.0}
_LEAST: Mapping[str, float] = {"rows": 1.0, "distinct": 1.0, "mean": 0.0, "nulls": 0.005}
# A mean moves with its column's own spread: less than this part of it is nothing.
_SHARE_OF_SPREAD = 0.05
_DAY, _WEEK, _NEAR = 86_400.0, 604_800.0, 5_400.0
_MAD = 1.4826
# A moment in seconds, and a number.
Point = tuple[float, float]
Points = Sequence[Point]


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure (`rows`, `schema`, `amount.nulls`) that is unlike before, and why in words."""

    measure: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """As the store keeps it."""
        return asdict(self)


def judge_table(
    past: Sequence[Measurement], now: Measurement, quiet: Sequence[str] = (), confirmed: float = 0.0
) -> list[Finding]:
    """What is unlike before in `now`; `past` is oldest first. Measures that match `quiet` are left alone."""
    past = [m for m in past if m.at >= confirmed and not m.facts.get("refused")]
    if now.facts.get("refused") or not past:
        return []
    found = [*_schema(past[-1], now), *_numbers(past, now)]
    return [each for each in found if not any(fnmatchcase(each.measure, pattern) for pattern in quiet)]


def _schema(before: Measurement, now: Measurement) -> Iterator[Finding]:
    old, new = ({n: c["type"] for n, c in m.facts["columns"].items()} for m in (before, now))
    said = [f"{name} is gone" for name in old if name not in new]
    said += [f"{name} is new" for name in new if name not in old]
    said += [f"{name} was {old[name]} and is {new[name]}" for name in new if name in old and old[name] != new[name]]
    if said:
        yield Finding("schema", f"the columns changed: {'; '.join(said[:10])}")


def _numbers(past: Sequence[Measurement], now: Measurement) -> Iterator[Finding]:
    for measure, value in measures(now.facts).items():
        points = [(m.at, known) for m in past if (known := measures(m.facts).get(measure)) is not None]
        if len(points) >= FEWEST and (reason := _unlike(measure, points, (now.at, value), now.facts)):
            yield Finding(measure, reason)


def measures(facts: Mapping[str, Any]) -> dict[str, float]:
    """Every number that is watched, by name: `rows`, `<column>.nulls`, `<column>.distinct`, `<column>.mean`."""
    found = {"rows": float(facts["rows"])}
    for name, column in facts["columns"].items():
        found |= {f"{name}.{kind}": float(column[kind]) for kind in ("nulls", "distinct", "mean") if kind in column}
    return found


def _unlike(measure: str, points: Points, now: Point, facts: Mapping[str, Any]) -> str:
    """Why a value is an anomaly; empty if it is none."""
    value = now[1]
    recent = [known for _, known in points[-_RECENT:]]
    level, off = _trend(recent)
    least = _least(measure, level, facts)
    spread = max(_MAD * median(map(abs, off)), least)
    if abs(value - level) <= _UNLIKE * spread or _goes_on(points, now, recent, spread, least):
        return ""
    if len(points) > WARM and _expected(points, now):
        return ""
    new, old, last = (_said(measure, number) for number in (value, level, recent[-1]))
    return f"{measure} is {new}, where {old} is usual and {last} was last"


def _trend(recent: Sequence[float]) -> tuple[float, list[float]]:
    """What comes next on the line through the two halves' medians, and how far each point was off that line."""
    half = len(recent) // 2
    slope = (median(recent[-half:]) - median(recent[:half])) / (len(recent) - half)
    flat = [known - slope * place for place, known in enumerate(recent)]
    base = median(flat)
    return base + slope * len(recent), [each - base for each in flat]


def _least(measure: str, level: float, facts: Mapping[str, Any]) -> float:
    column, _, kind = measure.rpartition(".")
    own = facts["columns"].get(column, {}).get("spread", 0.0) if kind == "mean" else 0.0
    return max(_SHARE_OF_LEVEL[kind] * abs(level), _LEAST[kind], _SHARE_OF_SPREAD * own, 1e-12)


def _goes_on(points: Points, now: Point, recent: Sequence[float], spread: float, least: float) -> bool:
    """Whether a value is as at this time before, or as the last one: a weekend, or a change that was told already."""
    steps = [later - earlier for earlier, later in pairwise(recent)]
    usual = median(steps)
    step_spread = max(_MAD * median(abs(step - usual) for step in steps), least)
    as_last = abs(now[1] - recent[-1] - usual) <= _UNLIKE * step_spread
    weeks = _then(points[:-1], now[0], _WEEK)
    if len(weeks) > 1:
        before = _then(points[:-1], points[-1][0], _WEEK)
        return _near(now[1], weeks, spread) or (as_last and not _near(recent[-1], before, spread))
    return as_last or _near(now[1], _then(points, now[0], _DAY), spread)


def _then(points: Points, at: float, period: float) -> list[float]:
    """The values at this time one to three periods before."""
    return [known for when, known in points for k in (1, 2, 3) if abs(at - k * period - when) <= _NEAR]


def _near(value: float, known: Sequence[float], spread: float) -> bool:
    return any(abs(value - each) <= _UNLIKE * spread for each in known)


def _expected(points: Points, now: Point) -> bool:
    """Whether the series' own past, seasons and all, announces the value."""
    watch = Watch()
    for when, known in points:
        watch.surprise(when, known)
    return watch.surprise(*now)[0] < THRESHOLD


def _said(measure: str, value: float) -> str:
    return f"{100 * value:.3g} %" if measure.endswith(".nulls") else f"{value:,.6g}"
