"""What a profile tells of a table, and what it keeps to itself."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from agents.tools.profiling import profile_table
from agents.tools.profiling.category_rules import variants_of
from agents.tools.profiling.formats import learn_code
from tests.unit.rule_writer_domains import DOMAINS, NOW, table

PEOPLE = table(DOMAINS["people"].make(np.random.default_rng(5), 3000, 0))


def test_columns_get_their_meaning() -> None:
    profile = profile_table(PEOPLE, key=("staff_id",), now=NOW)
    assert {name: column.semantic for name, column in profile.columns.items()} == {
        "staff_id": "identifier",
        "work_mail": "email",
        "grade": "category",
        "salary": "number",
        "bonus": "number",
        "born": "date",
        "hired": "date",
        "left_on": "date",
        "country": "category",
        "phone": "phone",
    }
    assert profile.keys[0] == (("staff_id",), 0)
    assert [(o.earlier, o.later) for o in profile.ordered] == [("hired", "left_on")]


def test_the_json_is_in_the_contracts_shape_and_holds_no_personal_values() -> None:
    found = profile_table(PEOPLE, key=("staff_id",), now=NOW).to_json()
    text = json.dumps(found)
    assert {"rows", "columns", "rules"} <= found.keys()
    assert found["rows"] == 3000
    assert found["columns"]["country"]["top"][0]["value"] == "'DE'"
    assert "firm.example" not in text
    assert "+49 30" not in text


def test_a_dataset_and_a_sample_give_the_same_counts() -> None:
    whole = profile_table(PEOPLE, now=NOW)
    sampled = profile_table(pads.dataset(PEOPLE), now=NOW, sample_rows=500)
    assert sampled.sampled <= 500 < whole.sampled
    assert sampled.columns["left_on"].missing == whole.columns["left_on"].missing > 0


def test_a_key_of_several_columns_counts_its_repeats() -> None:
    data = pa.table({"a": [1, 1, 2, 2, 2], "b": [1, 2, 1, 2, 2]})
    assert profile_table(data, key=("a", "b"), now=NOW).keys[0] == (("a", "b"), 1)


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        ([f"AB-{i:05d}" for i in range(0, 90000, 90)], r"^[A-Z]{2}\-[0-9]{5}$"),
        ([f"C{i}" for i in range(1, 3000)], r"^[A-Z]{1}[0-9]+$"),
        ([f"AB-{i:05d}" for i in range(0, 90000, 90)] + ["AB-1", "AB_00001"], r"^[A-Z]{2}\-[0-9]{5}$"),
        ([f"some words {i}" for i in range(500)], None),
        (["red", "green"] * 50, None),
    ],
)
def test_codes_are_learnt_and_dirt_does_not_loosen_them(values: list[str], pattern: str | None) -> None:
    assert learn_code(values) == pattern


def test_values_typed_differently_are_told_from_different_values() -> None:
    top = (("EUR", 900), ("USD", 500), ("eur", 20), ("Eur.", 5), ("A+", 50), ("A", 400), ("us", 450))
    assert variants_of(top) == {"eur": "EUR", "Eur.": "EUR"}


def test_misspelt_values_are_rare_and_near_a_frequent_one() -> None:
    top = (
        ("shipped", 9000),
        ("EUR", 8000),
        ("unpaid", 4000),
        ("paid", 3000),
        ("Euro", 3),
        ("shiped", 2),
        ("voided", 2),
    )
    assert variants_of(top) == {"Euro": "EUR", "shiped": "shipped"}
