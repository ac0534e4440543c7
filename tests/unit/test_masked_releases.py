"""Masked views are promoted like other tables: after their base, and approved by what they mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.core.approval import Effects
from agents.core.errors import SpecError
from platform_defs.classify import Graph
from platform_defs.classify_facts import facts_of, told_by_specs
from resources.masking_keys import with_new_version
from resources.platform import Platform
from resources.settings import CatalogSettings
from tests.unit.governance_stage import Stage
from tests.unit.product_runs import ORDERS
from tests.unit.release_stage import ReleaseStage

VIEW = """
    - name: orders
      layer: masked
      masked: {source: bronze/orders, columns: {order_id: {method: hash}, amount: {method: keep}}}
"""


@pytest.fixture
def stage(tmp_path: Path) -> ReleaseStage:
    made = ReleaseStage(tmp_path)
    made.deployment.product(ORDERS + VIEW)
    secrets = made.deployment.settings.secrets_dir
    secrets.mkdir(parents=True)
    (secrets / "MASKING_KEY").touch(mode=0o600)
    (secrets / "MASKING_KEY").write_text(with_new_version(None, "MASKING_KEY"))
    assert made.deployment.run("dev/masked/orders").success
    return made


def test_a_view_is_promoted_with_its_base_and_pinned_as_it_masks(stage: ReleaseStage) -> None:
    stage.promote("bronze/orders", "masked/orders")
    rows = stage.platform.lake.read(stage.table("masked/orders")).read_all()
    assert all(len(value) == 32 for value in rows["order_id"].to_pylist())
    pinned = stage.pin("masked/orders")
    assert pinned["masked"]["columns"]["order_id"] == {"method": "hash"}
    stage.change("order_id: {method: hash}", "order_id: {method: keep}")
    assert stage.deployment.run("staging/masked/orders").success
    after = stage.platform.lake.read(stage.table("masked/orders")).read_all()
    assert after["order_id"].to_pylist() == rows["order_id"].to_pylist(), "what was released stays in force"


def test_a_release_has_the_catalogs_of_its_environment_told(stage: ReleaseStage) -> None:
    catalogs = CatalogSettings(unity="https://workspace.example.com")
    stage.platform = Platform.of(replace(stage.deployment.settings, catalogs=catalogs), {})
    store = stage.platform.store
    stage.goal = store.create_goal("release it", "staging", "ada@example.com").id
    out = stage.promote("bronze/orders", "masked/orders")
    (goal,) = [row for row in store.goals() if row.goal.parent == stage.goal]
    assert out["told"] == [f"{goal.id} tells Unity Catalog what masked/orders hold"], "nobody has looked at the other"
    step = store.plan(goal.id).steps[0]
    assert (goal.goal.environment, step.action, dict(step.inputs)) == ("staging", "publish", {"asset": "masked/orders"})


def test_a_view_does_not_go_without_its_base(stage: ReleaseStage) -> None:
    with pytest.raises(SpecError, match="masked/orders reads bronze/orders, which is not in staging"):
        stage.promote("masked/orders")


@pytest.mark.parametrize(
    ("columns", "released", "told"),
    [
        ("{n: {pii: none}}", ["bronze/people"], "none"),
        ("{n: {pii: EMAIL_ADDRESS}}", ["bronze/people"], "unmasked"),
        ("{n: {pii: EMAIL_ADDRESS}}", ["bronze/people", "masked/people"], "masked"),
        ("{}", ["bronze/people"], "unknown"),
    ],
)
def test_a_release_is_judged_by_what_specs_say_even_before_definitions_are_loaded_anew(
    tmp_path: Path, columns: str, released: list[str], told: str
) -> None:
    stage = Stage(tmp_path)
    stage.deployment.product(
        f"""
        - {{name: people, layer: bronze, sql: SELECT 1 AS n, columns: {columns}}}
        - {{name: people, layer: masked, masked: {{source: bronze/people}}}}
        """
    )
    step = {"agent": "deployment", "action": "promote", "inputs": {"assets": released}}
    effects = Effects("prod", ("write_data",), {f"prod/{name}": "sha256:x" for name in released}, (step,))
    said = told_by_specs(stage.platform, effects, Graph(None))
    assert said["prod/bronze/people"] == told
    assert facts_of(effects, Graph(None), told=said).pii == told


def test_of_a_persons_asset_its_definition_is_asked_and_a_spec_that_does_not_load_says_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.deployment.product("", more="  extensions:\n    - {asset: gold/loyalty, columns: {n: {pii: none}}}\n")
    stage.deployment.product("- {name: broken, layer: bronze, sql: SELECT 1 AS n, columns: {n: {pii: 7}}}", "other")
    assets = ["gold/loyalty", "bronze/broken", "bronze/nowhere"]
    step = {"agent": "deployment", "action": "promote", "inputs": {"assets": assets}}
    effects = Effects("prod", ("write_data",), {f"prod/{name}": "sha256:x" for name in assets}, (step,))
    assert told_by_specs(stage.platform, effects, Graph(None)) == {}
    assert facts_of(effects, Graph(None), told={}).pii == "unknown"
