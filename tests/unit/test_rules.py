"""Rules as the people who write them see them: verdicts, quarantined rows, names, and errors that say what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from agents.core.errors import RuleError, TableNotFound
from assets.kinds.rules import RuleSet, check_names
from assets.kinds.spec import Rule, RuleMeta

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
V = "expect_column_values_to_"
ORDERS = pa.table(
    {
        "order id": pa.array([1, 2, 2, None], pa.int64()),
        "amount": [10.0, -2.0, float("nan"), None],
        "currency": ["EUR", "eur", "USD", None],
        "email": ["ann@x.org", "ann at x.org", "ü@ö.de", None],
        "made": [NOW.replace(tzinfo=None) + timedelta(days=d) for d in (-1, 30, -3, -4)],
    }
)
QUERY = "SELECT * FROM {batch} WHERE made > CAST(current_timestamp AS TIMESTAMP) + INTERVAL 1 DAY"


def quarantine(kind: str, **kwargs: Any) -> Rule:
    return Rule(kind, kwargs, RuleMeta("quarantine", f"because of {kwargs.get('column', 'time')}"))


SUITE = [
    quarantine(f"{V}not_be_null", column="order id"),
    quarantine(f"{V}be_between", column="amount", min_value=0),
    quarantine(f"{V}be_in_set", column="currency", value_set=["EUR", "USD"]),
    quarantine(f"{V}match_regex", column="email", regex=r"^\w+@\w+\.\w+$"),
    quarantine("unexpected_rows_expectation", unexpected_rows_query=QUERY),
    Rule(f"{V}be_unique", {"column": "order id"}),
]


def only(rule: Rule, table: pa.Table = ORDERS, **more: Any) -> Any:
    (result,) = RuleSet([rule], table.schema).evaluate(table, now=NOW, **more)
    return result


def refusal(rule: Rule) -> str | None:
    """Why a rule cannot be had, whether it is refused at once or when it is evaluated."""
    try:
        return only(rule).error
    except RuleError as error:
        return str(error)


def test_rows_that_break_rules_are_split_off_with_rule_and_reason() -> None:
    good, bad = RuleSet(SUITE, ORDERS.schema).split(ORDERS.to_batches()[0], now=NOW)
    assert good.column("currency").to_pylist() == ["EUR", "USD"]
    assert good.schema == ORDERS.schema
    assert bad is not None
    assert bad.schema.names == [*ORDERS.schema.names, "_rule", "_reason"]
    assert bad.column("_rule").to_pylist()[0] == "amount_between"
    assert bad.column("_reason").to_pylist() == [
        "because of amount; because of currency; because of email; because of time",
        "because of order id",
    ]


def test_a_clean_batch_passes_untouched() -> None:
    batch = ORDERS.slice(0, 1).to_batches()[0]
    good, bad = RuleSet(SUITE, ORDERS.schema).split(batch, now=NOW)
    assert bad is None
    assert good is batch
    empty = batch.slice(0, 0)
    assert RuleSet(SUITE, ORDERS.schema).split(empty, now=NOW) == (empty, None)


@pytest.mark.parametrize("dataset", [ORDERS, pads.dataset(ORDERS)], ids=["table", "dataset"])
def test_the_whole_table_is_judged_with_counts(dataset: Any) -> None:
    results = RuleSet(SUITE, ORDERS.schema).evaluate(dataset, now=NOW)
    assert [r.unexpected_count for r in results] == [1, 1, 1, 1, 1, 2]
    assert [r.missing_count for r in results] == [0, 2, 1, 1, 0, 1]
    assert not any(r.success or r.error for r in results)


def test_examples_hide_text_and_show_numbers() -> None:
    results = RuleSet(SUITE, ORDERS.schema).evaluate(ORDERS, now=NOW)
    assert results[1].examples == ("-2.0",)
    assert results[3].examples == ("aaa aa a.aaa",)
    query = "SELECT * FROM {batch} WHERE currency = 'eur' LIMIT 3"
    assert "ann" not in str(only(quarantine("unexpected_rows_expectation", unexpected_rows_query=query)).examples)


def test_categories_are_shown_but_what_looks_personal_is_not() -> None:
    table = pa.table({"c": ["EUR"] * 200 + ["eur", "a@b.de", "0176 12345"]})
    result = only(quarantine(f"{V}be_in_set", column="c", value_set=["EUR"]), table)
    assert result.examples == ("9999 99999", "a@a.aa", "'eur'")


def test_muted_rules_are_skipped_and_names_of_the_others_stay() -> None:
    rules = [Rule(f"{V}be_between", {"column": "amount", "min_value": n}, RuleMeta(muted=n == 0)) for n in (0, 1)]
    assert RuleSet(rules, ORDERS.schema).names == check_names(rules)[1:]


def test_a_rule_that_cannot_be_computed_fails_alone() -> None:
    bad = quarantine("unexpected_rows_expectation", unexpected_rows_query="SELECT nope(amount) FROM {batch}")
    cast = "SELECT * FROM {batch} WHERE CAST(currency AS INTEGER) > 1"
    results = RuleSet(
        [bad, SUITE[1], quarantine("unexpected_rows_expectation", unexpected_rows_query=cast)], ORDERS.schema
    ).evaluate(ORDERS, now=NOW)
    assert [bool(r.error) for r in results] == [True, False, True]
    assert results[0].to_gx()["exception_info"]["raised_exception"]


def test_a_column_dropped_since_fails_its_rules_with_the_reason() -> None:
    rules = RuleSet(SUITE, ORDERS.schema)
    results = rules.evaluate(ORDERS.drop_columns(["email"]), now=NOW)
    assert results[3].error is not None
    assert "email" in results[3].error
    assert results[1].error is None


def test_orphans_are_found_in_another_table_of_the_lake() -> None:
    query = 'SELECT b.* FROM {batch} b WHERE NOT EXISTS (SELECT 1 FROM silver.customers c WHERE c.id = b."order id")'
    rule = Rule("unexpected_rows_expectation", {"unexpected_rows_query": query})
    asked: list[str] = []

    def tables(name: str) -> pa.Table:
        asked.append(name)
        return pa.table({"id": [1]})

    result = only(rule, tables=tables)
    assert (result.success, result.unexpected_count, asked) == (False, 3, ["silver/customers"])

    def gone(name: str) -> pa.Table:
        raise TableNotFound(f"{name} is not in the lake")

    assert "silver/customers" in str(only(rule, tables=gone).error)
    assert only(rule).error is not None


@pytest.mark.parametrize("query", ["SELECT * FROM read_csv('/etc/passwd'), {batch}", "SELECT * FROM {batch}, 'x.csv'"])
def test_a_query_reads_no_files(query: str) -> None:
    rule = Rule("unexpected_rows_expectation", {"unexpected_rows_query": query})
    assert refusal(rule)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Rule(f"{V}not_be_nul", {"column": "amount"}), "did you mean 'expect_column_values_to_not_be_null'"),
        (Rule(f"{V}be_null", {"column": "amout"}), "did you mean 'amount'"),
        (Rule(f"{V}be_between", {"column": "amount", "min_valu": 1}), "did you mean 'min_value'"),
        (Rule(f"{V}be_between", {"column": "amount"}), "neither min_value nor max_value"),
        (Rule(f"{V}be_between", {"column": "amount", "min_value": 3, "max_value": 1}), "swap them"),
        (Rule(f"{V}be_between", {"column": "email", "min_value": 1}), "cannot be compared"),
        (Rule(f"{V}be_in_set", {"column": "email", "value_set": "EUR"}), "must be a list"),
        (Rule(f"{V}match_regex", {"column": "email", "regex": "("}), "not a regular expression"),
        (Rule(f"{V}match_regex", {"column": "email", "regex": "(?=a)b"}), "without look-around"),
        (Rule(f"{V}be_null", {"column": "amount", "mostly": 2}), "share from 0 to 1"),
        (Rule(f"{V}be_null", {"column": "amount", "row_condition": "amout > 1"}), "did you mean 'amount'"),
        (Rule("expect_column_mean_to_be_between", {"column": "email", "min_value": 1}), "needs numbers"),
        (Rule("unexpected_rows_expectation", {"unexpected_rows_query": "DROP TABLE {batch}"}), "one SELECT"),
        (Rule("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT 1"}), "{batch}"),
        (Rule("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT FROM WHERE {batch}"}), "SELECT"),
        (Rule("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch}, x.y"}), "layer.table"),
    ],
)
def test_a_wrong_rule_is_refused_with_place_and_fix(rule: Rule, says: str) -> None:
    with pytest.raises(RuleError) as error:
        RuleSet([rule], ORDERS.schema, where="silver/orders")
    assert "silver/orders" in str(error.value)
    assert says in str(error.value)


def test_names_survive_limits_and_fit_dagster() -> None:
    rules = [
        Rule(f"{V}be_between", {"column": "amount", "min_value": 1}),
        Rule(f"{V}not_be_null", {"column": "order_id"}),
        Rule(f"{V}be_unique", {"column": "order_id"}),
        Rule(f"{V}be_unique", {"column": "größe in cm"}),
        Rule(f"{V}be_unique", {"column": "größe in mm"}),
        Rule(f"{V}be_between", {"column": "amount", "max_value": 5}),
        Rule("unexpected_rows_expectation", {"unexpected_rows_query": QUERY}),
    ]
    names = check_names(rules)
    assert names[:3] == ("amount_between", "not_null_order_id", "unique_order_id")
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    changed = [Rule(r.type, {**r.kwargs, "min_value": 7} if "min_value" in r.kwargs else r.kwargs) for r in rules]
    assert check_names(changed) == names


def test_python_classes_keep_their_unicode_meaning() -> None:
    table = pa.table({"t": ["über", "日本", "a b", "x\n"]})
    assert only(Rule(f"{V}match_regex", {"column": "t", "regex": r"^\w+$"}), table).unexpected_count == 1
    assert only(Rule(f"{V}match_regex", {"column": "t", "regex": r"^[^\s]+$"}), table).unexpected_count == 1


def test_result_is_great_expectations_own_shape() -> None:
    result = RuleSet(SUITE, ORDERS.schema).evaluate(ORDERS, now=NOW)[2].to_gx()
    assert result["success"] is False
    assert result["expectation_config"]["type"] == f"{V}be_in_set"
    assert result["result"]["unexpected_percent_nonmissing"] == pytest.approx(100 / 3)
    assert result["result"]["unexpected_percent_total"] == 25


def test_one_evaluation_has_one_moment() -> None:
    rule = quarantine("unexpected_rows_expectation", unexpected_rows_query=QUERY)
    assert only(rule).unexpected_count == 1
    (later,) = RuleSet([rule], ORDERS.schema).evaluate(ORDERS, now=NOW + timedelta(days=60))
    assert later.success
