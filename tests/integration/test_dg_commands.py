"""Dagster's own commands on a copy of the project with products in `platform_defs/defs`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = """type: platform_defs.DataProduct
attributes:
  tables:
    - name: shop_orders
      layer: bronze
      source: {connection: shop, table: orders}
      rules:
        - type: expect_column_values_to_not_be_null
          kwargs: {column: order_id}
          meta: {action: block}
    - name: revenue
      layer: gold
      sql: select sum(amount) as amount from bronze.shop_orders
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, without what a clone lacks."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("agents", "assets", "platform_defs", "resources", "sensors"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "defs.yaml"))
    for name in ("pyproject.toml", "workspace.yaml"):
        shutil.copy(ROOT / name, folder / name)
    product = folder / "platform_defs" / "defs" / "sales" / "defs.yaml"
    product.parent.mkdir(parents=True)
    product.write_text(PRODUCT)
    return folder


def run(project: Path, *command: str, product: str = PRODUCT) -> subprocess.CompletedProcess[str]:
    """A command of the virtual environment in the project, over this product."""
    (project / "platform_defs" / "defs" / "sales" / "defs.yaml").write_text(product)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ADP_", "DAGSTER_"))}
    env = {**inherited, "PYTHONPATH": str(project), "COLUMNS": "200", "DAGSTER_DG_CLI_TELEMETRY_ENABLED": "false"}
    program = Path(sys.executable).parent / command[0]
    return subprocess.run([program, *command[1:]], cwd=project, env=env, capture_output=True, text=True, check=False)


def test_dg_check_yaml_accepts_a_product(project: Path) -> None:
    done = run(project, "dg", "check", "yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "validated successfully" in done.stdout + done.stderr


def test_dg_check_yaml_names_line_and_key_of_what_is_wrong(project: Path) -> None:
    done = run(project, "dg", "check", "yaml", product=PRODUCT.replace("layer: gold", "lair: gold"))
    assert done.returncode == 1
    assert "defs.yaml:12" in done.stdout + done.stderr
    assert "'lair' was unexpected" in done.stdout + done.stderr


def test_dg_list_shows_the_component_type(project: Path) -> None:
    done = run(project, "dg", "list", "components")
    assert done.returncode == 0, done.stderr
    assert "platform_defs.DataProduct" in done.stdout


def test_dg_list_defs_shows_assets_checks_and_sensors(project: Path) -> None:
    done = run(project, "dg", "list", "defs", "--json")
    assert done.returncode == 0, done.stderr
    for shown in ("dev/bronze/shop_orders", "dev/gold/revenue", "not_null_order_id", "platform/specs", "automation"):
        assert shown in done.stdout


def test_dagster_validates_the_workspace(project: Path) -> None:
    done = run(project, "dagster", "definitions", "validate", "-w", "workspace.yaml")
    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stdout + done.stderr


def test_a_broken_product_does_not_take_the_location_down(project: Path) -> None:
    done = run(project, "dagster", "definitions", "validate", "-w", "workspace.yaml", product="attributes: [\n")
    assert done.returncode == 0, done.stderr
    assert "a product is left out" in done.stdout + done.stderr


def test_dagsters_own_component_loader_builds_the_same_assets(project: Path) -> None:
    code = (
        "from pathlib import Path; import dagster as dg; "
        "defs = dg.load_from_defs_folder(path_within_project=Path.cwd()); "
        "defs = dg.Definitions.merge(defs, dg.Definitions(resources={'platform': None})); "
        "print(sorted(spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()))"
    )
    done = run(project, "python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['dev/bronze/shop_orders', 'dev/gold/revenue']"
    wrong = run(project, "python", "-c", code, product=PRODUCT.replace("sum(amount)", "sum(amount"))
    assert "defs.yaml:13: tables[1].sql: gold/revenue: the SQL does not parse" in wrong.stderr
