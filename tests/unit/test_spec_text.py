"""Edits of a YAML text leave every byte that they are not about."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from agents.core.errors import SpecError
from resources.spec_entries import item_key
from resources.spec_text import dump, edit, load

TEXT = """\
# Sales, kept by Anna
type: platform_defs.DataProduct

attributes:
    name:   'sales'     # four spaces here
    owners: [anna,   bert]

    tables:
    # the first one
    - name: "orders"   # quoted
      layer: bronze
      source: {connection: crm,  table: "dbo.Orders"}
      sql: |
        select *   -- all
        from x

      rules:
      - type: expect_a
        kwargs: {column: id}

      - type: expect_b
        kwargs:
            column: amount   # net
            max_value: 1_000  # high
    # between the two

    - name: ünïcode
      layer: silver


    extensions: []
"""


def changed(text: str, expected: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    made = edit(text, expected, item_key, "defs.yaml")
    assert load(made, "made") == expected
    before, after = text.splitlines(), made.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


@pytest.fixture
def document() -> dict[str, Any]:
    return load(TEXT, "defs.yaml")


def test_nothing_to_change_is_the_same_text(document: dict[str, Any]) -> None:
    assert edit(TEXT, document, item_key, "x") == TEXT


def test_a_value_is_replaced_in_its_line(document: dict[str, Any]) -> None:
    document["attributes"]["tables"][0]["rules"][1]["kwargs"]["max_value"] = 2000
    assert changed(TEXT, document) == (
        ["            max_value: 1_000  # high"],
        ["            max_value: 2000  # high"],
    )


def test_a_field_is_added_after_the_last_one_of_its_entry(document: dict[str, Any]) -> None:
    document["attributes"]["tables"][1]["schedule"] = "0 2 * * *"
    made = edit(TEXT, document, item_key, "x")
    assert made == TEXT.replace("layer: silver\n", "layer: silver\n      schedule: 0 2 * * *\n")


def test_a_field_is_removed_with_its_line(document: dict[str, Any]) -> None:
    del document["attributes"]["tables"][0]["sql"]
    made = edit(TEXT, document, item_key, "x")
    assert made == TEXT.replace("      sql: |\n        select *   -- all\n        from x\n", "")


def test_a_rule_is_added_where_rules_stand(document: dict[str, Any]) -> None:
    document["attributes"]["tables"][0]["rules"].append({"type": "expect_c", "kwargs": {"column": "c"}})
    gone, came = changed(TEXT, document)
    assert gone == []
    assert came == ["      - type: expect_c", "          column: c"]
    made = edit(TEXT, document, item_key, "x").splitlines()
    assert made.index("      - type: expect_c") < made.index("    # between the two")


def test_a_rule_in_the_middle_is_removed(document: dict[str, Any]) -> None:
    del document["attributes"]["tables"][0]["rules"][0]
    assert changed(TEXT, document) == (["      - type: expect_a", "        kwargs: {column: id}"], [])


def test_a_table_and_a_field_of_the_last_table_come_in_order(document: dict[str, Any]) -> None:
    document["attributes"]["tables"][1]["schedule"] = "0 2 * * *"
    document["attributes"]["tables"].append({"name": "new", "layer": "gold", "key": ["a", "b"]})
    assert changed(TEXT, document)[0] == []


def test_an_empty_flow_list_gets_its_first_item_as_a_block(document: dict[str, Any]) -> None:
    document["attributes"]["extensions"] = [{"asset": "gold/x", "description": "y"}]
    assert changed(TEXT, document) == (
        ["    extensions: []"],
        ["    extensions:", "      - asset: gold/x", "        description: y"],
    )


def test_a_flow_value_stays_a_flow_value(document: dict[str, Any]) -> None:
    document["attributes"]["tables"][0]["source"]["mode"] = "full"
    document["attributes"]["owners"] = ["carla"]
    assert changed(TEXT, document)[1] == [
        "    owners: [carla]",
        "      source: {connection: crm, table: dbo.Orders, mode: full}",
    ]


def test_a_text_of_several_lines_is_written_as_one(document: dict[str, Any]) -> None:
    document["attributes"]["tables"][1]["sql"] = "select 1\nfrom x"
    assert changed(TEXT, document)[1] == ["      sql: |-", "        select 1"]


def test_a_line_comment_does_not_slip_into_a_text() -> None:
    text = "type: t\nattributes:\n  sql: select 1  # quick\n  name: x\n"
    made = edit(text, {"type": "t", "attributes": {"sql": "select 2\nfrom y\n", "name": "x"}}, item_key, "x")
    assert made == "type: t\nattributes:\n  # quick\n  sql: |\n    select 2\n    from y\n  name: x\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_stay(document: dict[str, Any], start: str, end: str) -> None:
    text = start + TEXT.replace("\n", end)
    document["attributes"]["name"] = "trade"
    made = edit(text, document, item_key, "x")
    assert made == text.replace("name:   'sales'", "name: trade")


TEXTS = ["NO", "yes", "1", "1:30", "2024-01-01", "0x1F", "0o17", "1e3", "~", "a: b", "#x", "- x", " x ", "", "@a"]


@pytest.mark.parametrize("value", [*TEXTS, "x\n\ny ", "\t", "é\u2028", "a\n  b\n", "\n", "  a\nb"])
def test_any_text_reads_back_as_that_text_by_old_and_new_yaml(value: str) -> None:
    made = dump({"type": "t", "attributes": {"v": value}})
    assert load(made, "x")["attributes"]["v"] == value
    if "\u2028" not in value:  # which the two read differently, quoted or not
        assert YAML(typ="safe").load(made)["attributes"]["v"] == value


def test_where_an_edit_would_change_another_entry_it_is_refused() -> None:
    text = "type: t\nattributes:\n  a: &x\n    m: 1\n  b: *x\n"
    with pytest.raises(SpecError, match="without changing other parts"):
        edit(text, {"type": "t", "attributes": {"a": {"m": 1}, "b": {"m": 2}}}, item_key, "defs.yaml")


@pytest.mark.parametrize("text", ["a: [", "- a\n", "a: 1\n---\nb: 1\n", "a: !x 1\n", "", "\tx: 1"])
def test_a_file_that_cannot_be_read_says_where(text: str) -> None:
    with pytest.raises(SpecError, match=r"defs\.yaml"):
        load(text, "defs.yaml")


SCALARS = st.booleans() | st.integers(-9, 9) | st.text(max_size=6).filter(lambda s: s.isprintable())
ITEM = st.fixed_dictionaries(
    {"layer": st.sampled_from(["bronze", "gold"]), "name": st.sampled_from("abcdef")},
    optional={
        "tags": st.dictionaries(st.sampled_from(["x", "on", "1"]), SCALARS),
        "key": st.lists(SCALARS, max_size=2),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"tables": st.lists(ITEM, max_size=4, unique_by=lambda i: (i["layer"], i["name"]))},
    optional={"description": SCALARS, "owners": st.lists(SCALARS, max_size=2)},
)


@given(DOCUMENTS, DOCUMENTS)
def test_any_document_can_become_any_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    text = dump({"type": "t", "attributes": copy.deepcopy(old)})
    kept = [item for item in old["tables"] if item_key(item) in {item_key(other) for other in new["tables"]}]
    names = [item_key(item) for item in kept]
    # Entries keep their order; new ones come last.
    tables = sorted(new["tables"], key=lambda i: names.index(item_key(i)) if item_key(i) in names else len(names))
    expected = {"type": "t", "attributes": {**new, "tables": tables}}
    assert load(edit(text, expected, item_key, "x"), "x") == expected
