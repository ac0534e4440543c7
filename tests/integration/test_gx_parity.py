"""Great Expectations on pandas and our engine: the same verdicts and counts on a corpus of awkward columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from assets.kinds.rules import RuleSet
from assets.kinds.spec import Rule

gx = pytest.importorskip("great_expectations", reason="Great Expectations is not installed (extra: quality)")
pd = pytest.importorskip("pandas")

NAN, INF = float("nan"), float("inf")
TABLES: Mapping[str, pa.Table] = {
    "plain": pa.table({"n": [1, 2, 3, 4, 5], "m": [1, 1, 3, 5, 4], "t": ["a", "b", "b", "c", "d"]}),
    "nulls": pa.table({"n": [1, None, 3, None, 3], "m": [None, None, 2, 5, 3], "t": ["a", None, "", "b", None]}),
    "floats": pa.table({"n": [1.5, NAN, INF, -INF, None], "m": [1.5, NAN, 0.0, None, 2.0], "t": ["x"] * 5}),
    "unicode": pa.table({"n": [0, 0, -1], "m": [0, 0, 0], "t": ["ä", "日本", "ÄÖ\n"]}),
    "empty": pa.table({"n": pa.array([], pa.int64()), "m": pa.array([], pa.int64()), "t": pa.array([], pa.string())}),
    "all null": pa.table(
        {"n": pa.nulls(3, pa.float64()), "m": pa.nulls(3, pa.float64()), "t": pa.nulls(3, pa.string())}
    ),
}
V = "expect_column_values_to_"
PAIR = "expect_column_pair_values_"
RULES: list[tuple[str, dict[str, Any]]] = [
    *(
        (f"{V}{kind}", {"column": c, **m})
        for kind in ("not_be_null", "be_null", "be_unique")
        for c in "nt"
        for m in ({}, {"mostly": 0.6})
    ),
    (f"{V}be_between", {"column": "n", "min_value": 1, "max_value": 3}),
    (f"{V}be_between", {"column": "n", "min_value": 1, "strict_min": True, "mostly": 0.5}),
    (f"{V}be_between", {"column": "n", "max_value": 3, "strict_max": True}),
    (f"{V}be_in_set", {"column": "n", "value_set": [1, 2, 3]}),
    (f"{V}be_in_set", {"column": "t", "value_set": ["a", "b", "ä"]}),
    (f"{V}be_in_set", {"column": "t", "value_set": []}),
    (f"{V}not_be_in_set", {"column": "t", "value_set": ["b"], "mostly": 0.6}),
    (f"{V}match_regex", {"column": "t", "regex": r"^\w+$"}),
    (f"{V}match_regex", {"column": "t", "regex": r"[a-c]"}),
    (f"{V}not_match_regex", {"column": "t", "regex": r"^\s*$"}),
    ("expect_column_value_lengths_to_be_between", {"column": "t", "min_value": 1, "max_value": 1}),
    ("expect_column_value_lengths_to_equal", {"column": "t", "value": 1, "mostly": 0.5}),
    *(
        (f"{PAIR}{kind}", {"column_A": "n", "column_B": "m", **extra})
        for kind in ("a_to_be_greater_than_b", "to_be_equal")
        for extra in ({}, {"ignore_row_if": "either_value_is_missing"}, {"ignore_row_if": "neither", "mostly": 0.5})
    ),
    (f"{PAIR}a_to_be_greater_than_b", {"column_A": "n", "column_B": "m", "or_equal": True}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["n", "m"]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["n", "t"], "ignore_row_if": "any_value_is_missing"}),
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 4}),
    ("expect_column_to_exist", {"column": "n"}),
    ("expect_column_to_exist", {"column": "zz"}),
    ("expect_table_columns_to_match_set", {"column_set": ["t", "n"], "exact_match": False}),
    ("expect_table_columns_to_match_set", {"column_set": ["t", "n"]}),
    *(
        (f"expect_column_{f}_to_be_between", {"column": "n", "min_value": 1, "max_value": 4})
        for f in ("min", "max", "mean", "median", "sum", "stdev")
    ),
    ("expect_column_unique_value_count_to_be_between", {"column": "t", "min_value": 2, "max_value": 3}),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "n", "min_value": 0.5}),
]


@pytest.fixture(scope="module", params=list(TABLES))
def case(request: pytest.FixtureRequest) -> tuple[str, pa.Table, Any]:
    context = gx.get_context(mode="ephemeral")
    table = TABLES[request.param]
    frame = table.to_pandas()
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    return request.param, table, batch.get_batch(batch_parameters={"dataframe": frame})


@pytest.mark.parametrize(("kind", "kwargs"), RULES, ids=lambda value: str(value)[:60])
def test_same_verdict_and_count(case: tuple[str, pa.Table, Any], kind: str, kwargs: dict[str, Any]) -> None:
    name, table, batch = case
    expectation = getattr(gx.expectations, "".join(part.title() if part != "a" else "A" for part in kind.split("_")))
    theirs = batch.validate(expectation(**kwargs)).to_json_dict()
    (ours,) = RuleSet([Rule(kind, kwargs)], table.schema).evaluate(table, now=datetime(2026, 11, 22, tzinfo=UTC))
    if theirs["exception_info"].get("raised_exception", False) or any(
        isinstance(v, dict) and v.get("raised_exception") for v in theirs["exception_info"].values()
    ):
        pytest.skip(f"Great Expectations itself fails on {name!r}")
    assert ours.error is None
    assert ours.success == theirs["success"], (ours, theirs["result"])
    if "unexpected_count" in theirs["result"]:
        got = (ours.element_count, ours.unexpected_count)
        assert got == (theirs["result"]["element_count"], theirs["result"]["unexpected_count"])
