"""`adp override`, `adp quality confirm`: a word over the agents that would hold nothing back is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agents.core.errors import SpecError
from platform_defs.cli import app
from tests.unit.release_stage import ReleaseStage

ASSET = "bronze/orders"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseStage:
    made = ReleaseStage(tmp_path, "dev")
    for name, folder in (("STATE", "state"), ("SPECS", "specs"), ("CONNECTIONS", "connections.yaml")):
        monkeypatch.setenv(f"ADP_{name}", str(tmp_path / folder))
    return made


def adp(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(stage: ReleaseStage, *arguments: str) -> str:
    path = stage.platform.specs.path("sales")
    before = path.read_text()
    told = adp(*arguments)
    assert told.exit_code == 1
    assert isinstance(told.exception, SpecError)
    assert path.read_text() == before, "nothing may be written"
    return str(told.exception)


@pytest.mark.parametrize(
    ("forbid", "near"),
    [
        ("nosuch.action", "pipeline.ingest"),
        ("pipeline.optimise", "pipeline.optimize"),
        ("pipelines.optimize", "pipeline.optimize"),
        ("table.compact", "tables.compact"),
    ],
)
def test_an_action_that_nobody_has_is_not_forbidden_in_vain(stage: ReleaseStage, forbid: str, near: str) -> None:
    said = refused(stage, "override", ASSET, "--forbid", forbid)
    assert forbid in said
    assert near in said


def test_a_version_that_the_table_does_not_have_cannot_stay_in_force(stage: ReleaseStage) -> None:
    assert "the newest is" in refused(stage, "override", ASSET, "--version", "dev=99")
    assert "no such table yet" in refused(stage, "override", ASSET, "--version", "prod=0")
    assert "no environment" in refused(stage, "override", ASSET, "--version", "production=1")


def test_an_asset_that_no_product_holds_is_told_with_what_is_near(stage: ReleaseStage) -> None:
    assert "bronze/orders" in refused(stage, "override", "bronze/order", "--forbid", "pipeline.optimize")
    assert "bronze/orders" in refused(stage, "quality", "confirm", "bronze/order")


def test_what_there_is_is_written_once(stage: ReleaseStage) -> None:
    wrote = adp("override", ASSET, "--forbid", "pipeline.optimize", "--forbid", "tables.compact", "--version", "dev=0")
    assert wrote.exit_code == 0
    found = stage.platform.specs.find(ASSET)
    assert found
    assert found[1]["override"] == {"forbid": ["pipeline.optimize", "tables.compact"], "version": {"dev": 0}}
    assert "says so already" in adp("override", ASSET, "--forbid", "pipeline.optimize", "--forbid", "tables.compact",
                                   "--version", "dev=0").stdout  # fmt: skip


def test_a_measure_that_there_is_not_is_not_quieted(stage: ReleaseStage) -> None:
    assert "'nosuch'" in refused(stage, "quality", "confirm", ASSET, "--quiet", "nosuch")
    assert "amount.nulls" in refused(stage, "quality", "confirm", ASSET, "--quiet", "amont.nulls")
    for measure in ("rows", "amount.nulls", "amount.*", "*.distinct"):
        assert adp("quality", "confirm", ASSET, "--quiet", measure).exit_code == 0
    found = stage.platform.specs.find(ASSET)
    assert found
    assert found[1]["override"]["quiet"] == ["rows", "amount.nulls", "amount.*", "*.distinct"]


def test_doctor_shows_what_is_forbidden_by_hand_in_vain(stage: ReleaseStage) -> None:
    stage.change("key: [order_id]", "key: [order_id]\n      override: {forbid: [pipeline.optimise]}")
    told = adp("doctor")
    assert told.exit_code == 1
    assert "pipeline.optimise" in told.stdout
    assert "did you mean pipeline.optimize" in told.stdout
