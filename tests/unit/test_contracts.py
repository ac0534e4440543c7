"""Contracts: what readers are promised is kept, what would take it back is blocked, what people approve is in force."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from agents.core.errors import SpecError
from agents.tools.odcs import from_odcs, to_odcs
from assets.kinds.contract import Contract, Promise, amended, compared, differences, promised
from assets.kinds.loading import load_products
from assets.kinds.promises import CHANGE
from assets.kinds.rules import check_names
from assets.kinds.spec import Rule, RuleMeta
from assets.kinds.type_names import holds, type_name
from tests.unit.product_runs import ORDERS, Deployment

CONTRACT = """      contract:
        version: 1.0.0
        key: [order_id]
        columns:
          - {name: order_id, type: long, required: true, unique: true}
          - {name: amount, type: double}
          - {name: updated_at, type: string}
"""
COLUMNS = {"order_id": "long", "amount": "double", "updated_at": "string"}
PROMISED = Contract(tuple(Promise(name, kind) for name, kind in COLUMNS.items()), key=("order_id",))


@pytest.fixture
def shop(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.orders([(1, 10.0, "2026-01-01"), (2, 20.0, "2026-01-02")])
    deployment.product(ORDERS + CONTRACT)
    return deployment


def alter(shop: Deployment, *statements: str) -> None:
    with sqlite3.connect(shop.folder / "shop.db") as db:
        for statement in statements:
            db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("columns", "key", "kinds", "version"),
    [
        (COLUMNS, ["order_id"], [], "1.0.0"),
        ({**COLUMNS, "tax": "double"}, ["order_id"], ["added"], "1.1.0"),
        ({**COLUMNS, "updated_at": "timestamp"}, ["order_id"], ["retyped"], "2.0.0"),
        ({**COLUMNS, "order_id": "decimal(20,0)"}, ["order_id"], ["widened"], "1.1.0"),
        ({**COLUMNS, "order_id": "integer"}, ["order_id"], ["retyped"], "2.0.0"),
        ({"order_id": "long", "amount": "double"}, ["order_id"], ["removed"], "2.0.0"),
        (COLUMNS, ["order_id", "amount"], ["key"], "2.0.0"),
    ],
)
def test_a_change_is_major_where_a_promise_is_taken_back(
    columns: dict[str, str], key: list[str], kinds: list[str], version: str
) -> None:
    found = differences(PROMISED, columns, key, None)
    assert [one.kind for one in found] == kinds
    new = amended(PROMISED, found, key, None)
    assert new.version == version
    assert differences(new, columns, key, None) == []
    assert [one.kind for one in compared(PROMISED, new)] == kinds


def test_types_have_deltas_names_and_hold_what_loses_nothing() -> None:
    struct = pa.struct([("a", pa.int32()), ("b", pa.list_(pa.decimal128(9, 2)))])
    assert type_name(struct) == "struct<a:integer,b:array<decimal(9,2)>>"
    assert type_name(pa.timestamp("us", "UTC")) == "timestamp"
    assert holds("decimal(12,2)", "decimal(10,2)")
    assert not holds("decimal(11,4)", "decimal(10,2)")
    assert not holds("double", "long")


def test_what_a_contract_needs_is_checked_where_no_rule_of_the_table_does() -> None:
    contract = Contract((Promise("a", "long", required=True), Promise("b", "long", unique=True)), key=("a", "b"))
    found = promised(contract, ())
    assert [(rule.type.removeprefix("expect_"), rule.meta.action) for rule in found] == [
        ("column_values_to_not_be_null", "quarantine"),
        ("column_values_to_not_be_null", "quarantine"),
        ("column_values_to_be_unique", "block"),
        ("compound_columns_to_be_unique", "block"),
    ]
    assert promised(contract, found) == found


@pytest.mark.parametrize("columns", [["a"], ["b", "a"]])
def test_a_rule_that_asks_what_the_contract_promises_is_one_check_with_it(columns: list[str]) -> None:
    contract = Contract(tuple(Promise(name, "long") for name in columns), key=tuple(reversed(columns)))
    kind, named = "column_values", {"column": columns[0]}
    if len(columns) > 1:
        kind, named = "compound_columns", {"column_list": columns}
    learned = Rule(f"expect_{kind}_to_be_unique", named, RuleMeta("alert", "tells rows apart", evidence={"rows": 9}))
    found = promised(contract, (learned,))
    (unique,) = [rule for rule in found if rule.type == learned.type]
    assert (unique.meta.action, unique.kwargs, unique.identity) == ("block", named, learned.identity)
    assert "tells rows apart; contract 1.0.0 promises" in unique.meta.reason
    assert promised(contract, found) == found
    muted = replace(learned, meta=replace(learned.meta, muted=True))
    names = check_names(promised(contract, (muted,)))
    assert [name for name in names if name.startswith("unique")] == [
        f"unique_{'_'.join(columns)}",
        f"unique_{'_'.join(reversed(columns))}" if len(columns) > 1 else "unique_a_contract",
    ]


def test_a_contract_is_part_of_what_is_approved_and_shows_as_checks(shop: Deployment) -> None:
    with_it = shop.definitions().get_repository_def().asset_graph
    run = shop.run("dev/bronze/orders")
    assert run.success
    assert {"not_null_order_id", "unique_order_id"} <= set(run.checks)
    shop.product(ORDERS)
    without = shop.definitions().get_repository_def().asset_graph
    keys = [graph.get(next(iter(graph.materializable_asset_keys))).metadata for graph in (with_it, without)]
    assert keys[0]["platform/digest"] != keys[1]["platform/digest"]


def test_a_removed_column_is_blocked_and_proposed_and_lands_once_approved(shop: Deployment) -> None:
    assert shop.run("dev/bronze/orders").success
    before = shop.lake.version(next(iter(shop.lake.tables("dev"))))
    alter(shop, "ALTER TABLE orders DROP COLUMN amount", "INSERT INTO orders VALUES (3, '2026-01-03')")
    run = shop.run("dev/bronze/orders")
    assert not run.success
    assert "removed amount" in str(run.failures)
    assert shop.lake.version(next(iter(shop.lake.tables("dev")))) == before
    told = json.loads(str(run.told[CHANGE]))
    assert told["contract"]["version"] == "2.0.0"
    shop.product(ORDERS + CONTRACT.replace("1.0.0", "2.0.0").replace("          - {name: amount, type: double}\n", ""))
    assert shop.run("dev/bronze/orders").success
    assert sorted(shop.table("bronze/orders")["order_id"].to_pylist()) == [1, 2, 3]


def test_another_type_is_blocked_and_once_approved_the_table_takes_it(shop: Deployment) -> None:
    assert shop.run("dev/bronze/orders").success
    alter(shop, "DROP TABLE orders", "CREATE TABLE orders (order_id INTEGER, amount TEXT, updated_at TEXT)")
    alter(shop, "INSERT INTO orders VALUES (1, 'ten', '2026-01-01'), (4, 'many', '2026-01-04')")
    assert not shop.run("dev/bronze/orders").success
    assert shop.table("bronze/orders")["amount"].to_pylist() == [10.0, 20.0]
    shop.product(ORDERS + CONTRACT.replace("1.0.0", "2.0.0").replace("amount, type: double", "amount, type: string"))
    assert shop.run("dev/bronze/orders").success
    assert shop.table("bronze/orders")["amount"].to_pylist() == ["ten", "many"]


def test_sql_that_drops_a_promised_column_is_blocked(shop: Deployment) -> None:
    gold = """
    - name: days
      layer: gold
      sql: select updated_at as day, %s from bronze.orders group by 1
      contract: {columns: [{name: day, type: string}, {name: revenue, type: double}]}
