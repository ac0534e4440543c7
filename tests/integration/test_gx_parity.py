"""Great Expectations on pandas and our engine: the same verdicts and counts on a corpus of awkward columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from assets.kinds.rules import RuleSet, known_types
from assets.kinds.rules.foreign import ELSEWHERE, GX_TYPES
from assets.kinds.spec import Rule

gx = pytest.importorskip("great_expectations", reason="Great Expectations is not installed (extra: quality)")
from great_expectations.expectations.registry import list_registered_expectation_implementations  # noqa: E402

pd = pytest.importorskip("pandas")

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAN, INF = float("nan"), float("inf")
TABLES: Mapping[str, pa.Table] = {
    "plain": pa.table({"n": [1, 2, 3, 4, 5], "m": [1, 1, 3, 5, 4], "t": ["a", "b", "b", "c", "d"]}),
    "nulls": pa.table({"n": [1, None, 3, None, 3], "m": [None, None, 2, 5, 3], "t": ["a", None, "", "b", None]}),
    "floats": pa.table({"n": [1.5, NAN, INF, -INF, None], "m": [1.5, NAN, 0.0, None, 2.0], "t": ["x"] * 5}),
    "unicode": pa.table({"n": [0, 0, -1], "m": [0, 0, 0], "t": ["ä", "日本", "ÄÖ\n"]}),
    "duplicates": pa.table({"n": [7, 7, 7, 2], "m": [7, 7, 0, 2], "t": ["b", "b", "a\u0301", "á"]}),
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
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "n", "min_value": 0.7}),
    (f"{V}match_regex_list", {"column": "t", "regex_list": ["^a", "c$"]}),
    (f"{V}match_regex_list", {"column": "t", "regex_list": [r"^\w", "b"], "match_on": "all", "mostly": 0.3}),
    (f"{V}not_match_regex_list", {"column": "t", "regex_list": ["^a", "日"]}),
    (f"{PAIR}to_be_in_set", {"column_A": "n", "column_B": "m", "value_pairs_set": [[1, 1], [3, None], [1.5, 1.5]]}),
    (
        f"{PAIR}to_be_in_set",
        {"column_A": "n", "column_B": "m", "value_pairs_set": [[1, 1]], "ignore_row_if": "neither"},
    ),
    *(
        (f"expect_{kind}", {"column_list": ["n", "m"], "ignore_row_if": ignore, **more})
        for kind, more in (
            ("multicolumn_sum_to_equal", {"sum_total": 3}),
            ("multicolumn_values_to_be_equal", {}),
            ("select_column_values_to_be_unique_within_record", {}),
        )
        for ignore in ("all_values_are_missing", "any_value_is_missing", "never")
    ),
    ("expect_table_row_count_to_equal", {"value": 5}),
    ("expect_table_column_count_to_equal", {"value": 3}),
    ("expect_table_column_count_to_be_between", {"min_value": 4}),
    ("expect_table_columns_to_match_ordered_list", {"column_list": ["n", "m", "t"]}),
    ("expect_table_columns_to_match_ordered_list", {"column_list": ["m", "n", "t"]}),
    *(
        (f"expect_column_distinct_values_to_{kind}_set", {"column": column, "value_set": values})
        for kind in ("be_in", "contain", "equal")
        for column, values in (("t", ["a", "b", "c", "d"]), ("n", [1, 3]))
    ),
    *(
        (f"{V}{kind}", {"column": column, **more})
        for kind, column, more in (
            ("be_increasing", "n", {}),
            ("be_decreasing", "n", {"mostly": 0.5}),
            ("be_json_parseable", "t", {}),
            ("be_dateutil_parseable", "t", {"mostly": 0.1}),
            ("match_strftime_format", "t", {"strftime_format": "%Y"}),
            ("not_be_outliers", "n", {}),
        )
    ),
    ("expect_column_most_common_value_to_be_in_set", {"column": "n", "value_set": [1, 3]}),
    ("expect_column_value_z_scores_to_be_less_than", {"column": "n", "threshold": 1, "double_sided": True}),
    (
        "expect_column_quantile_values_to_be_between",
        {"column": "n", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 3]]}},
    ),
]


def _is(column: str, operator: str, value: Any) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": value}


CONDITIONS: list[dict[str, Any]] = [
    {"row_condition": condition, **parser}
    for condition, parser in (
        (_is("m", ">", 1), {}),
        (_is("m", "!=", 2), {}),
        (_is("t", "!=", "a"), {}),
        (_is("t", "<", "b"), {}),
        (_is("m", "IN", [0, 2, 3]), {}),
        (_is("m", "NOT_IN", [2, 3]), {}),
        (_is("t", "==", "it's"), {}),
        ({"type": "nullity", "column": {"name": "m"}, "is_null": True}, {}),
        ({"type": "and", "conditions": [_is("m", ">", 0), _is("t", "!=", "a")]}, {}),
        ({"type": "or", "conditions": [_is("m", ">=", 4), _is("t", "IN", ["a", "ä"])]}, {}),
        ('col("m") <= 2.0', {"condition_parser": "great_expectations"}),
        ('col("t") == "b"', {"condition_parser": "great_expectations"}),
        ('col("m").notnull()', {"condition_parser": "great_expectations__experimental__"}),
        ("m > 0 & t != 'b' | m == -1", {"condition_parser": "pandas"}),
        ("not (0 <= m < 3) and ~t.isnull()", {"condition_parser": "pandas"}),
        ("m in [0, 5] or t not in ['b']", {"condition_parser": "pandas"}),
        ("m != n", {}),
        ("m.between(1, 3)", {}),
        ("m + n > 3", {"condition_parser": "pandas"}),
        ("t.str.len() > 1", {"condition_parser": "pandas"}),
    )
]
OVER_SOME_ROWS: list[tuple[str, dict[str, Any]]] = [
    (f"{V}not_be_null", {"column": "n", "mostly": 0.6}),
    (f"{V}be_null", {"column": "t"}),
    (f"{V}be_between", {"column": "n", "min_value": 2, "mostly": 0.5}),
    (f"{V}be_in_set", {"column": "t", "value_set": ["a", "b", "ä"]}),
    (f"{V}be_unique", {"column": "n"}),
    (f"{V}be_increasing", {"column": "n"}),
    (f"{PAIR}to_be_equal", {"column_A": "n", "column_B": "m", "ignore_row_if": "either_value_is_missing"}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["n", "t"]}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["n", "m"], "sum_total": 3, "ignore_row_if": "never"}),
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 3}),
    ("expect_column_mean_to_be_between", {"column": "n", "min_value": 1, "max_value": 4}),
    ("expect_column_unique_value_count_to_be_between", {"column": "t", "min_value": 1, "max_value": 2}),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "n", "min_value": 0.7}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "n", "value_set": [1, 3]}),
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
    assert _same(case, kind, kwargs), f"Great Expectations itself fails on {case[0]!r}: nothing was compared"


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda value: str(value["row_condition"])[:60])
def test_same_rows_are_left_out_by_a_condition(case: tuple[str, pa.Table, Any], condition: dict[str, Any]) -> None:
    # Every kind of rule with one condition, and each condition with a few: all with all takes minutes.
    rules = OVER_SOME_ROWS if condition in (CONDITIONS[0], CONDITIONS[13]) else OVER_SOME_ROWS[2:5:2]
    compared = [_same(case, kind, {**kwargs, **condition}) for kind, kwargs in rules]
    assert any(compared), f"Great Expectations itself fails on {case[0]!r}: nothing was compared"


def _same(case: tuple[str, pa.Table, Any], kind: str, kwargs: dict[str, Any]) -> bool:
    """Assert equal verdicts and counts; False where Great Expectations itself fails."""
    _, table, batch = case
    expectation = getattr(gx.expectations, "".join(part.title() if part != "a" else "A" for part in kind.split("_")))
    theirs = batch.validate(expectation(**kwargs)).to_json_dict()
    (ours,) = RuleSet([Rule(kind, kwargs)], table.schema).evaluate(table, now=NOW)
    if kind in GX_TYPES and ours.error:
        assert theirs["exception_info"]["raised_exception"] or any(
            v.get("raised_exception") for v in theirs["exception_info"].values() if isinstance(v, dict)
        )
    if theirs["exception_info"].get("raised_exception", False) or any(
        isinstance(v, dict) and v.get("raised_exception") for v in theirs["exception_info"].values()
    ):
        return False
    assert ours.error is None
    assert ours.success == theirs["success"], (ours, theirs["result"])
    if "element_count" in theirs["result"]:
        got = (ours.element_count, ours.unexpected_count)
        assert got == (theirs["result"]["element_count"], theirs["result"]["unexpected_count"]), kind
    if "missing_count" in theirs["result"] and ours.observed is None:
        assert ours.missing_count == theirs["result"]["missing_count"], kind
    return True


def test_every_type_of_great_expectations_is_compiled_or_run_in_it_or_refused_with_a_way_out() -> None:
    theirs = set(list_registered_expectation_implementations())
    assert theirs - set(known_types()) - ELSEWHERE == set()


def test_an_observed_value_and_examples_of_great_expectations_hide_texts() -> None:
    table = pa.table({"t": ["ann@x.org", "ann@x.org", "2020"]})
    rules = [
        Rule("expect_column_most_common_value_to_be_in_set", {"column": "t", "value_set": ["x"]}),
        Rule(f"{V}match_strftime_format", {"column": "t", "strftime_format": "%Y"}),
        Rule(f"{V}match_json_schema", {"column": "t", "json_schema": {"type": "nonsense"}}),
    ]
    results = RuleSet(rules, table.schema).evaluate(table, now=NOW)
    assert [result.success for result in results] == [False, False, False]
    assert "ann@" not in str([result.to_gx() for result in results])
    assert results[1].examples == ("aaa@a.aaa",)
