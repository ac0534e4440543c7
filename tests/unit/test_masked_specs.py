"""What a product may say of its columns and of masked views, and what is told when it is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.core.errors import SpecError
from assets.kinds.documents import parse_documents
from assets.kinds.spec import (
    Column,
    Extension,
    KAnonymity,
    Mask,
    Masked,
    Rule,
    Source,
    Table,
    code_version,
    content_digest,
    spec_digest,
)
from assets.kinds.validation import check_products

BASE = """
    - name: customers
      layer: silver
      source: {connection: shop, table: customers}
      columns:
        email: {pii: EMAIL_ADDRESS, confidence: 0.98}
        amount: {pii: none}
"""
VIEW = Masked(
    "silver/customers",
    {"email": Mask("hash"), "phone": Mask("partial", last=2)},
    ("ssn",),
    KAnonymity(("city",), 5),
)
TABLE = Table("customers", "masked", masked=VIEW)


def problems(view: str, base: str = BASE) -> list[SpecError]:
    text = f"type: platform_defs.DataProduct\nattributes:\n  name: shop\n  tables:{base}{view}"
    return check_products(parse_documents(text, Path("shop/defs.yaml"))[0]).problems


def view(masked: str, layer: str = "masked") -> str:
    return f"    - name: customers\n      layer: {layer}\n      masked: {masked}\n"


def test_a_masked_view_reads_as_it_is_written() -> None:
    text = (
        "type: platform_defs.DataProduct\nattributes:\n  name: shop\n  tables:"
        + BASE
        + view(
            "{source: silver/customers, columns: {email: {method: hash}, born: {method: generalise, granularity: year},"
            " zip: {method: generalise, granularity: 3}}, drop: [ssn], k_anonymity: {columns: [born, zip], k: 5}}"
        )
    )
    (document,), _ = parse_documents(text, Path("shop/defs.yaml"))
    base, table = document.product.tables
    assert base.columns == {"email": Column("EMAIL_ADDRESS", 0.98), "amount": Column("none")}
    assert table.masked
    assert table.masked.columns["zip"] == Mask("generalise", granularity=3)
    (entry,) = [e for e in check_products([document]).tables if e.table.layer == "masked"]
    assert entry.reads == ("silver/customers",)


@pytest.mark.parametrize(
    ("masked", "said"),
    [
        ("{source: silver/clients}", "masked/customers reads silver/clients, which is not a table of dev"),
        ("{source: silver/clients}", "did you mean silver/customers?"),
        ("{source: masked/customers}", "reads itself"),
        ("{source: quarantine/customers}", "not a table that a masked view can read"),
        ("{source: customers}", "write layer/table"),
        ("{columns: {}}", "masked.source: is missing"),
        ("{source: silver/customers, columns: {email: {method: blur}}}", "masked.columns.email.method"),
        ("{source: silver/customers, columns: {email: {method: hash, salt: x}}}", "keys here: method"),
        ("{source: silver/customers, columns: {email: {method: partial}}}", "partial shows nothing"),
        ("{source: silver/customers, columns: {email: {method: hash, last: 2}}}", "hash has no first and last"),
        ("{source: silver/customers, columns: {email: {method: redact, key: k}}}", "redact has no key"),
        ("{source: silver/customers, columns: {born: {method: generalise}}}", "needs a granularity"),
        ("{source: silver/customers, columns: {born: {method: generalise, granularity: weekly}}}", "'weekly' is not"),
        ("{source: silver/customers, columns: {note: {method: keep, inside: true}}}", "cannot work inside a text"),
        ("{source: silver/customers, columns: {a: {method: hash}}, drop: [a]}", "a is masked and dropped"),
        ("{source: silver/customers, drop: [a, a]}", "drop names a column twice"),
        ("{source: silver/customers, drop: [a], k_anonymity: {columns: [a]}}", "k_anonymity counts a"),
        ("{source: silver/customers, k_anonymity: {columns: [a], k: 1}}", "masked.k_anonymity.k"),
        ("{source: silver/customers, k_anonymity: {columns: []}}", "masked.k_anonymity.columns"),
    ],
)
def test_what_is_wrong_in_a_view_is_said_with_its_place(masked: str, said: str) -> None:
    try:
        (problem,) = problems(view(masked))
    except SpecError as error:
        problem = error
    assert said in str(problem)
    assert "shop/defs.yaml:" in str(problem)


def test_the_layer_masked_holds_masked_views_alone() -> None:
    assert "belongs to the layer masked" in str(problems(view("{source: silver/customers}", "gold"))[0])
    sql = "    - {name: raw, layer: masked, sql: SELECT * FROM silver.customers}\n"
    assert "could show what it should hide" in str(problems(sql)[0])
    both = view("{source: silver/customers}") + "      sql: SELECT 1 AS a\n"
    assert "has both sql and masked" in str(problems(both)[0])


@pytest.mark.parametrize("column", ["{pii: email}", "{confidence: 2}", "{mask: {method: partial}}", "{pii: Email1}"])
def test_a_columns_entry_is_checked(column: str) -> None:
    base = BASE.replace("{pii: none}", column)
    with pytest.raises(SpecError, match=r"columns\.amount"):
        raise next(iter(problems("", base)))


@pytest.mark.parametrize(
    "changed",
    [
        Masked("silver/clients", VIEW.columns, VIEW.drop, VIEW.k_anonymity),
        Masked("silver/customers", {"email": Mask("hash")}, VIEW.drop, VIEW.k_anonymity),
        Masked("silver/customers", {**VIEW.columns, "email": Mask("hash", key="other")}, VIEW.drop, VIEW.k_anonymity),
        Masked("silver/customers", VIEW.columns, (), VIEW.k_anonymity),
        Masked("silver/customers", VIEW.columns, VIEW.drop, KAnonymity(("city",), 3)),
        Masked("silver/customers", VIEW.columns, VIEW.drop),
    ],
)
def test_what_a_view_masks_is_covered_by_its_digest(changed: Masked) -> None:
    other = replace(TABLE, masked=changed)
    assert spec_digest(other, "prod") != spec_digest(TABLE, "prod")
    assert code_version(content_digest(other)) != code_version(content_digest(TABLE))


def test_a_columns_class_is_approved_and_its_confidence_is_not() -> None:
    base = Table("customers", "silver", source=Source("shop", "customers"), columns={"email": Column("EMAIL_ADDRESS")})
    surer = replace(base, columns={"email": Column("EMAIL_ADDRESS", 0.7, None, "where we write to")})
    other = replace(base, columns={"email": Column("none")})
    assert spec_digest(surer, "prod") == spec_digest(base, "prod")
    assert spec_digest(other, "prod") != spec_digest(base, "prod")
    assert content_digest(other) == content_digest(base), "its rows stay the same"
    noted = Extension("gold/a", columns={"a": Column("PERSON")})
    assert spec_digest(noted, "prod") != spec_digest(Extension("gold/a"), "prod")


def test_tables_without_such_columns_keep_the_digests_they_had() -> None:
    rules = (Rule("x"),)
    table = Table("orders", "bronze", source=Source("shop", "orders"), key=("order_id",), tags={"a": "b"}, rules=rules)
    assert content_digest(table) == "sha256:fed78b94681de3324a34fb79f454926e4b1ff8fdbc96c47556a1e1c7c09d567d"
    assert spec_digest(table, "prod") == "sha256:23c396cdab85478ee3d6dc4b9ceaf6925d979dc9d24ea73513cb91289cf93649"
    extension = Extension("gold/a", rules=rules)
    assert spec_digest(extension, "dev") == "sha256:5a8d7f4d64aeaa4c99225bc71490d8054210b98bdc597f0a6e0cc8eb97f7058a"
