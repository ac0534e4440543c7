"""Rules learnt from dirty tables of several trades catch the dirt and let the next clean day pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from agents.tools.profiling import find_references, profile_table, write_rules
from assets.kinds.rules import RuleSet
from assets.kinds.spec import Rule, RuleMeta
from tests.unit.rule_writer_domains import DOMAINS, NOW, dirty, table

ROWS = 6000


def rules_of(data: pa.Table, key: str) -> list[Rule]:
    return write_rules(profile_table(data, key=(key,), now=NOW), now=NOW)


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("share", [0.001, 0.004])
@pytest.mark.parametrize("name", list(DOMAINS))
def test_planted_defects_are_quarantined_and_the_next_clean_day_passes(name: str, share: float, seed: int) -> None:
    domain = DOMAINS[name]
    columns, hit = dirty(domain, domain.make(np.random.default_rng(seed), ROWS, 0), np.random.default_rng(seed), share)
    data = table(columns)
    rules = RuleSet(rules_of(data, domain.key), data.schema)
    _, bad = rules.split(data.append_column("row", pa.array(range(ROWS))).combine_chunks().to_batches()[0], now=NOW)
    caught = set(bad.column("row").to_pylist()) if bad else set[int]()
    assert {column: len(rows - caught) for column, rows in hit.items()} == dict.fromkeys(hit, 0)
    assert len(caught - set().union(*hit.values())) < 0.0005 * ROWS
    tomorrow = table(domain.make(np.random.default_rng(seed + 100), ROWS, 1))
    results = rules.evaluate(tomorrow, now=NOW + timedelta(days=1))
    assert [name for name, result in zip(rules.names, results, strict=True) if not result.success] == []


def test_the_same_data_gives_the_same_rules_and_reasons_hold_numbers() -> None:
    domain = DOMAINS["payments"]
    data = table(dirty(domain, domain.make(np.random.default_rng(9), ROWS, 0), np.random.default_rng(9), 0.003)[0])
    rules = rules_of(data, domain.key)
    assert rules == rules_of(data, domain.key)
    assert all(rule.meta.reason and rule.meta.evidence for rule in rules)
    amounts = [r for r in rules if r.kwargs.get("column") == "value" and r.type.endswith("be_between")]
    assert ["18 rows of 6,000" in r.meta.reason for r in amounts if r.meta.action == "quarantine"] == [True]


def totals(*more: float) -> pa.Table:
    """What customers spent, and some who spend far more than anybody else."""
    spent = np.round(np.random.default_rng(2).gamma(9, 1000.0, 5000), 2)
    return pa.table({"customer_id": range(5000 + len(more)), "amount_sum": [*spent.tolist(), *more]})


@pytest.mark.parametrize("biggest", [(71_000.0,), (110_000.0, 150_000.0, 165_000.0, 210_000.0)])
@pytest.mark.parametrize("derived", [True, False])
def test_the_biggest_customers_stay_in_the_table_and_are_no_failure(biggest: tuple[float, ...], derived: bool) -> None:
    data = totals(*biggest)
    rules = RuleSet(
        write_rules(profile_table(data, key=("customer_id",), now=NOW), now=NOW, derived=derived), data.schema
    )
    good, bad = rules.split(data.combine_chunks().to_batches()[0], now=NOW)
    assert (good.num_rows, bad) == (data.num_rows, None)
    results = dict(zip(rules.names, rules.evaluate(data, now=NOW), strict=True))
    assert [name for name, result in results.items() if not result.success] == []
    assert "far above" in results["amount_sum_between"].rule.meta.reason


@pytest.mark.parametrize("name", list(DOMAINS))
def test_what_is_learned_from_a_derived_table_only_alerts_and_holds_on_it(name: str) -> None:
    domain = DOMAINS[name]
    columns, _ = dirty(domain, domain.make(np.random.default_rng(5), ROWS, 0), np.random.default_rng(5), 0.004)
    data = table(columns)
    profile = profile_table(data, key=(domain.key,), now=NOW)
    before = write_rules(profile, now=NOW)
    assert "quarantine" in {rule.meta.action for rule in before}
    for previous in ((), before):
        written = write_rules(profile, previous=previous, now=NOW, derived=True)
        assert {rule.meta.action for rule in written} == {"alert"}
    rules = RuleSet(write_rules(profile, now=NOW, derived=True), data.schema)
    assert [result.rule for result in rules.evaluate(data, now=NOW) if not result.success] == []


def test_a_value_nobody_has_seen_is_told_and_taken_while_a_mistyped_one_is_held() -> None:
    data = pa.table({"currency": ["EUR"] * 900 + ["USD"] * 95 + ["eur"] * 5})
    rules = RuleSet(write_rules(profile_table(data, now=NOW), now=NOW), data.schema)
    later = pa.table({"currency": ["EUR"] * 97 + ["JPY", "eur", "USD"]})
    good, bad = rules.split(later.combine_chunks().to_batches()[0], now=NOW)
    assert bad is not None
    assert bad.column("currency").to_pylist() == ["eur"]
    landed = rules.evaluate(pa.Table.from_batches([good]), now=NOW)
    failed = [(r.rule.meta.action, r.examples) for r in landed if not r.success and "set" in r.rule.type]
    assert failed == [("alert", ("AAA",))], "a currency of three letters is new"


def test_repeated_keys_are_reported() -> None:
    data = pa.table({"order_id": [*range(1000), 5, 6], "x": [1.0] * 1002})
    rules = RuleSet(rules_of(data, "order_id"), data.schema)
    failed = {name: r for name, r in zip(rules.names, rules.evaluate(data, now=NOW), strict=True) if not r.success}
    assert failed["unique_order_id"].unexpected_count == 4


def test_grades_that_differ_in_signs_are_not_the_same_value() -> None:
    data = pa.table({"grade": ["A"] * 500 + ["A+"] * 20 + ["A-"] * 20 + ["B"] * 300})
    rules = RuleSet(write_rules(profile_table(data, now=NOW), now=NOW), data.schema)
    assert all(result.success for result in rules.evaluate(data, now=NOW))


def orders_of(known: int, strange: int) -> pa.Table:
    """Orders of the customers 1 to 500, and of some that nobody knows."""
    buyers = [*(i % 500 + 1 for i in range(known)), *(900 + i % 9 for i in range(strange))]
    return pa.table({"no": list(range(known + strange)), "customer_id": buyers})


CUSTOMERS = pa.table({"id": list(range(1, 501)), "name": [f"n{i}" for i in range(500)]})


def references_of(orders: pa.Table, previous: list[Rule]) -> list[Rule]:
    found = find_references({"silver/crm_customers": CUSTOMERS, "silver/shop_orders": orders})
    assert found["silver/crm_customers"] == ()
    assert [(r.column, r.table, r.ref_column) for r in found["silver/shop_orders"]] == [
        ("customer_id", "silver/crm_customers", "id")
    ]
    profile = profile_table(orders, key=("no",), now=NOW)
    return write_rules(profile, previous=previous, references=found["silver/shop_orders"], now=NOW)


def failing(written: list[Rule], orders: pa.Table) -> dict[str, int]:
    rules = RuleSet(written, orders.schema)
    tables = {"silver/crm_customers": CUSTOMERS}
    results = zip(rules.names, rules.evaluate(orders, tables=tables.__getitem__, now=NOW), strict=True)
    return {name: result.unexpected_count for name, result in results if not result.success}


@pytest.mark.parametrize("strange", [0, 3, 12])
def test_a_reference_holds_on_what_it_was_learned_from_and_more_orphans_break_it(strange: int) -> None:
    orders = orders_of(2000 - strange, strange)
    written = references_of(orders, [])
    assert failing(written, orders) == {}
    (reference,) = [r for r in written if r.meta.id == "customer_id_in_crm_customers"]
    assert f"{strange} rows of 2,000" in reference.meta.reason or not strange
    assert failing(written, orders_of(1700, 300)) == {"customer_id_in_crm_customers": 300}
    assert references_of(orders_of(1999, 1), written) == written, "it stays as it is while the data does"


def test_a_strict_reference_stays_strict_and_one_that_failed_from_the_start_gives_way() -> None:
    strict = references_of(orders_of(2000, 0), [])
    assert references_of(orders_of(1990, 10), strict) == strict
    assert failing(strict, orders_of(1990, 10)) == {"customer_id_in_crm_customers": 10}
    failed = [replace(r, meta=replace(r.meta, evidence={"share": 0.994})) if r.meta.id else r for r in strict]
    again = references_of(orders_of(1990, 10), failed)
    assert failing(again, orders_of(1990, 10)) == {}
    assert len(again) == len(strict)


def test_what_a_person_wrote_or_muted_stays() -> None:
    data = table(DOMAINS["payments"].make(np.random.default_rng(1), ROWS, 0))
    first = rules_of(data, "txn")
    place = next(i for i, r in enumerate(first) if r.kwargs.get("column") == "value" and "between" in r.type)
    mine = Rule(first[place].type, {"column": "value", "max_value": 12}, RuleMeta("alert", "agreed with finance"))
    muted = replace(first[0], meta=replace(first[0].meta, muted=True))
    own = Rule("expect_column_max_to_be_between", {"column": "fee", "max_value": 99})
    profile = profile_table(data, key=("txn",), now=NOW)
    again = write_rules(profile, previous=[muted, mine, own], now=NOW)
    assert again[:3] == [muted, mine, own]
    assert len(again) == len(first) + 1
    assert write_rules(profile, previous=first, now=NOW) == first


@pytest.mark.parametrize(
    "data",
    [
        pa.table({"a": pa.array([], pa.int64()), "t": pa.array([], pa.string())}),
        pa.table({"a": pa.nulls(200, pa.float64()), "n": pa.nulls(200)}),
        pa.table({"only": ["x"]}),
        pa.table({'we "ird, näme': [1, 2, 3], "_ingested_at": [NOW] * 3}),
        pa.table({"l": [[1, 2]] * 3, "s": [{"a": 1}] * 3, "b": [b"x"] * 3}),
    ],
    ids=["empty", "all null", "one row", "names", "nested"],
)
def test_awkward_tables_get_rules_that_hold(data: pa.Table) -> None:
    written = write_rules(profile_table(data, now=NOW), now=NOW)
    results = RuleSet(written, data.schema).evaluate(data, now=NOW)
    assert results
    assert [(r.rule.type, r.error) for r in results if not r.success] == []


def test_infinities_do_not_spoil_the_limits_of_the_others() -> None:
    values = [*np.random.default_rng(1).normal(50, 5, 2000), float("inf"), float("-inf"), float("nan")]
    data = pa.table({"f": values})
    rules = RuleSet(write_rules(profile_table(data, now=NOW), now=NOW), data.schema)
    results = dict(zip(rules.names, rules.evaluate(data, now=NOW), strict=True))
    assert results["f_between"].examples == ("inf",)


@pytest.mark.parametrize("name", list(DOMAINS))
def test_a_table_that_was_cleaned_by_its_rules_passes_and_keeps_them(name: str) -> None:
    domain = DOMAINS[name]
    columns, _ = dirty(domain, domain.make(np.random.default_rng(5), ROWS, 0), np.random.default_rng(5), 0.004)
    data = table(columns)
    first = rules_of(data, domain.key)
    rules = RuleSet(first, data.schema)
    good, _ = rules.split(data.combine_chunks().to_batches()[0], now=NOW)
    judged = rules.evaluate(pa.Table.from_batches([good]), now=NOW)
    assert [result.rule for result in judged if not result.success] == []
    cleaned = profile_table(pa.Table.from_batches([good]), key=(domain.key,), now=NOW)
    assert write_rules(cleaned, previous=first, now=NOW) == first


def test_batches_of_the_next_two_weeks_raise_hardly_a_false_alarm() -> None:
    """Drift-free later batches, of other sizes too, against rules learnt from a dirty day: failed rules and batches."""
    rules_run = rules_failed = batches = batches_failed = 0
    for seed, domain in enumerate(DOMAINS.values()):
        columns, _ = dirty(
            domain, domain.make(np.random.default_rng(seed), ROWS, 0), np.random.default_rng(seed), 0.003
        )
        data = table(columns)
        rules = RuleSet(rules_of(data, domain.key), data.schema)
        for day in range(1, 15):
            rows = ROWS * (2 + day % 4) // 3
            later = table(domain.make(np.random.default_rng(1000 * seed + day), rows, day))
            failed = [r for r in rules.evaluate(later, now=NOW + timedelta(days=day)) if not r.success]
            rules_run, rules_failed = rules_run + len(rules.rules), rules_failed + len(failed)
            batches, batches_failed = batches + 1, batches_failed + bool(failed)
    assert batches == 56
    assert rules_failed / rules_run <= 0.001
    assert batches_failed / batches <= 0.02
