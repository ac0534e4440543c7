"""When rows happen: how their number goes with the weekday and the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.tools.profiling.draft import Draft
from agents.tools.profiling.profile import Season
from agents.tools.profiling.sampling import only
from assets.kinds.rules.columns import TIMES

if TYPE_CHECKING:
    import duckdb

    from assets.kinds.rules.reading import Dataset

_VIEW = "season_"
_MOST_COLUMNS = 12
_DAY = 86_400
_DAYS = {"weekday": 21, "hour": 7}
"""Whole days below which three weeks, or a week of hours, are not there to compare."""


def seasons(con: duckdb.DuckDBPyConnection, drafts: Mapping[str, Draft], dataset: Dataset) -> dict[str, Season]:
    """The seasonality of each of the first 12 columns of times, from all rows in the middle 90 % of its range."""
    times = [d for name, d in drafts.items() if d.column.family in TIMES and d.quantiles and not name.startswith("_")]
    found: dict[str, Season] = {}
    for draft in times[:_MOST_COLUMNS]:
        first, last = -(-draft.quantiles[0] // _DAY), draft.quantiles[-1] // _DAY
        days = int(last - first)
        if days < min(_DAYS.values()):
            continue
        con.register(_VIEW, only(dataset, [draft.column.name]))
        found[draft.column.name] = _season(con, draft, int(first), days)
    return found


def _season(con: duckdb.DuckDBPyConnection, draft: Draft, first: int, days: int) -> Season:
    moment = f"CAST({draft.column.sql} AS TIMESTAMP)"
    begin, end = _moment(first), _moment(first + days)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE hours_ AS SELECT date_trunc('hour', {moment}) AS h, count(*) AS n "
        f"FROM {_VIEW} WHERE {moment} >= {begin} AND {moment} < {end} GROUP BY h"
    )
    weekday = con.execute(
        "SELECT isodow(d) - 1, sum(n), sum(n * n) FROM (SELECT date_trunc('day', h) AS d, sum(n)::DOUBLE AS n "
        "FROM hours_ GROUP BY d) GROUP BY 1"
    ).fetchall()
    hour = con.execute("SELECT hour(h), sum(n), sum(n::DOUBLE * n) FROM hours_ GROUP BY 1").fetchall()
    con.execute("DROP TABLE hours_")
    # 1970-01-01 was a Thursday; each day beyond whole weeks adds one.
    spans = [days // 7 + (1 if (place - first - 3) % 7 < days % 7 else 0) for place in range(7)]
    daily = draft.column.family == "date" or all(row[0] == 0 for row in hour)
    return Season(
        days,
        *(_shares(weekday, 7), _strength(weekday, spans)) if days >= _DAYS["weekday"] else ((), 0.0),
        *((), 0.0) if daily else (_shares(hour, 24), _strength(hour, [days] * 24)),
    )


def _moment(day: int) -> str:
    """A day since 1970 in SQL; Python's own years end at 9999."""
    return f"make_timestamp(CAST({day * _DAY * 1_000_000} AS BIGINT))"


def _shares(rows: Sequence[tuple[Any, ...]], places: int) -> tuple[float, ...]:
    found = {int(place): float(n) for place, n, _ in rows}
    total = sum(found.values()) or 1.0
    return tuple(round(found.get(place, 0.0) / total, 4) for place in range(places))


def _strength(rows: Sequence[tuple[Any, ...]], spans: Sequence[int]) -> float:
    """Share of the variance of the counts that the season explains, beyond chance (adjusted R squared); 0 to 1."""
    spells, sums = sum(spans), {int(place): float(n) for place, n, _ in rows}
    mean = sum(sums.values()) / spells
    whole = sum(float(squares) for _, _, squares in rows) - spells * mean * mean
    if whole <= 1e-9 * mean * mean * spells:
        return 0.0
    between = sum(n * (sums.get(place, 0.0) / n - mean) ** 2 for place, n in enumerate(spans) if n)
    free = spells - len(spans)
    return round(max(0.0, 1 - (1 - between / whole) * (spells - 1) / free), 4) if free > 0 else 0.0
