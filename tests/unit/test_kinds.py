"""Tables as runs make them: what lands, what is judged, what is taken back."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from agents.core.catalog import TableId
from tests.unit.product_runs import AT_LEAST, NOT_NULL, ORDERS, Deployment

ORDERS_ID = TableId("dev", "bronze", "orders")
REVENUE = """
    - name: revenue
      layer: gold
      sql: select count(*) as orders, sum(amount) as amount from bronze.orders
"""
LEAST = "{type: expect_column_min_to_be_between, kwargs: {column: amount, min_value: 6}, meta: {action: block}}"


@pytest.fixture
def shop(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.orders([(1, 10.0, "2026-01-01"), (2, 20.0, "2026-01-02"), (3, -5.0, "2026-01-03")])
    return deployment


def rules(*lines: str) -> str:
    return "      rules:\n" + "".join(f"        - {line}\n" for line in lines)


def test_ingested_and_sql_table_with_their_standard_metadata(shop: Deployment) -> None:
    shop.product(ORDERS + REVENUE)
    run = shop.run("dev/bronze/orders", "dev/gold/revenue")
    assert run.success
    assert shop.table("gold/revenue").to_pylist() == [{"orders": 3, "amount": 25.0}]
    orders, revenue = run.metadata["dev/bronze/orders"], run.metadata["dev/gold/revenue"]
    assert orders["dagster/row_count"] == 3
    assert orders["dagster/table_name"] == "dev.bronze.orders"
    assert orders["dagster/uri"].endswith("/lake/dev/bronze/orders")
    assert [column.name for column in revenue["dagster/column_schema"].columns] == ["orders", "amount"]
    origin = revenue["dagster/column_lineage"].deps_by_column["amount"][0]
    assert (origin.asset_key.path, origin.column_name) == (["dev", "bronze", "orders"], "amount")
    assert revenue["seconds"] > 0
    assert revenue["bytes"] > 0


def test_rows_that_break_a_quarantining_rule_are_put_aside_and_counted(shop: Deployment) -> None:
    shop.product(ORDERS + rules(AT_LEAST % ("amount", 0, "quarantine"), NOT_NULL % ("order_id", "block")))
    run = shop.run("dev/bronze/orders")
    numbers = run.metadata["dev/bronze/orders"]
    assert numbers["rows read"] == numbers["rows landed"] + numbers["rows quarantined"] == 3
    assert shop.table("bronze/orders")["order_id"].to_pylist() == [1, 2]
    assert shop.table("quarantine/bronze_orders").num_rows == 1
    taken = run.checks["amount_between"]
    assert taken.passed
    assert taken.metadata["quarantined rows"].value == 1


def test_the_quarantine_has_a_page_with_counts_rules_batches_and_masked_examples(shop: Deployment) -> None:
    shop.orders([(1, 10.0, "2026-01-01"), (2, -77.0, "2026-01-02"), (3, -5.0, "2026-01-03"), (None, 5.0, "2026-01-03")])
    ruled = rules(AT_LEAST % ("amount", 0, "quarantine"), NOT_NULL % ("order_id", "quarantine"))
    shop.product(ORDERS + ruled)
    run = shop.run("dev/bronze/orders")
    assert run.metadata["dev/bronze/orders"]["quarantine"] == "/assets/dev/quarantine/bronze_orders?view=events"
    page = run.metadata["dev/quarantine/bronze_orders"]
    assert (page["rows in quarantine"], page["table"]) == (3, "/assets/dev/bronze/orders")
    lines = [line.split("|") for line in page["by rule"].splitlines()[3:]]
    assert [(cells[1].strip(), cells[3].strip()) for cells in lines] == [
        ("`amount_between`", "2"),
        ("`not_null_order_id`", "1"),
    ]
    assert "77" not in page["by rule"], "of what a row holds no more than its form is shown"
    assert dg.AssetKey(["dev", "quarantine", "bronze_orders"]) in shop.instance.all_asset_keys()
    shop.product(ORDERS)
    page = shop.run("dev/bronze/orders").metadata["dev/quarantine/bronze_orders"]
    assert page["rows in quarantine"] == 1, "amounts land, a row without its key cannot"
    assert shop.run("dev/bronze/orders").observed["dev/quarantine/bronze_orders"]["rows in quarantine"] == 1


def test_a_changed_quarantining_rule_holds_for_rows_that_landed_before(shop: Deployment) -> None:
    shop.product(ORDERS)
    shop.run("dev/bronze/orders")
    shop.product(ORDERS + rules(AT_LEAST % ("amount", 15, "quarantine")))
    run = shop.run("dev/bronze/orders")
    assert shop.table("bronze/orders")["order_id"].to_pylist() == [2]
    assert shop.table("quarantine/bronze_orders").num_rows == 2
    assert run.metadata["dev/bronze/orders"]["rows swept to quarantine"] == 2
    again = shop.run("dev/bronze/orders")
    assert "rows swept to quarantine" not in again.metadata["dev/bronze/orders"]
    shop.product(ORDERS + rules(AT_LEAST % ("amount", 6, "quarantine")))
    numbers = shop.run("dev/bronze/orders").metadata["dev/bronze/orders"]
    assert (numbers["rows replayed"], numbers["rows in quarantine"]) == (1, 1)
    assert sorted(shop.table("bronze/orders")["order_id"].to_pylist()) == [1, 2]
    shop.product(ORDERS + rules(LEAST))
    assert not shop.run("dev/bronze/orders").success
    assert sorted(shop.table("bronze/orders")["order_id"].to_pylist()) == [1, 2]
    assert shop.table("quarantine/bronze_orders").num_rows == 1


def test_a_blocking_rule_restores_the_former_version_and_stops_what_is_downstream(shop: Deployment) -> None:
    shop.product(ORDERS + rules(AT_LEAST % ("amount", -10, "block")) + REVENUE)
    assert shop.run("dev/bronze/orders", "dev/gold/revenue").success
    shop.orders([(3, -5.0, "2026-01-03"), (4, -99.0, "2026-01-04")])
    run = shop.run("dev/bronze/orders", "dev/gold/revenue")
    assert not run.success
    assert not run.checks["amount_between"].passed
    assert run.metadata == {}  # neither the table nor what reads it has a new version
    assert sorted(shop.table("bronze/orders")["order_id"].to_pylist()) == [1, 2, 3]
    assert "is restored" in run.failures["dev__bronze__orders"]
    seen = run.observed["dev/bronze/orders"]
    assert seen["rows landed"] == 2
    assert seen["refused version"] > seen["restored version"]
    shop.orders([(4, 99.0, "2026-01-04")])  # repaired at the source: the watermark went back with the rows
    assert shop.run("dev/bronze/orders").success
    assert sorted(shop.table("bronze/orders")["order_id"].to_pylist()) == [1, 2, 3, 4]


def test_a_refused_first_version_is_not_readable_and_the_next_load_starts_from_nothing(shop: Deployment) -> None:
    shop.product(ORDERS + rules(AT_LEAST % ("amount", 0, "block")))
    assert not shop.run("dev/bronze/orders").success
    assert shop.table("bronze/orders").num_rows == 0
    shop.orders([(1, 10.0, "2026-01-01"), (3, 5.0, "2026-01-03")])
    assert shop.run("dev/bronze/orders").success
    assert shop.table("bronze/orders").num_rows == 2


def test_a_blocking_failure_is_not_tried_again(shop: Deployment) -> None:
    shop.product(ORDERS + rules(AT_LEAST % ("amount", 0, "block")))
    run = shop.run("dev/bronze/orders")
    assert not [event for event in run.result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]


def test_checks_alone_read_and_write_nothing(shop: Deployment) -> None:
    shop.product(ORDERS + rules(AT_LEAST % ("amount", 0, "alert"), NOT_NULL % ("order_id", "block")))
    shop.run("dev/bronze/orders")
    version = shop.lake.version(ORDERS_ID)
    run = shop.run(checks=[("dev/bronze/orders", "amount_between")])
    assert set(run.checks) == {"amount_between"}
    assert not run.checks["amount_between"].passed
    assert run.checks["amount_between"].severity.value == "WARN"
    assert run.checks["amount_between"].metadata["unexpected rows"].value == 1
    assert run.metadata == {}
    assert shop.lake.version(ORDERS_ID) == version


def test_a_muted_rule_neither_fails_nor_blocks(shop: Deployment) -> None:
    muted = (AT_LEAST % ("amount", 0, "block")).replace("block", "block, muted: true")
    shop.product(ORDERS + rules(muted))
    run = shop.run("dev/bronze/orders")
    assert run.success
    assert run.checks["amount_between"].passed
    assert run.checks["amount_between"].metadata["muted"].value is True
    assert (run.checks["amount_between"].description or "").startswith("muted by a person, not checked")
    (shown,) = [check for asset in shop.definitions().assets or () for check in getattr(asset, "check_specs", ())]
    assert (shown.description or "").startswith("muted by a person"), "the list of checks says it beside the verdict"


@pytest.mark.parametrize("rule", [NOT_NULL % ("ordr_id", "block"), AT_LEAST % ("amout", 0, "quarantine")])
def test_a_rule_on_a_missing_column_leaves_the_lake_as_it_was(shop: Deployment, rule: str) -> None:
    shop.product(ORDERS + rules(rule))
    run = shop.run("dev/bronze/orders")
    assert not run.success
    told = run.failures["dev__bronze__orders"]
    assert "ordr_id" in told or "amout" in told
    assert "order_id" in told or "amount" in told  # the nearest column
    assert not shop.lake.exists(ORDERS_ID)
    assert not [event for event in run.result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]


def test_a_rule_that_only_alerts_stops_no_load_when_its_column_is_gone_or_of_another_type(shop: Deployment) -> None:
    shop.product(ORDERS + rules(AT_LEAST % ("amout", 0, "alert"), AT_LEAST % ("updated_at", 0, "alert")))
    run = shop.run("dev/bronze/orders")
    assert run.success
    assert shop.lake.exists(ORDERS_ID)
    assert {name: check.passed for name, check in run.checks.items()} == dict.fromkeys(run.checks, False)
    told = [str(check.description) for check in run.checks.values()]
    assert [word for word in ("no column 'amout'", "column 'updated_at' is") if not any(word in t for t in told)] == []


def test_a_missing_key_column_names_the_columns_there_are(shop: Deployment) -> None:
    shop.product(ORDERS.replace("[order_id]", "[id]"))
    run = shop.run("dev/bronze/orders")
    assert "key id" in run.failures["dev__bronze__orders"]
    assert "order_id, amount" in run.failures["dev__bronze__orders"]
    assert not shop.lake.exists(ORDERS_ID)


def test_a_zero_row_table_is_made_and_judged(shop: Deployment) -> None:
    shop.orders([])
    shop.product(ORDERS + rules(NOT_NULL % ("order_id", "block")) + REVENUE)
    run = shop.run("dev/bronze/orders", "dev/gold/revenue")
    assert run.success
    assert run.metadata["dev/bronze/orders"]["dagster/row_count"] == 0
    assert run.checks["not_null_order_id"].passed


def test_a_table_name_in_another_script_works(shop: Deployment) -> None:
    shop.product(ORDERS.replace("name: orders", "name: commandes_été"))
    run = shop.run("dev/bronze/commandes_été")
    assert run.success
    assert shop.table("bronze/commandes_été").num_rows == 3


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nope from bronze.orders", "nope"),
        ("select * from bronze.orders where lake_version() > 1", "lake_version"),
        ("select cast('x' || order_id as integer) as n from bronze.orders", "failed on the data"),
    ],
)
def test_sql_that_fails_leaves_the_lake_as_it_was(shop: Deployment, sql: str, said: str) -> None:
    shop.product(ORDERS + f"    - name: bad\n      layer: gold\n      sql: {sql}\n")
    run = shop.run("dev/bronze/orders", "dev/gold/bad")
    assert said in run.failures["dev__gold__bad"]
    assert not shop.lake.exists(TableId("dev", "gold", "bad"))


def test_sql_over_a_table_without_data_says_what_to_materialize(shop: Deployment) -> None:
    shop.product(ORDERS + REVENUE)
    run = shop.run("dev/gold/revenue")
    assert "dev/bronze/orders has no data yet" in run.failures["dev__gold__revenue"]


def test_an_unknown_source_table_is_told_once_with_the_nearest_name(shop: Deployment) -> None:
    shop.product(ORDERS.replace("table: orders", "table: ordrs"))
    run = shop.run("dev/bronze/orders")
    assert "ordrs" in run.failures["dev__bronze__orders"]
    assert "orders" in run.failures["dev__bronze__orders"]
    assert not shop.lake.exists(ORDERS_ID)
