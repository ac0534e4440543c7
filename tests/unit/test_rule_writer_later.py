"""Rules of a clean table hold on it, and on what comes later."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pyarrow as pa

from agents.tools.profiling import profile_table, write_rules
from assets.kinds.rules import RuleSet
from assets.kinds.spec import Rule

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROWS = 2400


def learned(data: pa.Table) -> list[Rule]:
    rules = write_rules(profile_table(data, now=NOW), now=NOW)
    assert rules == write_rules(profile_table(data, now=NOW), now=NOW)
    return rules


def failing(rules: list[Rule], data: pa.Table) -> list[str]:
    found = RuleSet(rules, data.schema)
    return [name for name, result in zip(found.names, found.evaluate(data, now=NOW), strict=True) if not result.success]


def test_a_limit_far_from_zero_leaves_room_beyond_what_was_seen() -> None:
    """Air pressure lies between 1,000 and 1,040: a limit in two digits would be below all of it."""
    rng = Random(1)
    data = pa.table(
        {
            "pressure": [round(rng.gauss(1017, 6), 1) for _ in range(ROWS)],
            "built": [rng.randrange(1985, 2026) for _ in range(ROWS)],
            "hull": [9_710_000 + rng.randrange(520) for _ in range(ROWS)],
        }
    )
    rules = learned(data)
    assert failing(rules, data) == []
    assert [rule.kwargs["column"] for rule in rules if "max_value" in rule.kwargs][:2] == ["pressure", "built"]
    wild = data.set_column(0, "pressure", pa.array([10_170.0, *data["pressure"].to_pylist()[1:]]))
    assert failing(rules, wild) == ["pressure_between"]


def test_periods_that_follow_each_other_are_no_closed_set_and_kinds_that_come_mixed_are_one() -> None:
    seasons = [f"{2015 + row * 4 // ROWS}/{16 + row * 4 // ROWS}" for row in range(ROWS)]
    rng = Random(2)
    kinds = [rng.choice(("K1", "K2", "K3")) for _ in range(ROWS)]
    rules = learned(pa.table({"season": seasons, "kind": kinds}))
    later = pa.table({"season": ["2019/20"] * ROWS, "kind": kinds})
    assert failing(rules, later) == []
    assert failing(rules, pa.table({"season": seasons, "kind": ["K4", *kinds[1:]]})) == ["kind_in_set"]


def test_values_that_are_missing_with_others_are_no_dirt_and_rows_that_were_cut_off_are() -> None:
    rng = Random(3)
    hours: list[int | None] = [rng.randrange(24) for _ in range(ROWS)]
    crew: list[str | None] = [f"crew {rng.randrange(900)}" for _ in range(ROWS)]
    for row in range(0, ROWS, 120):
        hours[row] = crew[row] = None
    names = ("no", "left_at", "crew", "place")
    places: list[str | None] = [f"place {rng.randrange(700)}" for _ in range(ROWS)]
    cancelled = pa.table([list(range(ROWS)), hours, crew, places], names=names)
    assert failing(learned(cancelled), cancelled) == []
    for row in range(0, ROWS, 120):
        places[row] = None
    cut_off = pa.table([list(range(ROWS)), hours, crew, places], names=names)
    assert set(failing(learned(cut_off), cut_off)) >= {"not_null_left_at", "not_null_crew", "not_null_place"}


def test_places_below_sea_level_are_no_wrong_signs_and_prices_below_zero_are() -> None:
    rng = Random(4)
    heights = [round(rng.lognormvariate(5.5, 1.3)) for _ in range(ROWS)]
    prices = [round(rng.lognormvariate(5.5, 0.4)) for _ in range(ROWS)]
    for row in range(20):
        heights[row], prices[row] = -rng.randrange(1, 9), -prices[row]
    data = pa.table({"height": heights, "price": prices})
    assert failing(learned(data), data) == ["price_between"]
