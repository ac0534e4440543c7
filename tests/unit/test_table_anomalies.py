"""What refreshes of a table are called unusual, and which are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from agents.core.catalog import TableId
from agents.tools.anomalies.lateness import late
from agents.tools.anomalies.tables import judge_table
from resources.measurements import Measurement

TABLE = TableId("dev", "bronze", "orders")
DAY = 86_400.0


def refresh(number: int, rows: float = 10_000, step: float = DAY, kind: str = "double", **column: float) -> Measurement:
    amount = {"type": kind, "nulls": 0.02, "distinct": 900, "mean": 50.0, "spread": 20.0, **column}
    return Measurement(TABLE, "run", number * step, {"rows": int(rows), "columns": {"amount": amount}}, number)


def usual(count: int, seed: int = 1, rows: Callable[[int], float] = lambda _: 10_000) -> list[Measurement]:
    rng = np.random.default_rng(seed)
    return [
        refresh(
            n,
            rows(n) * (1 + 0.01 * rng.normal()),
            nulls=float(abs(0.02 + 0.002 * rng.normal())),
            distinct=int(900 * (1 + 0.02 * rng.normal())),
            mean=float(50 + 0.3 * rng.normal()),
        )
        for n in range(count)
    ]


def found(past: list[Measurement], now: Measurement, **options: object) -> list[str]:
    return [each.measure for each in judge_table(past, now, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [7, 20, 200])
@pytest.mark.parametrize(
    ("column", "measure"),
    [
        ({"nulls": 0.4}, "amount.nulls"),
        ({"distinct": 3}, "amount.distinct"),
        ({"mean": 5_000.0}, "amount.mean"),
        ({"rows": 0}, "rows"),
        ({"rows": 4_000}, "rows"),
        ({"rows": 21_000}, "rows"),
        ({"kind": "string"}, "schema"),
    ],
)
def test_what_changes_is_found_with_few_and_many_points(count: int, column: dict[str, float], measure: str) -> None:
    assert found(usual(count), refresh(count, **column)) == [measure]  # type: ignore[arg-type]


def test_ordinary_refreshes_are_left_alone() -> None:
    alarms = 0
    for seed in range(20):
        history = usual(100, seed)
        alarms += sum(len(found(history[:n], history[n])) for n in range(1, 100))
    assert alarms <= 4, "of 8,000 measures"


def test_a_growing_table_grows_and_is_missed_when_it_does_not() -> None:
    history = usual(40, rows=lambda n: 10_000 + 2_000 * n)
    assert [found(history[:n], history[n]) for n in range(1, 40)].count([]) >= 38
    assert found(history, refresh(40, 20_000)) == ["rows"]


def test_weekends_are_no_news_and_a_weekday_like_one_is() -> None:
    history = usual(42, rows=lambda n: 2_000 if n % 7 >= 5 else 10_000)
    assert not [n for n in range(14, 42) if found(history[:n], history[n])]
    assert found(history, refresh(42, 2_000)) == ["rows"]


def test_a_change_is_told_once_and_then_normal() -> None:
    history = usual(20)
    changed = [refresh(20 + n, 4_000) for n in range(3)]
    told = [found([*history, *changed[:n]], changed[n]) for n in range(3)]
    assert told == [["rows"], [], []]
    assert found([*history, *changed], refresh(23, 10_000)) == [], "back to normal is no news either"


def test_what_a_person_quieted_or_confirmed_is_not_told() -> None:
    history = usual(20)
    drop = refresh(20, 100, nulls=0.5)
    assert found(history, drop) == ["rows", "amount.nulls"]
    assert found(history, drop, quiet=["amount.*"]) == ["rows"]
    assert found(history, drop, quiet=["rows", "*.nulls"]) == []
    assert found(history, drop, confirmed=19.5 * DAY) == []


def test_columns_that_come_and_go_are_named() -> None:
    past = usual(3)
    now = Measurement(TABLE, "run", 3 * DAY, {"rows": 10_000, "columns": {"total": {"type": "double"}}}, 3)
    (finding,) = judge_table(past, now)
    assert "amount is gone" in finding.reason
    assert "total is new" in finding.reason


@pytest.mark.parametrize("past", [[], usual(3)])
def test_too_few_points_say_nothing_of_numbers(past: list[Measurement]) -> None:
    assert found(past, refresh(len(past), 0)) == []


def test_refused_refreshes_are_neither_judged_nor_usual() -> None:
    refused = Measurement(TABLE, "run", 8 * DAY, {"rows": 1, "columns": {}, "refused": ["x"]}, 8)
    assert found(usual(8), refused) == []
    assert found([*usual(8), *[refused] * 20], refresh(9)) == []


def test_late_is_what_is_later_than_weekends_were() -> None:
    workdays = [n * DAY for n in range(60) if n % 7 < 5]
    assert late(workdays, workdays[-1] + 3 * DAY) == ""
    assert "no refresh for 120.0 h" in late(workdays, workdays[-1] + 5 * DAY)
    assert late([0.0], 100 * DAY) == ""