"""
    shop.product(ORDERS + gold % "sum(amount) as revenue")
    assert shop.run("dev/bronze/orders", "dev/gold/days").success
    shop.product(ORDERS + gold % "count(*) as orders")
    run = shop.run("dev/gold/days")
    assert not run.success
    assert "removed revenue" in str(run.failures)
    assert shop.table("gold/days").column_names == ["day", "revenue"]


def test_more_than_is_promised_lands(shop: Deployment) -> None:
    assert shop.run("dev/bronze/orders").success
    alter(shop, "ALTER TABLE orders ADD COLUMN tax REAL")
    assert shop.run("dev/bronze/orders").success
    assert "tax" in shop.table("bronze/orders").column_names


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("type: double", "no type"), ("name: amount", "twice"), ("key: [order_id]", "none of its columns")],
)
def test_a_contract_that_cannot_hold_is_refused_when_it_loads(shop: Deployment, wrong: str, told: str) -> None:
    right = {"type: double": "type: dubble", "name: amount": "name: order_id", "key: [order_id]": "key: [id]"}[wrong]
    shop.product(ORDERS + CONTRACT.replace(wrong, right))
    assert told in str(load_products(shop.settings.specs_dir).problems[0])


FULL = Contract(
    (
        Promise("id", "long", required=True, unique=True, description="who"),
        Promise("price", "decimal(10,2)"),
        Promise("at", "timestamp_ntz"),
        Promise("tags", "array<string>"),
        Promise("where", "struct<lat:double,lon:double>"),
        Promise("raw", "binary"),
    ),
    "2.3.1",
    ("id", "at"),
    26.0,
)
RULES = [Rule("expect_column_values_to_be_between", {"column": "price", "min_value": 0}, RuleMeta("quarantine", "why"))]


def test_a_contract_comes_back_from_the_standards_yaml_as_it_was() -> None:
    document = to_odcs(FULL, "gold/sales", "prod", product="sales", description="d", owners=["team:x"], rules=RULES)
    back = yaml.safe_load(yaml.safe_dump(document, sort_keys=False))
    assert from_odcs(back, "gold/sales") == (FULL, RULES, [])
    assert {"apiVersion", "kind", "id", "version", "status"} <= set(back)
    assert {p["logicalType"] for p in back["schema"][0]["properties"]} == {
        "integer", "number", "timestamp", "array", "object", "string",
    }  # fmt: skip


def test_a_contract_from_elsewhere_is_read_by_its_logical_types() -> None:
    text = """
