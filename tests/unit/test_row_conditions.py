"""Rules about some of a table's rows: what each way of writing the condition picks, and what is refused and how."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.errors import RuleError
from assets.kinds.checks import check_specs
from assets.kinds.contract import Contract, Promise, promised
from assets.kinds.rules import RuleSet, check_names
from assets.kinds.spec import Rule, RuleMeta
from tests.unit.product_runs import ORDERS as PRODUCT
from tests.unit.product_runs import Deployment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
V = "expect_column_values_to_"
NAN = float("nan")
ORDERS = pa.table(
    {
        "n": [1, None, 3, None, 5, 6],
        "m": [1.0, None, 2.0, 5.0, NAN, 3.0],
        "t": ["a", None, "", "b", "O'Neil", "B"],
        "ok": [True, None, False, True, True, False],
        "at": [datetime(2026, 1, d) for d in range(1, 7)],
        "größe cm": [1, 2, 3, 4, 5, 6],
    }
)
"""Picked rows are told by how many nulls and rows of `n` they hold."""


def is_(column: str, operator: str, value: Any) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": value}


def null(column: str, yes: bool = True) -> dict[str, Any]:
    return {"type": "nullity", "column": {"name": column}, "is_null": yes}


def rule(condition: Any, parser: str | None = None, action: Any = "alert", kind: str = f"{V}not_be_null") -> Rule:
    kwargs = {"column": "n", "row_condition": condition, **({"condition_parser": parser} if parser else {})}
    return Rule(kind, kwargs, RuleMeta(action, "n is there"))


def picked(condition: Any, parser: str | None = None) -> tuple[int, int]:
    """How many rows the condition picks, and in how many of them `n` is null."""
    (result,) = RuleSet([rule(condition, parser)], ORDERS.schema).evaluate(ORDERS, now=NOW)
    assert result.error is None
    return result.element_count, result.unexpected_count


@pytest.mark.parametrize(
    ("condition", "parser", "rows"),
    [
        (is_("m", ">", 1), None, (3, 1)),
        (is_("m", "!=", 2), None, (5, 2)),
        (is_("t", "==", "O'Neil"), None, (1, 0)),
        (is_("t", "NOT_IN", ["a", "b"]), None, (4, 1)),
        (is_("m", "IN", []), None, (0, 0)),
        (null("m"), None, (2, 1)),
        ({"type": "and", "conditions": [null("t", False), is_("ok", "==", True)]}, None, (3, 1)),
        ({"type": "or", "conditions": [is_("größe cm", "<=", 2), is_("m", ">=", 5)]}, None, (3, 2)),
        (is_("at", ">=", "2026-01-03"), None, (4, 1)),
        ({"type": "pass_through", "pass_through_filter": "m > 1 & ok"}, None, (1, 1)),
        ('col("m") >= 2', "great_expectations", (3, 1)),
        ('col("größe cm") < 1e1', "great_expectations__experimental__", (6, 2)),
        ('col("t").notNull()', "great_expectations", (5, 1)),
        ('col("at") < date("2026-01-03")', "great_expectations", (2, 1)),
        ("m > 1 & t != 'b' | `größe cm` == 1", "pandas", (3, 0)),
        ("not (1 < m <= 3) and ~t.isnull()", "pandas", (3, 1)),
        ("3 > m", "pandas", (2, 0)),
        ("m in [2, 5] or t == ['a']", "pandas", (3, 1)),
        ("n.between(1, 3) and t.isin(('a', ''))", "pandas", (2, 0)),
        ("m > -1 and t not in ['a & b', 'b']", "pandas", (3, 0)),
        ("n == m", "pandas", (1, 0)),
        ("n != m", "pandas", (5, 2)),
        ("M > 1 AND NOT t = 'b'", "spark", (3, 0)),
        ("m IS NOT NULL AND `größe cm` BETWEEN 2 AND 4", "spark", (2, 1)),
        ("at < DATE '2026-01-03' OR t IN ('b', \"B\") OR ok = false", "spark", (5, 2)),
        ("n <> m", "spark", (3, 0)),
    ],
)
def test_a_rule_sees_the_rows_that_fit_its_condition_and_no_others(
    condition: Any, parser: str | None, rows: tuple[int, int]
) -> None:
    assert picked(condition, parser) == rows


def test_rows_that_the_condition_leaves_out_are_not_quarantined() -> None:
    rules = RuleSet([rule("ok == True", action="quarantine")], ORDERS.schema)
    good, bad = rules.split(ORDERS.to_batches()[0], now=NOW)
    assert good.column("größe cm").to_pylist() == [1, 2, 3, 5, 6]
    assert bad is not None
    assert bad.column("_reason").to_pylist() == ["n is there"]


def test_numbers_uniqueness_and_row_counts_are_of_the_rows_that_fit() -> None:
    table = pa.table({"k": [1, 1, 2, 2, 3], "day": ["mo", "mo", "mo", "tu", "tu"], "n": [1, 2, 3, 40, 50]})
    monday, tuesday = is_("day", "==", "mo"), is_("day", "==", "tu")
    wanted: list[tuple[str, dict[str, Any], bool]] = [
        ("expect_column_max_to_be_between", {"column": "n", "max_value": 3, "row_condition": monday}, True),
        ("expect_column_max_to_be_between", {"column": "n", "max_value": 3, "row_condition": tuesday}, False),
        ("expect_table_row_count_to_equal", {"value": 3, "row_condition": monday}, True),
        (f"{V}be_unique", {"column": "k", "row_condition": tuesday}, True),
        (f"{V}be_unique", {"column": "k", "row_condition": monday}, False),
        ("expect_compound_columns_to_be_unique", {"column_list": ["k", "day"], "row_condition": "n > 1"}, True),
        (
            "expect_column_unique_value_count_to_be_between",
            {"column": "k", "max_value": 2, "row_condition": monday},
            True,
        ),
        ("expect_column_mean_to_be_between", {"column": "n", "min_value": 0, "row_condition": "n > 99"}, False),
    ]
    results = RuleSet([Rule(kind, kwargs) for kind, kwargs, _ in wanted], table.schema).evaluate(table, now=NOW)
    assert [result.success for result in results] == [holds for _, _, holds in wanted]
    assert (results[4].element_count, results[4].unexpected_count) == (3, 2)


def test_the_name_the_check_and_the_result_keep_the_condition_and_a_changed_one_is_another_rule() -> None:
    rules = [Rule(f"{V}not_be_null", {"column": "n"}), rule("ok == True"), rule(is_("m", ">", 1))]
    names = check_names(rules)
    assert names[0] == "not_null_n"
    assert all(name.startswith("not_null_n_where_") for name in names[1:])
    assert names[1:] == (*check_names(rules[1:2]), *check_names(rules[2:])), "whatever other rules there are"
    import dagster as dg

    checks = check_specs(dg.AssetKey("t"), rules)
    assert [check.metadata.get("rows") for check in checks] == [None, "ok == True", "m > 1"]
    assert rules[2].to_gx()["kwargs"]["row_condition"] == is_("m", ">", 1)
    assert len({one.identity for one in rules}) == 3


def test_a_promise_for_all_rows_is_not_kept_by_a_rule_for_some() -> None:
    contract = Contract((Promise("n", "long", required=True),))
    some = rule("ok == True", action="quarantine")
    assert [one.meta.id for one in promised(contract, (some,))] == ["", "contract"]


@pytest.mark.parametrize(
    ("condition", "parser", "says"),
    [
        ("m >", "pandas", "does not parse"),
        ("nn > 1", "pandas", "did you mean 'n'"),
        ("t > 1", "pandas", "cannot be compared"),
        ("m == None", "pandas", "null instead"),
        ("1 < 2", "pandas", "compares two values"),
        ("t", "pandas", "not true or false"),
        ("@__import__('os').system('true') == 0", "pandas", "does not parse"),
        ("__import__('os').system('true') == 0", "pandas", "more than comparisons"),
        ("m.map(1)", "pandas", "more than comparisons"),
        ("9 ** 9 ** 9 > m", "pandas", "more than comparisons"),
        ("t * 1000000000 == 'a'", "pandas", "more than comparisons"),
        ("t.str.contains('(a+)+$')", "pandas", "more than comparisons"),
        ("~" * 3000 + "ok", "pandas", ""),
        ("(" * 3000 + "ok" + ")" * 3000, "pandas", ""),
        ("m > 1 " * 5000, "pandas", "10000 characters"),
        ("", "pandas", "neither a text nor a condition"),
        (7, None, "neither a text nor a condition"),
        ('col("m") > 1', None, "condition_parser: great_expectations"),
        ('col("m") > 1 and col("m") < 3', "great_expectations", "one comparison"),
        ("m > 1", "great_expectations", "one comparison"),
        ("m > 1", "sql", "use one of pandas"),
        ("m > 1; DROP TABLE x", "spark", "more than a condition"),
        ("m > 1 GROUP BY m", "spark", "more than a condition"),
        ("m IN (SELECT 1)", "spark", ""),
        ("abs(m) > 1", "spark", "more than columns and values"),
        ({"type": "maybe"}, None, "is no condition"),
        ({"type": "and", "conditions": []}, None, "list of conditions"),
        ({"type": "comparison", "column": "m", "operator": ">", "parameter": 1}, None, "column: {name: amount}"),
        (is_("m", "LIKE", "a"), None, "no operator 'LIKE'"),
        (is_("m", "==", None), None, "null instead"),
        (is_("m", "IN", "abc"), None, "list of values"),
        ({"type": "and", "conditions": [{"type": "or", "conditions": [null("m")]}]}, None, "one OR of ANDs"),
        ({"type": "or", "conditions": [null("m")] * 101}, None, "more than 100"),
    ],
)
def test_a_condition_that_cannot_be_had_is_refused_with_what_to_write(
    condition: Any, parser: str | None, says: str
) -> None:
    with pytest.raises(RuleError) as error:
        RuleSet([rule(condition, parser)], ORDERS.schema, where="silver/orders")
    assert "silver/orders" in str(error.value)
    assert error.value.fix
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_to_exist", {"column": "n"}),
        ("expect_table_column_count_to_equal", {"value": 1}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch}"}),
    ],
)
def test_types_that_take_no_condition_say_so(kind: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="takes no row_condition"):
        RuleSet([Rule(kind, {**kwargs, "row_condition": "n > 1"})], ORDERS.schema)


def test_what_only_great_expectations_can_pick_quarantines_nothing_and_is_refused_there() -> None:
    with pytest.raises(RuleError, match="quarantines no rows"):
        RuleSet([rule("n + m > 3", action="quarantine")], ORDERS.schema)


def test_a_condition_on_a_column_that_is_gone_fails_its_rule_alone() -> None:
    rules = RuleSet([rule("m > 1"), Rule(f"{V}be_null", {"column": "t"})], ORDERS.schema)
    first, second = rules.evaluate(ORDERS.drop_columns(["m"]), now=NOW)
    assert "no column" in str(first.error)
    assert second.error is None


def test_a_product_quarantines_only_rows_that_its_condition_picks_and_its_check_says_which(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    deployment.orders([(1, None, "2025-12-31"), (2, None, "2026-01-02"), (3, 3.0, "2026-01-03")])
    condition = "{type: comparison, column: {name: updated_at}, operator: '>=', parameter: '2026-01-01'}"
    deployment.product(
        PRODUCT
        + f"""      rules:
        - type: expect_column_values_to_not_be_null
          kwargs: {{column: amount, row_condition: {condition}}}
          meta: {{action: quarantine, reason: amounts are there since 2026}}
