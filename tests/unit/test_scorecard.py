"""What is measured of a table, however odd it is, and what its scores and its card say."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from assets.kinds.judging import judge
from assets.kinds.measuring import measure
from assets.kinds.report_card import card
from assets.kinds.scorecard import scorecard
from assets.kinds.scoring import scores
from assets.kinds.spec import NO_OVERRIDE, Column, Rule, RuleMeta
from resources.lake import Lake
from resources.measurements import Measurement
from resources.platform import Platform
from tests.unit.product_runs import Deployment

TABLE = TableId("dev", "bronze", "t")
NOW = datetime(2026, 1, 31, tzinfo=UTC)
DAY = 86_400


def measured(folder: Path, table: pa.Table) -> dict[str, dict[str, object]]:
    lake = Lake({"dev": str(folder)})
    lake.append(TABLE, table)
    found = measure(lake, TABLE)
    assert (found["rows"], found["measured"]) == (table.num_rows, table.num_rows)
    json.dumps(found, allow_nan=False)
    return found["columns"]


def test_columns_become_counts_and_shares_and_no_values(tmp_path: Path) -> None:
    names = [f"Secret Person {n}" for n in range(40)]
    found = measured(
        tmp_path,
        pa.table(
            {
                "n": [None, *range(39)],
                "x": [float("nan"), float("inf"), 1e300, *[2.0] * 37],
                'a "quoted" name; DROP': names,
                "price": pa.array([Decimal("1.50")] * 40),
                "on": pa.array([date(9999, 12, 31)] * 40),
                "flag": [True, False] * 20,
                "list": [[1, 2]] * 40,
                "nothing": pa.nulls(40, pa.string()),
            }
        ),
    )
    assert found["n"] == {
        "type": "int64",
        "nulls": 0.025,
        "distinct": 39,
        "mean": 19.0,
        "spread": pytest.approx(11.25, 0.01),
    }
    assert found["x"]["nulls"] == 0.025
    assert found["x"]["mean"] == 2.0, "infinity and what overflows are left out"
    assert found['a "quoted" name; DROP']["mean"] == pytest.approx(15.75)
    assert found["price"]["mean"] == 1.5
    assert found["on"]["distinct"] == 1
    assert "mean" not in found["flag"]
    assert found["list"].keys() == {"type", "nulls"}
    assert (found["nothing"]["nulls"], found["nothing"]["distinct"]) == (1.0, 0)
    assert "Secret" not in json.dumps(found)


def test_the_mean_of_few_values_is_not_kept(tmp_path: Path) -> None:
    assert "mean" not in measured(tmp_path, pa.table({"salary": [91_000, None]}))["salary"]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": pa.array([], pa.int64())}),
        pa.table({"a": pa.nulls(3, pa.float64())}),
        pa.table({f"c{n}": [n] for n in range(500)}),
        pa.table({"big": ["x" * 2_000_000]}),
        pa.table({"n": [2**63 - 1, -(2**63)] * 10}),
        pa.table({"bytes": [b"\xff\xfe"] * 20}),
        pa.table({"e\u0301t\u00e9 \u2603": ["\u0000", "\U0001f600"] * 10}),
    ],
    ids=["no rows", "all null", "many columns", "a long cell", "the largest numbers", "bytes", "unicode"],
)
def test_odd_tables_are_measured(tmp_path: Path, table: pa.Table) -> None:
    found = measured(tmp_path, table)
    assert list(found) == table.column_names


def test_a_large_table_is_measured_in_part(tmp_path: Path) -> None:
    lake = Lake({"dev": str(tmp_path)})
    for part in range(3):
        lake.append(TABLE, pa.table({"n": range(part * 40_000, part * 40_000 + 40_000)}))
    first, second = measure(lake, TABLE, 10_000), measure(lake, TABLE, 10_000)
    assert first == second
    assert (first["rows"], first["measured"]) == (120_000, 10_000)
    assert 10_000 < first["columns"]["n"]["mean"] < 110_000


def rule(kind: str, action: str = "alert", **kwargs: object) -> Rule:
    return Rule(kind, kwargs, RuleMeta(action, "it should"))  # type: ignore[arg-type]


def scored(folder: Path, table: pa.Table, *rules: Rule, **options: object) -> dict[str, float]:
    lake = Lake({"dev": str(folder)})
    lake.append(TABLE, table)
    results = judge(lake, TABLE, rules, "", NOW)
    given = {"history": [], "at": 0.0, **options}
    return scores({**measure(lake, TABLE), **options.pop("facts", {})}, results.values(), **given)  # type: ignore[arg-type]


def test_each_dimension_is_scored_by_its_own_rules(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 1, 3, 4], "a": [1, None, None, 9], "b": [0, 1, 2, 10]})
    found = scored(
        tmp_path,
        table,
        rule("expect_column_values_to_be_unique", column="id"),
        rule("expect_column_values_to_be_between", column="b", max_value=2),
        rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="b"),
    )
    assert found == {
        "completeness": 83.3,
        "uniqueness": 50.0,
        "validity": 75.0,
        "consistency": 25.0,
        "score": 41.7,
    }


def test_examples_of_personal_columns_show_their_form_alone(tmp_path: Path) -> None:
    lake = Lake({"dev": str(tmp_path)})
    lake.append(TABLE, pa.table({"born": [1961, 1975], "amount": [17, 18]}))
    rules = [
        rule("expect_column_values_to_be_between", column="born", min_value=2000),
        rule("expect_column_min_to_be_between", column="born", min_value=2000),
        rule("expect_column_values_to_be_between", column="amount", min_value=2000),
        rule("unexpected_rows_expectation", unexpected_rows_query="SELECT * FROM {batch} WHERE born < 1970"),
    ]
    columns = {"born": Column(pii="DATE_OF_BIRTH"), "amount": Column(pii="none")}
    results = list(judge(lake, TABLE, rules, "", NOW, columns).values())
    assert [result.success for result in results] == [False] * 4
    assert results[0].examples == ("9999", "9999")
    assert results[1].observed == "9999"
    assert results[2].examples == ("17", "18")
    assert "1961" not in str(results[3].examples)


@pytest.mark.parametrize(
    ("history", "at", "allowed", "freshness", "volume"),
    [
        ([], 0, None, None, None),
        ([(0, 4)], 100, None, None, 100.0),
        ([(0, 4), (100, 4)], 600, 400, 75.0, 100.0),
        ([(0, 8), (100, 8)], 200, None, None, 52.6),
        ([(0, 0)], 1, None, None, 100.0),
        # A goal refreshes a table twice; its next refresh is tomorrow's.
        ([(0, 4), (8, 4)], DAY, None, None, 100.0),
        ([(0, 4), (8, 4)], DAY, 1.5 * DAY, 100.0, 100.0),
        # An afternoon of trying says nothing of how often a table is loaded.
        ([(hour * 4_000, 4) for hour in range(8)], DAY + 28_000, None, None, 100.0),
        ([(day * DAY + minute * 60, 4) for day in range(6) for minute in (0, 1)], 6 * DAY, None, 100.0, 100.0),
        ([(day * DAY + minute * 60, 4) for day in range(6) for minute in (0, 1)], 9 * DAY, None, 0.0, 100.0),
        ([(hour * 3_600, 4) for hour in range(30)], 31 * 3_600, None, 66.7, 100.0),
    ],
)
def test_freshness_and_volume_are_held_against_what_is_usual(
    tmp_path: Path,
    history: list[tuple[float, int]],
    at: float,
    allowed: float | None,
    freshness: float | None,
    volume: float | None,
) -> None:
    found = scored(tmp_path, pa.table({"a": [1, 2, 3, 4]}), history=history, at=at, allowed=allowed)
    assert (found.get("freshness"), found.get("volume")) == (freshness, volume)


@pytest.mark.parametrize(
    ("schedule", "freshness_hours", "days", "told"),
    [
        ("0 2 * * *", None, 1.2, "100.0"),
        ("0 2 * * 1-5", None, 3.1, "100.0"),
        ("0 2 * * *", None, 4, "0.0"),
        ("0 2 * * *", 240.0, 4, "100.0"),
        (None, None, 1, "not known"),
    ],
)
def test_a_table_is_as_fresh_as_its_schedule_or_policy_asks(
    tmp_path: Path, schedule: str | None, freshness_hours: float | None, days: float, told: str
) -> None:
    deployment = Deployment(tmp_path)
    platform = Platform.of(deployment.settings, {})
    platform.lake.append(TABLE, pa.table({"a": [1, 2, 3]}))
    for second in (0, 8, days * DAY):
        at = NOW + timedelta(seconds=second)
        shown = card(
            platform,
            TABLE,
            {},
            {},
            "r",
            at,
            override=NO_OVERRIDE,
            schedule=schedule,
            freshness_hours=freshness_hours,
        )
    line = next(line for line in shown["scorecard"].value.splitlines() if "freshness" in line)
    assert told in line
    assert (shown["quality/score"] == 100) is (told != "0.0")


def test_a_table_without_columns_or_rules_has_no_made_up_score() -> None:
    assert scores({"rows": 0, "measured": 0, "columns": {}}, [], [], 0.0) == {}
    made = scorecard([Measurement(TABLE, "r", 0.0, {"rows": 0, "measured": 0, "columns": {}, "scores": {}})])
    assert "Nothing could be measured yet" in made


def test_the_card_draws_valid_images_and_names_cannot_break_it() -> None:
    def of(number: int, **more: object) -> Measurement:
        facts = {"rows": 10 + number, "columns": {"a": {"type": "int64", "nulls": 0.1 * number}}, **more}
        return Measurement(
            TABLE, "r", number * 86_400.0, {"scores": {"validity": 90.0, "score": 90.0}, **facts}, number
        )

    odd = Measurement(
        TABLE, "r", 9e5, of(3).facts, 9, True, {"anomalies": [{"measure": "x", "reason": "x|y</svg><script>"}]}
    )
    failing = [
        {"name": "n", "reason": "no | pipes\n# heading", "action": "block", "unexpected": 3, "examples": ["`Aaa`"]}
    ]
    card = scorecard([of(1), of(2), odd, of(4, failing=failing)])
    images = re.findall(r"base64,([A-Za-z0-9+/=]+)\)", card)
    assert len(images) == 4
    for image in images:
        ElementTree.fromstring(base64.b64decode(image))
    assert "<script>" not in card
    assert "\n# heading" not in card
    assert "| validity | 90.0 | 90.0 |" in card
