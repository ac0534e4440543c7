"""What an approval covers: the digest that every asset shows, of its spec or its Python source."""

from __future__ import annotations

from importlib import reload
from pathlib import Path

import dagster as dg
import pytest

from agents.tools.releases import release_digests
from assets.kinds.spec import Extension, Override, Rule, RuleMeta, Source, Table, spec_digest
from assets.kinds.tables import DIGEST
from resources.platform import Platform
from tests.unit.product_runs import ORDERS, Deployment, python_package

TABLE = Table("orders", "bronze", source=Source("shop", "orders"), key=("order_id",))
PYTHON = """
    import dagster as dg
    import pyarrow as pa
    {imports}

    @dg.asset(key=["dev", "gold", "{name}"], io_manager_key="lake_io")
    def {name}() -> pa.Table:
        return pa.table({{"n": [1]}})
"""


@pytest.mark.parametrize(
    "changed",
    [
        Table("orders", "bronze", source=Source("shop", "orders_old"), key=("order_id",)),
        Table("orders", "bronze", sql="select 1 as order_id", key=("order_id",)),
        Table("orders", "bronze", source=Source("shop", "orders"), key=()),
        Table("orders", "bronze", source=Source("shop", "orders"), key=("order_id",), schedule="0 2 * * *"),
        Table("orders", "bronze", source=Source("shop", "orders"), key=("order_id",), tags={"pii": "masked"}),
        Table("orders", "bronze", source=Source("shop", "orders"), key=("order_id",), rules=(Rule("x"),)),
        Table(
            "orders",
            "bronze",
            source=Source("shop", "orders"),
            key=("order_id",),
            override=Override(version={"prod": 3}),
        ),
    ],
)
def test_whatever_decides_the_effect_changes_the_digest(changed: Table) -> None:
    assert spec_digest(changed, "prod") != spec_digest(TABLE, "prod")


def test_muting_a_rule_changes_the_digest() -> None:
    loud = Extension("gold/a", rules=(Rule("x", meta=RuleMeta("block")),))
    muted = Extension("gold/a", rules=(Rule("x", meta=RuleMeta("block", muted=True)),))
    assert spec_digest(loud, "prod") != spec_digest(muted, "prod")


def test_who_owns_it_and_where_else_it_lives_changes_nothing() -> None:
    told = Table(
        "orders",
        "bronze",
        "Orders of the shop.",
        Source("shop", "orders"),
        key=("order_id",),
        environments=("dev", "prod"),
        owners=("team:shop",),
        override=Override(forbid=("pipeline.optimize",), version={"staging": 3}),
    )
    assert spec_digest(told, "prod") == spec_digest(TABLE, "prod")


