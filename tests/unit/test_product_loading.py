"""The code location: what Dagster sees of products, of broken files, and of assets people write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from agents.core.catalog import TableId
from assets.kinds.health import CHECK, health_event
from assets.kinds.keys import SPECS_ASSET
from assets.kinds.loading import load_products
from assets.kinds.tables import NOTIFY
from tests.unit.product_runs import AT_LEAST, NOT_NULL, ORDERS, Deployment, python_package

FULL = """
    - name: orders
      layer: bronze
      description: Orders of the shop.
      source: {connection: shop, table: orders}
      schedule: 0 2 * * *
      freshness_hours: 26
      owners: [team:shop, ann@example.com]
      tags: {domain: sales}
      retry: {max: 5, delay: 3, backoff: linear}
      notify: [{kind: webhook, to: SALES_HOOK}, {kind: log}]
      rules:
        - type: expect_column_values_to_not_be_null
          kwargs: {column: order_id}
          meta: {action: block, reason: has an id}
        - {type: expect_column_values_to_be_unique, kwargs: {column: order_id}}
"""
PYTHON = """
    import dagster as dg
    import polars as pl
    import pyarrow as pa

    @dg.asset(
        key=["dev", "gold", "regions"],
        ins={"orders": dg.AssetIn(["dev", "bronze", "orders"], input_manager_key="lake_io")},
        io_manager_key="lake_io",
        owners=["ann@example.com"],
        description="By hand.",
    )
    def regions(orders: pl.DataFrame) -> pa.Table:
        return orders.select("order_id", (pl.col("amount") * 2).alias("double")).to_arrow()
