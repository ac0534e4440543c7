"""Names that YAML takes for something else: told with their line and how to write them, wherever a name may stand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.errors import RuleError, SpecError
from assets.kinds.documents import parse_documents
from assets.kinds.rules import RuleSet
from assets.kinds.spec import Rule, Table
from assets.kinds.validation import check_products

V = "expect_column_values_to_not_be_null"
HEAD = """type: platform_defs.DataProduct
attributes:
  name: shop
  tables:
"""
ENTRY = "    - name: orders\n      layer: bronze\n      source: {connection: shop, table: orders}\n      "


def problem(entry: str) -> SpecError:
    """What is wrong with a product of one table."""
    try:
        documents, _ = parse_documents(HEAD + entry, Path("defs.yaml"))
    except SpecError as error:
        return error
    return check_products(documents).problems[0]


@pytest.mark.parametrize(
    ("entry", "line", "said", "fix"),
    [
        (ENTRY.replace("name: orders", "name: no"), 5, "tables[0].name", "'no'"),
        (ENTRY.replace("table: orders", "table: on"), 7, "YAML reads on as true", "'on'"),
        (ENTRY.replace("table: orders", "table: 0x1F"), 7, "YAML reads 0x1F as a number", "'0x1F'"),
        (ENTRY + "key: [id, no]", 8, "tables[0].key[1]", "'no'"),
        (ENTRY + "key: yes", 8, "must be a list: YAML reads yes as true", "['yes']"),
        (ENTRY + "partition_by: [1]", 8, "as a number", "'1'"),
        (ENTRY + "columns:\n        a: {}\n        no: {mask: {method: redact}}", 10, "columns.no", "'no'"),
        (ENTRY + "columns:\n        1: {}", 9, "tables[0].columns.1", "'1'"),
        (ENTRY + "columns:\n        null: {}", 9, "YAML reads null as nothing", "'null'"),
        (ENTRY + "retention: {column: off, keep_days: 3}", 8, "YAML reads off as false", "'off'"),
        (ENTRY + "contract:\n        columns:\n          - {name: y, type: long}\n          - {name: 1.5, type: long}",
         11, "as a number", "'1.5'"),
        (ENTRY + f"rules:\n        - {{type: {V}, kwargs: {{column: no}}}}", 9, "YAML reads no as false", "'no'"),
        (ENTRY + f"rules:\n        - type: {V}\n          kwargs:\n            column: 7", 11, "as a number", "'7'"),
        (ENTRY + "rules:\n        - {type: expect_compound_columns_to_be_unique, kwargs: {column_list: [a, ON]}}", 9,
         "column_list[1]", "'ON'"),
        (ENTRY + f"rules:\n        - {{type: {V}, kwargs: {{column: a, row_condition: {{type: and, conditions: "
         "[{type: nullity, column: {name: no}, is_null: true}]}}}", 9, "condition must name a column", "'no'"),
        ("    - name: seen\n      layer: masked\n      masked:\n        source: gold/people\n        drop: [yes]", 9,
         "drop[0]", "'yes'"),
        ("    - name: seen\n      layer: masked\n      masked:\n        source: gold/people\n        columns:\n"
         "          off: {method: redact}", 10, "columns.off", "'off'"),
    ],
)  # fmt: skip
def test_a_name_that_yaml_reads_otherwise_is_told_with_line_and_fix(entry: str, line: int, said: str, fix: str) -> None:
    error = problem(entry)
    assert error.where == f"defs.yaml:{line}"
    assert said in error.what
    assert error.fix.startswith("write it")
    assert fix in error.fix


def test_in_quotes_they_are_names_and_dates_are_names_as_they_stand() -> None:
    text = (
        "columns: {'no': {}, 2024-01-01: {}}\n      key: ['1', 2024-01-01]\n"
        f"      rules: [{{type: {V}, kwargs: {{column: 'no'}}}}, {{type: {V}, kwargs: {{column: 2024-01-01}}}}]"
    )
    documents, _ = parse_documents(HEAD + ENTRY + text, Path("defs.yaml"))
    checked = check_products(documents)
    assert checked.problems == []
    table: Table = checked.tables[0].table
    assert (list(table.columns), table.key) == (["no", "2024-01-01"], ("1", "2024-01-01"))
    assert [rule.kwargs["column"] for rule in table.rules] == ["no", "2024-01-01"]


def test_values_of_a_rule_that_yaml_reads_otherwise_are_told_when_they_meet_the_column() -> None:
    rule = Rule("expect_column_values_to_be_in_set", {"column": "c", "value_set": [True, False]})
    with pytest.raises(RuleError, match="in quotes"):
        RuleSet([rule], pa.schema({"c": pa.string()}))
