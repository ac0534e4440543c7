"""What people say over agents: actions forbidden for an asset, versions that stay, fields that are theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.core.catalog import TableId
from agents.core.errors import Denied, SpecError
from assets.kinds.loading import load_products
from resources.specs_repo import SpecsRepo
from tests.unit.product_runs import ORDERS
from tests.unit.release_stage import ROWS, ReleaseStage

DEV = TableId("dev", "bronze", "orders")


@pytest.fixture
def stage(tmp_path: Path) -> ReleaseStage:
    return ReleaseStage(tmp_path)


def override(stage: ReleaseStage, text: str) -> None:
    stage.change("key: [order_id]", f"key: [order_id]\n      override: {text}")


@pytest.mark.parametrize("what", ["pipeline.optimize", "tables.compact"])
def test_a_forbidden_action_is_refused_with_the_file_named(tmp_path: Path, what: str) -> None:
    stage = ReleaseStage(tmp_path, "dev")
    more = [(number, 1.0, "2026-02-01") for number in range(101, 104)]
    stage.deployment.orders([*ROWS, *more])
    assert stage.deployment.run("dev/bronze/orders").success
    override(stage, f"{{forbid: [{what}]}}")
    version = stage.platform.lake.version(DEV)
    with pytest.raises(Denied, match=r"a person forbade .*specs/sales/defs\.yaml"):
        stage.act("pipeline", "optimize", asset="bronze/orders")
    assert stage.platform.lake.version(DEV) == version


def test_a_release_that_a_person_forbade_writes_nothing(stage: ReleaseStage) -> None:
    override(stage, "{forbid: [deployment.promote]}")
    with pytest.raises(Denied, match=r"a person forbade deployment\.promote"):
        stage.promote()
    assert not stage.pins.exists()


def test_a_pinned_version_is_restored_instead_of_loading(stage: ReleaseStage) -> None:
    version = stage.platform.lake.version(DEV)
    stage.deployment.orders([*ROWS, (101, 1.0, "2026-02-01")])
    assert stage.deployment.run("dev/bronze/orders").success
    assert stage.platform.lake.rows(DEV) == 101
    override(stage, f"{{version: {{dev: {version}}}}}")
    done = stage.deployment.run("dev/bronze/orders")
    assert done.success
    assert stage.platform.lake.rows(DEV) == 100
    assert "keeps version" in done.metadata["dev/bronze/orders"]["warnings"]
    now = stage.platform.lake.version(DEV)
    assert stage.deployment.run("dev/bronze/orders").success
    assert stage.platform.lake.version(DEV) == now, "it is there already: no further commit"
    stage.change(f"override: {{version: {{dev: {version}}}}}", "")
    assert stage.deployment.run("dev/bronze/orders").success
    assert stage.platform.lake.rows(DEV) == 101


def test_a_version_that_does_not_exist_is_said_and_nothing_is_loaded(stage: ReleaseStage) -> None:
    override(stage, "{version: {dev: 99}}")
    done = stage.deployment.run("dev/bronze/orders")
    assert not done.success
    assert "no version 99" in str(done.failures)


def test_what_a_person_said_in_defs_holds_for_what_was_released_before_and_after(stage: ReleaseStage) -> None:
    stage.promote()
    before = stage.deployment.digests()["staging/bronze/orders"]
    override(stage, "{version: {staging: 0}}")
    assert stage.deployment.digests()["staging/bronze/orders"] != before, "it would hold something else: asked anew"
    assert "override" not in stage.pin()
    stage.change("{version: {staging: 0}}", "{forbid: [deployment.rollback]}")
    assert stage.deployment.digests()["staging/bronze/orders"] == before
    with pytest.raises(Denied):
        stage.act("deployment", "rollback", assets=["bronze/orders"])


def test_an_override_on_the_command_line_is_the_persons_and_can_be_taken_back(stage: ReleaseStage) -> None:
    repo = stage.platform.specs
    text = repo.path("sales").read_text()
    assert repo.override("bronze/orders", {"forbid": ["pipeline.optimize"], "version": {"prod": 3}})
    assert not repo.override("bronze/orders", {"forbid": ["pipeline.optimize"], "version": {"prod": 3}})
    entry = load_products(repo.specs_dir).checked.tables[0].table
    assert entry.override.forbid == ("pipeline.optimize",)
    assert entry.override.version == {"prod": 3}
    assert repo.override("bronze/orders", {})
    assert repo.path("sales").read_text() == text
    with pytest.raises(SpecError, match="no product holds bronze/nothing"):
        repo.override("bronze/nothing", {"forbid": ["pipeline.optimize"]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{forbid: [optimize]}", "forbid"),
        ("{forbid: [pipelin.optimize]}", "did you mean pipeline"),
        ("{forbid: [pipeline.optimise]}", "did you mean pipeline.optimize"),
        ("{version: {production: 3}}", "version"),
        ("{version: {prod: -1}}", "version"),
        ("{forbids: [pipeline.optimize]}", "did you mean forbid"),
    ],
)
def test_an_override_that_would_not_hold_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "sales" / "defs.yaml"
    path.parent.mkdir()
    entry = ORDERS.replace("key: [order_id]", f"key: [order_id]\n      override: {text}")
    path.write_text(f"type: platform_defs.DataProduct\nattributes:\n  tables:{entry}")
    (problem,) = load_products(tmp_path).problems
    assert told in str(problem)
    assert f"{path}:" in str(problem)


def test_pins_are_refused_for_another_environment(stage: ReleaseStage) -> None:
    stage.promote()
    stage.pins.write_text(stage.pins.read_text().replace("- staging", "- prod"))
    loaded = load_products(SpecsRepo(stage.platform.settings.specs_dir).specs_dir)
    assert any("is pinned for staging and lives in prod" in str(problem) for problem in loaded.problems)
    assert "staging/bronze/orders" not in stage.deployment.digests()