"""


@pytest.fixture
def shop(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.orders([(1, 10.0, "2026-01-01"), (2, 20.0, "2026-01-02"), (3, -5.0, "2026-01-03")])
    return deployment


def spec_of(definitions: dg.Definitions, key: str) -> dg.AssetSpec:
    """The spec of an asset."""
    return next(spec for spec in definitions.resolve_all_asset_specs() if spec.key == dg.AssetKey(key.split("/")))


def test_everything_a_spec_says_is_in_the_asset(shop: Deployment) -> None:
    shop.product(FULL)
    definitions = shop.definitions()
    spec = spec_of(definitions, "dev/bronze/orders")
    assert spec.group_name == "sales"
    assert spec.description == "Orders of the shop."
    assert list(spec.owners) == ["team:shop", "ann@example.com"]
    assert spec.tags["domain"] == "sales"
    assert spec.kinds == {"delta", "bronze"}
    assert spec.code_version
    assert isinstance(spec.freshness_policy, dg.FreshnessPolicy)
    assert spec.automation_condition is not None
    assert "0 2 * * *" in (spec.automation_condition.get_label() or "")
    assert json.loads(spec.metadata[NOTIFY]) == [["webhook", "SALES_HOOK"], ["log", ""]]
    graph = definitions.resolve_asset_graph()
    checks = {key.name: graph.get_check_spec(key) for key in graph.asset_check_keys if key.asset_key == spec.key}
    assert {name: check.blocking for name, check in checks.items()} == {
        "not_null_order_id": True,
        "unique_order_id": False,
    }
    assert checks["not_null_order_id"].description == "has an id"
    node = definitions.resolve_assets_def(spec.key).op
    assert node.retry_policy is not None
    assert (node.retry_policy.max_retries, node.retry_policy.backoff) == (5, dg.Backoff.LINEAR)
    assert node.pool == "table/dev/bronze/orders"


def test_each_check_can_be_executed_alone_from_the_ui(shop: Deployment) -> None:
    shop.product(FULL)
    graph = shop.definitions().resolve_asset_graph()
    for key in graph.asset_check_keys:
        assert graph.get_execution_set_asset_and_check_keys(key) == {key}


def test_code_version_changes_with_what_the_table_will_hold_only(shop: Deployment) -> None:
    shop.product(FULL)
    before = spec_of(shop.definitions(), "dev/bronze/orders").code_version
    shop.product(FULL.replace("Orders of the shop.", "All orders.").replace("0 2 * * *", "0 3 * * *"))
    assert spec_of(shop.definitions(), "dev/bronze/orders").code_version == before
    shop.product(FULL.replace("table: orders", "table: orders_v2"))
    assert spec_of(shop.definitions(), "dev/bronze/orders").code_version != before


def test_only_loaded_environments_have_assets(shop: Deployment) -> None:
    shop.product(ORDERS + "      environments: [dev, prod]\n")
    keys = {spec.key.to_user_string() for spec in shop.definitions().resolve_all_asset_specs()}
    assert "dev/bronze/orders" in keys
    assert "prod/bronze/orders" not in keys


def test_sql_waits_on_its_schedule_only_for_tables_that_refresh(shop: Deployment) -> None:
    idle = ORDERS.replace("name: orders", "name: idle")
    sql = "    - {name: %s, layer: gold, %ssql: select 1 as a from bronze.orders join bronze.idle using (order_id)}\n"
    shop.product(FULL + idle + sql % ("daily", "schedule: 0 4 * * *, ") + sql % ("follows", ""))
    definitions = shop.definitions()
    daily = spec_of(definitions, "dev/gold/daily").automation_condition
    assert daily is not None
    assert daily != dg.AutomationCondition.on_cron("0 4 * * *")
    assert "idle" in str(daily)
    follows = spec_of(definitions, "dev/gold/follows")
    assert {dep.asset_key.path[-1] for dep in follows.deps} == {"orders", "idle"}
    assert follows.automation_condition is not None
    assert spec_of(definitions, "dev/bronze/idle").automation_condition is None


def test_a_sql_table_refreshes_after_the_table_it_reads(shop: Deployment) -> None:
    shop.product(ORDERS + "    - {name: n, layer: gold, sql: select count(*) as n from bronze.orders}\n")
    shop.run("dev/bronze/orders", "dev/gold/n")
    definitions = shop.definitions()
    gold = dg.AssetSelection.assets(["dev", "gold", "n"])
    first = dg.evaluate_automation_conditions(defs=definitions, instance=shop.instance, asset_selection=gold)
    shop.run("dev/bronze/orders")
    second = dg.evaluate_automation_conditions(
        defs=definitions, instance=shop.instance, asset_selection=gold, cursor=first.cursor
    )
    third = dg.evaluate_automation_conditions(
        defs=definitions, instance=shop.instance, asset_selection=gold, cursor=second.cursor
    )
    assert (first.total_requested, second.total_requested, third.total_requested) == (0, 1, 0)


def test_a_broken_file_leaves_the_others_and_is_shown(shop: Deployment) -> None:
    shop.product(ORDERS)
    broken = shop.product("    - {name: x, layer: bronze}\n", name="broken")
    definitions = shop.definitions()
    assert spec_of(definitions, "dev/bronze/orders")
    assert f"{broken}:5" in (spec_of(definitions, "platform/specs").description or "")
    run = shop.run(checks=[("platform/specs", CHECK)])
    assert not run.checks[CHECK].passed
    assert "exactly one of source, sql and masked" in str(run.checks[CHECK].metadata["problems"].value)
    event = health_event(load_products(shop.settings.specs_dir).problems)
    assert (event.asset_key, event.passed) == (SPECS_ASSET, False)
    shop.product(ORDERS.replace("orders", "more"), name="broken")
    assert shop.run(checks=[("platform/specs", CHECK)]).checks[CHECK].passed


def test_sql_that_reads_a_broken_product_keeps_its_place(shop: Deployment) -> None:
    shop.product("    - {name: x, layer: bronze}\n", name="broken")
    shop.product("    - {name: y, layer: gold, sql: select * from bronze.x}\n", name="gold")
    spec = spec_of(shop.definitions(), "dev/gold/y")
    assert [dep.asset_key.path for dep in spec.deps] == [["dev", "bronze", "x"]]


def test_python_asset_between_yaml_tables_with_a_yaml_extension(shop: Deployment, tmp_path: Path) -> None:
    extension = (
        "  extensions:\n    - asset: gold/regions\n      owners: [team:shop]\n      freshness_hours: 30\n"
        "      tags: {domain: geo}\n      rules:\n"
        f"        - {NOT_NULL % ('order_id', 'block')}\n        - {AT_LEAST % ('double', 0, 'quarantine')}\n"
    )
    reads = "    - {name: total, layer: gold, sql: select sum(double) as total from gold.regions}\n"
    shop.product(ORDERS + reads, more=extension)
    with python_package(tmp_path, regions=PYTHON) as shop.package:
        spec = spec_of(shop.definitions(), "dev/gold/regions")
        assert list(spec.owners) == ["ann@example.com", "team:shop"]
        assert spec.description == "By hand."
        assert spec.tags["domain"] == "geo"
        assert spec.freshness_policy is not None
        run = shop.run("dev/bronze/orders", "dev/gold/regions", "dev/gold/total")
        assert run.success, run.failures
        assert shop.table("gold/total").to_pylist() == [{"total": 60.0}]
        numbers = run.metadata["dev/gold/regions"]
        assert (numbers["rows read"], numbers["rows landed"], numbers["rows quarantined"]) == (3, 2, 1)
        assert shop.table("quarantine/gold_regions").num_rows == 1
        assert run.checks["not_null_order_id"].passed
        again = shop.run(checks=[("dev/gold/regions", "double_between")])
        assert again.checks["double_between"].passed


def test_a_blocking_extension_rule_stops_what_is_downstream(shop: Deployment, tmp_path: Path) -> None:
    rule = AT_LEAST % ("double", 0, "block")
    reads = "    - {name: total, layer: gold, sql: select sum(double) as total from gold.regions}\n"
    shop.product(ORDERS + reads, more=f"  extensions:\n    - asset: gold/regions\n      rules: [{rule}]\n")
    with python_package(tmp_path, regions=PYTHON) as shop.package:
        run = shop.run("dev/bronze/orders", "dev/gold/regions", "dev/gold/total")
    assert not run.success
    assert not run.checks["double_between"].passed
    assert not shop.lake.exists(TableId("dev", "gold", "total"))


@pytest.mark.parametrize(
    ("annotation", "expression"),
    [
        ("pd.DataFrame", "orders[['order_id']]"),
        ("pl.LazyFrame", "orders.select('order_id')"),
        ("pa.Table", "orders.select(['order_id'])"),
        ("pa.RecordBatchReader", "orders"),
        ("duckdb.DuckDBPyRelation", "orders.project('order_id')"),
    ],
)
def test_python_assets_get_and_give_the_types_they_name(
    shop: Deployment, tmp_path: Path, annotation: str, expression: str
) -> None:
    module = f"""
        import dagster as dg
        import duckdb
        import pandas as pd
        import polars as pl
        import pyarrow as pa

        @dg.asset(
            key=["dev", "gold", "copy"],
            ins={{"orders": dg.AssetIn(["dev", "bronze", "orders"], input_manager_key="lake_io")}},
            io_manager_key="lake_io",
        )
        def copy(orders: {annotation}):
            assert isinstance(orders, {annotation}), type(orders)
            return {expression}
    """
    shop.product(ORDERS)
    with python_package(tmp_path, copy=module) as shop.package:
        run = shop.run("dev/bronze/orders", "dev/gold/copy")
    assert run.success, run.failures
    assert shop.table("gold/copy")["order_id"].to_pylist() == [1, 2, 3]


def test_rows_that_leave_a_python_asset_are_shown_on_the_page_of_its_quarantine(
    shop: Deployment, tmp_path: Path
) -> None:
    module = """
        import dagster as dg
        import pyarrow as pa

        @dg.asset(key=["dev", "gold", "scores"], io_manager_key="lake_io")
        def scores():
            return pa.table({"who": ["a", "b", "c"], "score": [1, 2, -3]})
    """
    rule = (
        "{type: expect_column_values_to_be_between, kwargs: {column: score, min_value: 0}, meta: {action: quarantine}}"
    )
    shop.product("", name="scores", more=f"  extensions:\n    - asset: gold/scores\n      rules: [{rule}]\n")
    with python_package(tmp_path, scores=module) as shop.package:
        run = shop.run("dev/gold/scores")
    assert run.success, run.failures
    assert run.observed["dev/quarantine/gold_scores"]["rows in quarantine"] == 1
    assert run.metadata["dev/gold/scores"]["quarantine"] == "/assets/dev/quarantine/gold_scores"


def test_a_python_asset_that_returns_something_else_says_what_to_return(shop: Deployment, tmp_path: Path) -> None:
    module = """
        import dagster as dg

        @dg.asset(key=["dev", "gold", "odd"], io_manager_key="lake_io")
        def odd():
            return {"a": 1}
    """
    with python_package(tmp_path, odd=module) as shop.package:
        run = shop.run("dev/gold/odd")
    assert "cannot write a builtins.dict" in run.failures["dev__gold__odd"]
    assert not shop.lake.exists(TableId("dev", "gold", "odd"))


@pytest.mark.parametrize("components", ["allow", "deny"])
def test_a_component_of_another_type_runs_code_and_loads_only_where_that_is_allowed(
    shop: Deployment, components: str
) -> None:
    shop.settings = replace(shop.settings, components=components)
    shop.product(ORDERS)
    other = shop.settings.specs_dir / "other" / "defs.yaml"
    other.parent.mkdir()
    other.write_text(
        "type: dagster.FunctionComponent\nattributes:\n"
        "  execution: {name: made, fn: tests.unit.product_runs.made}\n"
        "  assets: [{key: other/made}]\n"
    )
    keys = {spec.key.to_user_string() for spec in shop.definitions().resolve_all_asset_specs()}
    assert "dev/bronze/orders" in keys
    assert ("other/made" in keys) is (components == "allow")


HEAVY = (
    *("azure", "deltalake", "duckdb", "great_expectations", "mlflow", "pandas", "polars"),
    *("presidio_analyzer", "pyarrow", "sklearn", "spacy", "sqlalchemy", "sqlglot"),
)


@pytest.mark.parametrize("sql", [False, True])
def test_loading_imports_nothing_heavy(shop: Deployment, sql: bool) -> None:
    tables = "".join(FULL.replace("name: orders", f"name: orders_{number}") for number in range(10))
    if sql:
        tables += "    - {name: n, layer: gold, sql: select 1 as a from bronze.orders_1}\n"
    shop.product(tables)
    code = (
        "import sys; from platform_defs.definitions import defs; keys = defs.get_repository_def().asset_graph; "
        f"print(len(keys.get_all_asset_keys()), *(name for name in {HEAVY} if name in sys.modules))"
    )
    env = {**os.environ, "ADP_SPECS": str(shop.settings.specs_dir), "ADP_ENVIRONMENTS": "dev"}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    count, *imported = said.split()
    assert int(count) >= 11
    assert imported == (["sqlglot"] if sql else [])


def test_a_persons_asset_may_read_a_table_that_nobody_makes_yet(tmp_path: Path) -> None:
    code = """
        import dagster as dg
        import pyarrow as pa

        @dg.asset(
            key=["dev", "gold", "loyalty"],
            ins={"orders": dg.AssetIn(key=["dev", "bronze", "orders"], input_manager_key="lake_io")},
            io_manager_key="lake_io",
        )
        def loyalty(orders: pa.Table) -> pa.Table:
            return orders
    """
    with python_package(tmp_path, loyalty=code) as package:
        deployment = Deployment(tmp_path, package)
        graph = deployment.definitions().get_repository_def().asset_graph
        assert dg.AssetKey(["dev", "bronze", "orders"]) not in graph.materializable_asset_keys
        deployment.product(ORDERS)
        graph = deployment.definitions().get_repository_def().asset_graph
        assert dg.AssetKey(["dev", "bronze", "orders"]) in graph.materializable_asset_keys
