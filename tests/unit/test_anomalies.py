"""What is found in a series, what is left alone, and what bad files are told."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from agents.core.errors import SourceError
from agents.tools.anomalies import find_anomalies
from platform_defs.cli import app

MINUTES = 300.0
DAY = 288
POINTS = 14 * DAY
AT = 11 * DAY + 120


def noise(seed: int = 1, size: int = POINTS) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, size)


def daily(seed: int = 1, size: int = POINTS) -> np.ndarray:
    day = np.arange(size) % DAY
    return np.where((day >= 108) & (day < 216), 80.0, 20.0) + 3 * noise(seed, size)


def flagged(values: np.ndarray, step: float = MINUTES) -> list[int]:
    return [found.index for found in find_anomalies([i * step for i in range(len(values))], values.tolist())]


def soon(found: list[int], at: int, within: int = 24) -> bool:
    return any(at <= index < at + within for index in found)


def spike(values: np.ndarray) -> None:
    values[AT : AT + 2] += 200


def drop_to_zero(values: np.ndarray) -> None:
    values[AT : AT + 60] = 0


def missing_hump(values: np.ndarray) -> None:
    values[AT : AT + 90] = 20 + 3 * noise(2, 90)


def night_shift(values: np.ndarray) -> None:
    values[11 * DAY + 20 : 11 * DAY + 90] += 60


def level(values: np.ndarray) -> None:
    values[AT:] += 60


@pytest.mark.parametrize(
    ("change", "at"), [(spike, AT), (drop_to_zero, AT), (missing_hump, AT), (night_shift, 11 * DAY + 20), (level, AT)]
)
def test_what_changes_in_a_daily_rhythm_is_found_at_once(change: object, at: int) -> None:
    values = daily(11)
    assert callable(change)
    change(values)
    assert soon(flagged(values), at), flagged(values)


def weekly(seed: int) -> np.ndarray:
    hour = np.arange(24 * 7 * 12)
    workday = (hour // 24) % 7 < 5
    return np.where(workday, 900.0, 300.0) + 200 * np.sin(hour * 2 * math.pi / 24) + 20 * noise(seed, len(hour))


def test_weekends_are_no_news_but_a_working_day_like_a_weekend_is() -> None:
    values = weekly(1)
    quiet = flagged(values, 3600)
    assert len(quiet) <= 2
    at = 24 * 7 * 10 + 24 * 2
    values[at : at + 24] -= 600
    assert soon([i for i in flagged(values, 3600) if i not in quiet], at)


QUIET = {
    "noise": noise(3),
    "flat": np.full(POINTS, 45.0),
    "perfect days": daily() - 3 * noise(),
    "noisy days": daily(5),
    "a trend": np.arange(POINTS) / 50 + noise(7),
    "a wave": 50 + 30 * np.sin(np.arange(POINTS) * 2 * math.pi / DAY) + noise(8),
    "counts": np.random.default_rng(9).poisson(3, POINTS).astype(float),
    "bursts": np.where(np.random.default_rng(10).random(POINTS) < 0.05, 40.0, 1.0) + noise(10) / 10,
}


@pytest.mark.parametrize("name", QUIET)
def test_nothing_much_is_said_where_nothing_happens(name: str) -> None:
    # With a trend every other value is unlike any before.
    assert len(flagged(QUIET[name])) <= (0.004 if name == "a trend" else 0.001) * POINTS


def test_a_new_level_becomes_normal() -> None:
    values = noise(4)
    values[2000:] += 30
    found = flagged(values)
    assert soon(found, 2000)
    assert not [index for index in found if 2400 < index < 3400]


def test_the_future_changes_nothing() -> None:
    values = daily(6)
    spike(values)
    whole = flagged(values)
    assert flagged(values[: AT + 5]) == [index for index in whole if index < AT + 5]


def test_the_unit_changes_nothing() -> None:
    values = daily(6)
    spike(values)
    assert flagged(values) == flagged(values * 2.0**40) == flagged(values * 2.0**-40)


def test_a_stretch_without_points_and_irregular_times_are_no_anomaly() -> None:
    rng = np.random.default_rng(12)
    times = np.cumsum(rng.exponential(300, 3000))
    times[1500:] += 5 * 86_400
    values = rng.normal(50, 2, 3000)
    assert len(find_anomalies(times.tolist(), values.tolist())) <= 6
    values[2200:2210] = 5
    assert soon([found.index for found in find_anomalies(times.tolist(), values.tolist())], 2200)


def test_missing_values_are_skipped_and_infinite_ones_flagged() -> None:
    values = noise(13, 1000)
    values[300:400] = np.nan
    values[700] = np.inf
    found = flagged(values)
    assert 700 in found
    assert not soon(found, 300, 150)
    assert flagged(np.full(100, np.nan)) == []
    assert flagged(np.array([1e308, -1e308] * 400)) == []


@pytest.mark.parametrize("size", [0, 1, 2, 49])
def test_too_few_points_have_no_usual(size: int) -> None:
    assert flagged(noise(14, size)) == []


def write(path: Path, values: np.ndarray, order: list[int] | None = None) -> None:
    start = np.datetime64("2026-01-01T00:00:00")
    stamps = [str(start + np.timedelta64(300 * i, "s")).replace("T", " ") for i in range(len(values))]
    lines = [f"{stamps[i]},{values[i]}" for i in order or range(len(values))]
    path.write_text("\n".join(["timestamp,value", *lines, ""]))


def run(folder: Path, *options: str) -> str:
    source, target = folder / "series.csv", folder / "flags.csv"
    done = CliRunner().invoke(
        app, ["quality", "anomalies", "--input", str(source), "--output", str(target), *options], catch_exceptions=False
    )
    assert done.exit_code == 0
    return done.stdout


def test_the_command_writes_timestamps_as_it_read_them(tmp_path: Path) -> None:
    values = daily(6)
    spike(values)
    write(tmp_path / "series.csv", values)
    facts = json.loads(run(tmp_path, "--json"))
    flags = (tmp_path / "flags.csv").read_text().splitlines()
    assert flags[0] == "timestamp"
    assert "2026-01-12 10:00:00" in flags
    assert facts["points"] == POINTS
    assert [each["timestamp"] for each in facts["anomalies"]] == flags[1:]
    assert all(each["reason"] for each in facts["anomalies"])


def test_unsorted_points_are_judged_in_the_order_of_their_times(tmp_path: Path) -> None:
    values = daily(6)
    spike(values)
    write(tmp_path / "series.csv", values)
    run(tmp_path)
    sorted_flags = (tmp_path / "flags.csv").read_text()
    write(tmp_path / "series.csv", values, np.random.default_rng(1).permutation(POINTS).tolist())
    run(tmp_path)
    assert sorted((tmp_path / "flags.csv").read_text().splitlines()) == sorted(sorted_flags.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "timestamp,value\n",
        "timestamp,value\n2026-01-01,5\n",
        "\ufeffTimestamp,Value,more\n2026-01-01T00:00:00Z,5,x\n\n9999-12-31 23:59:59,,\n",
        "value,timestamp\n1,1700000000\nNaN,1700000300\ninf,1700000600\n",
        "timestamp,value\n" + "2026-01-01 00:00:00,1\n" * 100,
    ],
)
def test_small_and_odd_files_have_an_answer(tmp_path: Path, text: str) -> None:
    (tmp_path / "series.csv").write_text(text)
    run(tmp_path)
    assert (tmp_path / "flags.csv").read_text().startswith("timestamp\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"time,value\n1,2\n", "timestamp,value"),
        (b"timestamp,value,value\n1,2,3\n", "value"),
        (b"timestamp,value\n2026-01-01,5\nsoon,5\n", "line 3"),
        (b"timestamp,value\n2026-01-01,five\n", "line 2"),
        (b"timestamp,value\n2026-01-01\n", "too few"),
        (b"timestamp,value\n2026-01-01,\xff\n", "line 2"),
        (b"timestamp,value\nnan,1\n", "timestamp"),
    ],
)
def test_bad_files_are_told_what_is_wrong_and_where(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "series.csv").write_bytes(data)
    with pytest.raises(SourceError) as error:
        run(tmp_path)
    assert said in str(error.value)
    assert "series.csv" in str(error.value)
    assert error.value.fix


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        run(tmp_path)