"""
    )
    run = deployment.run("dev/bronze/orders")
    assert run.success
    assert sorted(deployment.table("bronze/orders").column("order_id").to_pylist()) == [1, 3]
    assert deployment.table("quarantine/bronze_orders").num_rows == 1
    (name,) = run.checks
    assert name.startswith("not_null_amount_where_")


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_compound_columns_to_be_unique", {"column_list": 5}),
        ("expect_column_min_to_be_between", {"column": "none", "min_value": {}, "max_value": 1}),
        (f"{V}be_null", {"column": "n", "row_condition": NAN}),
        (f"{V}be_null", {"column": "n", "row_condition": NOW}),
        (f"{V}be_null", {"column": NOW}),
    ],
)
def test_what_is_no_argument_at_all_is_refused_not_stumbled_over(kind: str, kwargs: dict[str, Any]) -> None:
    schema = ORDERS.append_column("none", pa.nulls(6)).schema
    with pytest.raises(RuleError):
        RuleSet([Rule(kind, kwargs)], schema)
    (name,) = check_names([Rule(kind, kwargs)])
    assert name


def test_no_text_is_run_or_stumbled_over() -> None:
    pieces = [
        "n",
        "t",
        "ok",
        "`größe cm`",
        "1",
        "'a'",
        "'",
        "(",
        ")",
        "==",
        "in",
        "not",
        "and",
        "&",
        "~",
        "IS NULL",
        ";",
    ]
    pieces += [".isnull()", 'col("n")', "--", "@x", "[", "]", ",", "\0", "IN", "f'{n}'", "lambda x: x", "SELECT", "é"]
    chance = random.Random(7)
    fixes: list[str] = []
    for _ in range(600):
        text = " ".join(chance.choice(pieces) for _ in range(chance.randint(1, 7)))
        parser = chance.choice(["pandas", "spark", "great_expectations"])
        try:
            RuleSet([rule(text, parser)], ORDERS.schema)
        except RuleError as error:
            fixes.append(error.fix)
    assert len(fixes) > 540
    assert all(fixes)
