"""The quality of data contracts: what becomes rules, what they find, what is not taken, and the way out and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from agents.core.errors import SpecError
from agents.tools.odcs import from_odcs, to_odcs
from agents.tools.odcs_fit import columns_of, fitting
from assets.kinds.contract import Contract, Promise
from assets.kinds.rules import RuleSet
from assets.kinds.spec import Rule, RuleMeta
from platform_defs.contract_files import exported, imported
from tests.unit.test_contract_agent import act
from tests.unit.test_roles import ORDERS, Stage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
V = "expect_column_values_to_"
TABLE = pa.table(
    {
        "id": [1, 2, 2, None],
        "unit": ["kg", "kg", "stone", ""],
        "iban": ["DE12", "12", None, "N/A"],
        "tenant": ["a", "a", "a", "b"],
    }
)


def document(table: Any = None, **quality: list[Any]) -> dict[str, Any]:
    """A contract on TABLE with entries of the table and of its columns."""
    properties: list[dict[str, Any]] = [
        {"name": name, "logicalType": "integer" if name == "id" else "string", "quality": quality.get(name)}
        for name in TABLE.column_names
    ]
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "x",
        "version": "1.0.0",
        "status": "active",
        "schema": [{"name": "t", "properties": properties, "quality": table}],
    }


def promised(folder: Path) -> Stage:
    """Orders that were loaded and have a contract."""
    stage = Stage(folder)
    stage.ingest(key=["order_id"])
    assert stage.deployment.run("dev/bronze/orders").success
    stage.platform.store.create_goal("promise orders", "dev", "ada@example.com")
    act(stage, "contract")
    return stage


def verdicts(found: dict[str, Any]) -> list[bool]:
    _, rules, left = from_odcs(found, "gold/t")
    assert left == []
    results = RuleSet(rules, TABLE.schema).evaluate(TABLE, now=NOW)
    assert [result.error for result in results] == [None] * len(results)
    return [result.success for result in results]


@pytest.mark.parametrize(
    ("column", "entry", "holds"),
    [
        ("id", {"metric": "nullValues", "mustBe": 0}, False),
        ("id", {"metric": "nullValues", "mustBe": 1}, True),
        ("id", {"type": "library", "rule": "nullValues", "mustBeLessThan": 25, "unit": "percent"}, False),
        ("id", {"metric": "nullValues", "mustBeLessOrEqualTo": 25, "unit": "percent"}, True),
        ("id", {"metric": "duplicateValues", "mustBe": 0}, False),
        ("id", {"metric": "duplicateValues", "mustBeLessThan": 2, "unit": "rows"}, True),
        ("unit", {"metric": "invalidValues", "arguments": {"validValues": ["kg", "stone"]}, "mustBeLessThan": 2}, True),
        ("unit", {"metric": "invalidValues", "arguments": {"validValues": ["kg"]}, "mustBe": 0}, False),
        ("iban", {"metric": "invalidValues", "arguments": {"pattern": "^[A-Z]{2}[0-9]{2}$"}, "mustBe": 2}, True),
        ("iban", {"metric": "invalidValues", "arguments": {"pattern": "^[A-Z]{2}[0-9]{2}$"}, "mustBe": 0}, False),
        ("iban", {"metric": "missingValues", "arguments": {"missingValues": [None, "", "N/A"]}, "mustBe": 2}, True),
        ("iban", {"metric": "missingValues", "arguments": {"missingValues": ["N/A"]}, "mustBe": 0}, False),
        ("iban", {"metric": "missingValues", "arguments": {"missingValues": [None]}, "mustNotBe": 1}, False),
        ("iban", {"metric": "missingValues", "arguments": {"missingValues": [None]}, "mustNotBeBetween": [2, 9]}, True),
        ("", {"metric": "rowCount", "mustBeBetween": [1, 4]}, True),
        ("", {"metric": "rowCount", "mustBeGreaterThan": 4}, False),
        ("", {"metric": "rowCount", "mustNotBe": 4}, False),
        ("", {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["id", "tenant"]}}, False),
        ("", {"metric": "duplicateValues", "mustBe": 1, "arguments": {"properties": ["id", "tenant"]}}, True),
        ("iban", {"type": "sql", "query": "SELECT count(*) FROM {object} WHERE {property} = 'N/A'", "mustBe": 1}, True),
        ("", {"type": "sql", "query": "SELECT max(id) FROM ${table};", "mustBeLessThan": 2}, False),
        ("", {"type": "sql", "query": "SELECT count(*) > 3 FROM {object}", "mustBe": True}, True),
        (
            "",
            {
                "type": "custom",
                "engine": "greatExpectations",
                "implementation": "type: expect_table_row_count_to_be_between\nkwargs: {minValue: 1, maxValue: 3}\n",
            },
            False,
        ),
        (
            "id",
            {
                "type": "custom",
                "engine": "greatExpectations",
                "implementation": {"type": f"{V}be_between", "kwargs": {"min_value": 1}},
            },
            True,
        ),
    ],
)
def test_an_entry_becomes_a_rule_that_says_the_same(column: str, entry: dict[str, Any], holds: bool) -> None:
    assert verdicts(document(**{column or "table": [entry]})) == [holds]


def test_what_becomes_no_rule_is_named_with_the_reason() -> None:
    gx = {"type": "custom", "engine": "greatExpectations"}
    entries: list[dict[str, Any]] = [
        {"type": "text", "name": "verified", "description": "The address was verified."},
        {"type": "custom", "engine": "soda", "implementation": "type: x"},
        {"metric": "freshness", "mustBe": 0},
        {"metric": "nullValues", "mustBe": 0},
        {"metric": "rowCount", "mustNotBe": 3, "unit": "stones", "name": "fine"},
        {"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["id", "gone"]}},
        {"type": "sql", "query": "SELECT count(*) FROM elsewhere", "mustBe": 0},
        {"type": "sql", "query": "DROP TABLE {object}", "mustBe": 0},
        {**gx, "implementation": {"type": "expect_moons_to_be_full", "kwargs": {}}},
    ]
    _, rules, left = from_odcs(document(entries), "gold/t")
    assert [rule.meta.id for rule in rules] == ["fine"]
    said = "\n".join(left)
    for why in (
        "'verified'",
        "soda",
        "freshness",
        "stands at the table",
        "gone",
        "{object}",
        "DuckDB's dialect",
        "moons",
    ):
        assert why in said


@pytest.mark.parametrize(
    "entry",
    [
        "nullValues",
        {"metric": "nullValues"},
        {"metric": "nullValues", "mustBe": "none"},
        {"metric": "rowCount", "mustBeBetween": [1]},
        {"metric": "rowCount", "mustBe": float("nan")},
        {"metric": "invalidValues", "mustBe": 0},
        {"metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": 7}},
        {"metric": "invalidValues", "mustBe": 0, "arguments": ["kg"]},
        {"type": "sql", "mustBe": 0},
        {"type": "sql", "query": "SELECT 1 FROM {object}"},
        {"type": "psychic"},
        {"type": "custom", "engine": "greatExpectations", "implementation": "a: [b"},
        {"type": "custom", "engine": "greatExpectations", "implementation": {"kwargs": {}}},
        {"type": "custom", "engine": "greatExpectations", "implementation": {"type": "x", "kwargs": []}},
        {"metric": "nullValues", "mustBe": 0, "customProperties": [{"property": "action", "value": "explode"}]},
    ],
)
def test_an_entry_that_the_standard_does_not_allow_refuses_the_document(entry: Any) -> None:
    with pytest.raises(SpecError) as error:
        from_odcs(document(id=[entry]), "gold/t")
    assert error.value.fix


RULES = [
    Rule("expect_compound_columns_to_be_unique", {"column_list": ["id", "tenant"]}, RuleMeta("block", "one each")),
    Rule("expect_table_row_count_to_be_between", {"min_value": 1, "strict_min": True}),
    Rule("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch}"}, RuleMeta(id="mine")),
    Rule(f"{V}not_be_null", {"column": "unit", "row_condition": "id > 1"}, RuleMeta(muted=True)),
    Rule(f"{V}be_in_set", {"column": "unit", "value_set": ["kg"], "mostly": 0.9}),
    Rule(f"{V}not_be_null", {"column": "id"}, RuleMeta("quarantine", "there is one", "r1")),
    Rule(f"{V}match_regex", {"column": "iban", "regex": "^[A-Z]{2}"}, RuleMeta("alert", "an IBAN")),
]


def test_rules_go_out_as_the_standards_metrics_where_these_say_the_same_and_come_back() -> None:
    contract = Contract(tuple(Promise(name, "long" if name == "id" else "string") for name in TABLE.column_names))
    out = to_odcs(contract, "gold/t", "dev", rules=RULES)
    back = from_odcs(yaml.safe_load(yaml.safe_dump(out)), "gold/t")
    assert len(back.rules) == len(RULES)
    assert all(rule in back.rules for rule in RULES)
    assert back.not_taken == []
    assert to_odcs(back.contract, "gold/t", "dev", rules=back.rules) == out
    (table,) = out["schema"]
    metrics = [entry.get("metric") for place in (table, *table["properties"]) for entry in place.get("quality", [])]
    assert metrics.count(None) == 4, "what the library cannot say is Great Expectations' own"
    assert {"duplicateValues", "nullValues", "invalidValues"} <= set(metrics)


def test_a_document_brings_its_rules_to_the_table_and_leaves_those_that_people_wrote(
    tmp_path: Path,
) -> None:
    stage = promised(tmp_path)
    given = exported(stage.platform, ORDERS)
    (amount,) = [each for each in given["schema"][0]["properties"] if each["name"] == "amount"]
    amount["quality"] = [{"metric": "nullValues", "mustBe": 0}, {"type": "text", "description": "sound"}]
    file = tmp_path / "orders.odcs.yaml"
    file.write_text(yaml.safe_dump(given))
    found = imported(stage.platform, ORDERS, file)
    assert (found.changes, len(found.not_taken)) == (True, 1)
    assert [rule["kwargs"] for rule in found.rules] == [{"column": "amount"}]
    before = stage.entry().get("rules") or []
    out = act(stage, "contract", contract=found.standing.proposed.to_spec(), rules=found.rules)
    assert "1 rules with it" in out["told"][0]
    assert [rule["kwargs"] for rule in stage.entry()["rules"]] == [*(r["kwargs"] for r in before), {"column": "amount"}]
    again = exported(stage.platform, ORDERS)
    file.write_text(yaml.safe_dump(again))
    assert imported(stage.platform, ORDERS, file).changes is False, "what went out and came back is no news"
    text = stage.platform.specs.path("shop").read_text()
    amount["quality"].append({"metric": "nullValues"})
    file.write_text(yaml.safe_dump(given))
    with pytest.raises(SpecError, match="mustBe"):
        imported(stage.platform, ORDERS, file)
    assert stage.platform.specs.path("shop").read_text() == text


def test_rules_that_the_tables_columns_cannot_answer_are_told_when_a_document_is_imported(tmp_path: Path) -> None:
    stage = promised(tmp_path)
    given = exported(stage.platform, ORDERS)
    table = given["schema"][0]
    names = [each["name"] for each in table["properties"]]
    engine = {"type": "custom", "engine": "greatExpectations"}
    table["quality"] = [
        {**engine, "implementation": {"type": kind, "kwargs": {"column": "amount", **kwargs}}}
        for kind, kwargs in (
            ("expect_column_value_lengths_to_be_between", {"min_value": 1}),
            (f"{V}be_in_set", {"value_set": ["five"]}),
            (f"{V}be_between", {"min_value": 0}),
        )
    ] + [{"type": "sql", "query": "SELECT count(*) FROM ${table} WHERE amout < 0", "mustBe": 0}]
    file = tmp_path / "orders.odcs.yaml"
    file.write_text(yaml.safe_dump(given))
    found = imported(stage.platform, ORDERS, file)
    assert "amount" in names
    assert [rule["kwargs"] for rule in found.rules] == [{"column": "amount", "min_value": 0}]
    assert len(found.not_taken) == 3
    assert all("amou" in told and "fix: " in told for told in found.not_taken), found.not_taken


def test_a_contract_on_a_table_that_is_not_there_yet_is_held_against_its_own_types() -> None:
    promises = (Promise("id", "long"), Promise("at", "timestamp"), Promise("tags", "array<string>"))
    good = Rule(f"{V}be_between", {"column": "id", "min_value": 0})
    late = Rule(f"{V}be_between", {"column": "at", "max_value": "2030-01-01"})
    wrong = Rule(f"{V}be_between", {"column": "tags", "min_value": 1})
    found, left = fitting([good, late, wrong], columns_of(Contract(promises)))
    assert found == [good, late]
    assert len(left) == 1
    assert "column 'tags' is list" in left[0]


def test_rules_of_a_document_that_takes_promises_back_wait_for_people_with_it(tmp_path: Path) -> None:
    stage = promised(tmp_path)
    entry = stage.entry()["contract"]
    smaller = {**entry, "columns": entry["columns"][:2]}
    rule = Rule(f"{V}be_between", {"column": "amount", "min_value": 0}).to_spec()
    act(stage, "contract", contract=smaller, rules=[rule])
    assert rule["kwargs"] not in [each["kwargs"] for each in stage.entry().get("rules") or []]
    asked = next(row for row in stage.platform.store.goals() if row.goal.parent == "G-000001")
    inputs = dict(stage.platform.store.plan(asked.goal.id).steps[0].inputs)
    assert inputs["rules"] == [rule]
    act(stage, "amend", **{name: value for name, value in inputs.items() if name != "asset"})
    assert rule["kwargs"] in [each["kwargs"] for each in stage.entry()["rules"]]
    assert stage.entry()["contract"]["version"] == "2.0.0"