def test_a_tag_of_the_product_is_a_tag_of_its_tables(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    deployment.product(ORDERS)
    before = digests(deployment)["dev/bronze/orders"]
    deployment.product(ORDERS, more="  tags: {pii: unmasked}\n")
    assert digests(deployment)["dev/bronze/orders"] != before


def test_every_asset_shows_its_digest(tmp_path: Path) -> None:
    with python_package(tmp_path, revenue=PYTHON.format(imports="", name="revenue")) as package:
        deployment = Deployment(tmp_path, package)
        deployment.product(ORDERS)
        found = digests(deployment)
    assert {"dev/bronze/orders", "dev/gold/revenue"} <= found.keys()
    assert all(digest.startswith("sha256:") for digest in found.values())


def test_a_source_digest_changes_with_its_file_its_imports_and_the_files_beside_it(tmp_path: Path) -> None:
    files = {
        "revenue": PYTHON.format(imports="from . import rates", name="revenue"),
        "margin": PYTHON.format(imports="", name="margin"),
        "rates": "VAT = 19",
    }
    with python_package(tmp_path, **files) as package:
        deployment, folder = Deployment(tmp_path, package), Path(str(package.__file__)).parent
        first = digests(deployment)
        (folder / "rates.py").write_text("VAT = 7")
        imported = digests(deployment)
        (folder / "query.sql").write_text("select 1")
        beside = digests(deployment)
        (folder / "revenue.py").write_text((folder / "revenue.py").read_text() + "\n# edited\n")
        edited = digests(deployment)
        assert reload(package)
    assert imported["dev/gold/revenue"] != first["dev/gold/revenue"]
    assert imported["dev/gold/margin"] == first["dev/gold/margin"], "it does not import the rates"
    assert beside["dev/gold/margin"] != imported["dev/gold/margin"]
    assert edited["dev/gold/revenue"] != beside["dev/gold/revenue"]
    assert edited["dev/gold/margin"] == beside["dev/gold/margin"]


@pytest.mark.parametrize(
    "imports",
    [
        "from importlib import import_module; rates = import_module(__package__ + '.ra' + 'tes')",
        "import importlib; rates = importlib.import_module(__package__ + '.rates')",
        "from .rates import *",
    ],
)
def test_an_import_by_name_counts_as_everything(tmp_path: Path, imports: str) -> None:
    files = {"revenue": PYTHON.format(imports=imports, name="revenue"), "rates": "VAT = 19"}
    with python_package(tmp_path, **files) as package:
        deployment = Deployment(tmp_path, package)
        before = digests(deployment)
        (Path(str(package.__file__)).parent / "rates.py").write_text("VAT = 7")
        assert digests(deployment)["dev/gold/revenue"] != before["dev/gold/revenue"]


def test_an_extensions_rules_are_part_of_a_python_assets_digest(tmp_path: Path) -> None:
    with python_package(tmp_path, revenue=PYTHON.format(imports="", name="revenue")) as package:
        deployment = Deployment(tmp_path, package)
        before = digests(deployment)
        rule = "{type: expect_column_values_to_not_be_null, kwargs: {column: n}}"
        deployment.product("", more=f"  extensions:\n    - asset: gold/revenue\n      rules: [{rule}]\n")
        assert digests(deployment)["dev/gold/revenue"] != before["dev/gold/revenue"]


def test_a_persons_table_keeps_the_digest_it_was_made_by(tmp_path: Path) -> None:
    with python_package(tmp_path, revenue=PYTHON.format(imports="", name="revenue")) as package:
        deployment = Deployment(tmp_path, package)
        deployment.orders([(1, 10.0, "2026-01-01")])
        deployment.product(ORDERS)
        assert deployment.run("dev/bronze/orders", "dev/gold/revenue").success
        shown = digests(deployment)
        for table in deployment.lake.tables("dev"):
            assert deployment.lake.marks(table)["spec"] == shown[str(table)]


def digests(deployment: Deployment) -> dict[str, str]:
    """The digest that the loaded definitions show of each lake asset."""
    graph = deployment.definitions().get_repository_def().asset_graph
    found = {key: graph.get(key).metadata.get(DIGEST) for key in graph.get_all_asset_keys()}
    return {key.to_user_string(): str(text) for key, text in found.items() if text}


def test_what_is_approved_of_a_python_asset_is_what_its_definition_shows(tmp_path: Path) -> None:
    with python_package(tmp_path, revenue=PYTHON.format(imports="", name="revenue")) as package:
        deployment = Deployment(tmp_path, package)
        graph = deployment.definitions().get_repository_def().asset_graph
        node = graph.get(dg.AssetKey(["dev", "gold", "revenue"]))
        step = {"agent": "deployment", "action": "promote", "inputs": {"assets": ["gold/revenue"], "to": "dev"}}
        sources = {"dev/gold/revenue": str(node.metadata["platform/source"])}
        found = release_digests(Platform.of(deployment.settings, {}), [step], "dev", sources)
        assert found == {"dev/gold/revenue": digests(deployment)["dev/gold/revenue"]}
