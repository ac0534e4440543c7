"""What a profile tells beyond storage types: units, free text, dependencies, seasons, and how sure a sample is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from agents.tools.profiling import profile_table, write_rules
from tests.unit.rule_writer_domains import NOW

RNG = np.random.default_rng(3)


def profiled(**columns: list[object]) -> dict[str, dict[str, object]]:
    return profile_table(pa.table(columns), now=NOW).to_json()["columns"]


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([f"{n / 10} kg" for n in range(10, 900)], {"kg"}),
        ([f"${n:,}.50" for n in range(900, 1800)], {"$"}),
        ([f"{n}{'lb' if n % 4 else ' OZ.'}" for n in range(1, 900)], {"lb", "oz"}),
        ([f"{n / 7:.3f}%" for n in range(1, 900)], {"%"}),
    ],
)
def test_numbers_with_units_are_read_as_such(values: list[object], units: set[str]) -> None:
    found = profiled(v=values)["v"]
    assert found["semantic"] == "number with unit"
    assert set(found["quantities"]["units"]) == units
    assert found["quantities"]["quantiles"]["p05"] < found["quantities"]["quantiles"]["p95"]


@pytest.mark.parametrize(
    "values",
    [
        [f"{n} {w} Street" for n in range(1, 60) for w in ("Oak", "Elm", "Lime", "Birch", "Pine", "Ash", "Fir", "Yew")],
        [f"#{n}" for n in range(1000, 1900)],
        [f"{n:05d}A" for n in range(900)],
        ["1"] * 30 + ["x"] * 30,
    ],
)
def test_what_only_begins_with_a_number_has_no_unit(values: list[object]) -> None:
    assert "quantities" not in profiled(v=values)["v"]


def test_a_number_beyond_all_measure_spoils_no_quantile() -> None:
    found = profiled(v=[f"{n} kg" for n in range(300)] + ["1e999 kg"] * 20)["v"]["quantities"]
    assert 270 < found["quantiles"]["p95"] < 300


def test_sentences_are_free_text_and_names_are_not() -> None:
    words = "late box broken again please send new one soon thanks".split()
    notes = [" ".join(RNG.choice(words, 8)) + f" {n}" for n in range(500)]
    names = [f"{a} {b}" for a in ("Ana", "Bo", "Cy") for b in map("Family{}".format, "abcdefghijklmnopqrstuvwxyz")]
    found = profile_table(pa.table({"note": notes}), now=NOW).to_json()
    assert found["columns"]["note"]["semantic"] == "free text"
    assert "broken" not in json.dumps(found)
    assert profiled(n=names)["n"]["semantic"] == "text"


def test_a_dependency_is_found_despite_the_rows_that_break_it() -> None:
    zips = [f"{z:05d}" for z in RNG.integers(10000, 10050, 2000)]
    city = [f"City {int(z) // 7}" for z in zips]
    city[3] = city[90] = "Citty"
    other = [str(n) for n in RNG.integers(0, 40, 2000)]
    found = profile_table(pa.table({"zip": zips, "city": city, "other": other}), now=NOW).to_json()["dependencies"]
    assert [(d["by"], d["of"], d["breaking"]) for d in found] == [("zip", "city", 2)]
    assert 0.95 < found[0]["strength"] < 1


def rows_of(days: int, per_hour: dict[int, int], weekend: bool) -> list[datetime]:
    start = datetime(2024, 1, 1)
    return [
        start + timedelta(days=day, hours=hour, seconds=i)
        for day in range(days)
        if weekend or day % 7 < 5
        for hour, n in per_hour.items()
        for i in range(n)
    ]


def test_volumes_follow_office_hours() -> None:
    volume = profiled(at=rows_of(90, {9: 5, 14: 10}, weekend=False))["at"]["volume"]
    assert volume["by_weekday"][5:] == [0, 0]
    assert volume["by_hour"][14] == pytest.approx(2 / 3, abs=0.01)
    assert volume["weekly_strength"] > 0.9
    assert volume["daily_strength"] > 0.3


def test_even_volumes_have_no_season_and_one_far_date_changes_nothing() -> None:
    even = [datetime(2024, 1, 1) + timedelta(hours=float(h)) for h in RNG.uniform(0, 24 * 120, 5000)]
    volume = profiled(at=[*even, datetime(9999, 12, 31)])["at"]["volume"]
    assert volume["days"] < 120
    assert volume["weekly_strength"] < 0.15
    assert volume["daily_strength"] < 0.15
    assert "volume" not in profiled(at=even[:1] * 50)["at"]


def test_dates_have_weekdays_and_no_hours() -> None:
    found = profiled(on=[moment.date() for moment in rows_of(60, {8: 3}, weekend=True)])["on"]["volume"]
    assert found["by_hour"] == []
    assert sum(found["by_weekday"]) == pytest.approx(1, abs=0.01)


def test_a_sample_says_how_sure_it_is_and_a_whole_table_needs_not() -> None:
    data = pa.table({"n": RNG.normal(size=20_000)})
    assert profile_table(data, now=NOW).to_json()["sampling_error"]["share"] == 0
    sampled = profile_table(data, now=NOW, sample_rows=1000)
    error = sampled.to_json()["sampling_error"]["share"]
    assert 0.02 < error < 0.04
    middle = sampled.columns["n"].quantiles[2]
    below = float(np.mean(data["n"].to_numpy() <= middle))
    assert abs(below - 0.5) <= error


def test_two_thousand_columns_are_profiled_and_get_their_rules() -> None:
    columns = {f"c{i}": [f"x {n % 7}" for n in range(20)] if i % 2 else [n % 7 for n in range(20)] for i in range(2000)}
    profile = profile_table(pa.table(columns), now=NOW)
    assert len(profile.columns) == 2000
    assert {rule.type for rule in write_rules(profile, now=NOW)} >= {"expect_table_columns_to_match_set"}