apiVersion: v3.0.2
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
version: 1.1.0
status: active
schema:
  - name: tbl
    physicalName: tbl_1
    properties:
      - {name: txn_ref_dt, logicalType: date, physicalType: date, primaryKey: false}
      - {name: rcvr_id, primaryKey: true, primaryKeyPosition: 1, logicalType: string, physicalType: varchar(18)}
      - {name: n, logicalType: integer, required: true}
slaProperties:
  - {property: latency, value: 4, unit: d, element: tbl.txn_ref_dt}
"""
    contract, rules, _ = from_odcs(yaml.safe_load(text), "bronze/anything")
    assert [(p.name, p.type, p.required) for p in contract.columns] == [
        ("txn_ref_dt", "date", False), ("rcvr_id", "string", False), ("n", "long", True),
    ]  # fmt: skip
    assert (contract.key, contract.freshness_hours, contract.version, rules) == (("rcvr_id",), 96, "1.1.0", [])


@pytest.mark.parametrize(
    "document", [None, [], {}, {"kind": "DataContract"}, {**dict.fromkeys(("id", "version", "status"), "x"),
    "kind": "DataContract", "apiVersion": "v3.0.0", "schema": {"name": "x"}}],
)  # fmt: skip
def test_what_is_no_data_contract_is_refused(document: object) -> None:
    with pytest.raises(SpecError):
        from_odcs(document, "bronze/orders")
