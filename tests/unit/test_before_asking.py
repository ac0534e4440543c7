"""Nobody is asked to approve what cannot be done: a command refuses before it launches a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.core.catalog import TableId
from agents.core.errors import ConfigError, GoalError, LakeError, PlatformError, SpecError, StateError, TableNotFound
from platform_defs.before_asking import check_promotion
from platform_defs.cli import app
from tests.unit.release_stage import ReleaseStage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseStage:
    made = ReleaseStage(tmp_path)
    for name, folder in (("STATE", "state"), ("SPECS", "specs"), ("CONNECTIONS", "connections.yaml")):
        monkeypatch.setenv(f"ADP_{name}", str(tmp_path / folder))
    return made


@pytest.mark.parametrize(
    ("command", "kind", "said"),
    [
        ("rollback bronze/nosuch", StateError, "no release of bronze/nosuch is recorded"),
        ("rollback bronze/orders", StateError, "no release of bronze/orders is recorded"),
        ("rollback nosuch", GoalError, "layer/table"),
        ("promote nosuch", GoalError, "layer/table"),
        ("privacy publish bronze/orders", ConfigError, "ADP_UNITY_CATALOG"),
        ("quality repair bronze/nosuch", TableNotFound, "not in the dev lake"),
        ("quality replay bronze/nosuch", TableNotFound, "not in the dev lake"),
        ("quality undo bronze/nosuch", TableNotFound, "not in the dev lake"),
        ("access request bronze/order --reason x", TableNotFound, "did you mean bronze/orders?"),
        ("access request bronze/orders --reason x --columns emial", LakeError, "it has no column 'emial'"),
        ("quality undo bronze/orders", LakeError, "no repair of it is left"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    stage: ReleaseStage, command: str, kind: type[PlatformError], said: str
) -> None:
    told = CliRunner().invoke(app, command.split())
    assert told.exit_code == 1
    assert isinstance(told.exception, kind)
    assert said in str(told.exception)
    assert told.stdout == ""


def test_what_no_product_and_no_asset_makes_is_not_promoted(stage: ReleaseStage) -> None:
    with pytest.raises(SpecError, match="no product holds bronze/nosuch"):
        check_promotion(stage.platform, ["bronze/nosuch"], "prod", frozenset)
    with pytest.raises(SpecError, match="did you mean bronze/orders"):
        check_promotion(stage.platform, ["bronze/order"], "prod", frozenset)
    check_promotion(stage.platform, ["bronze/orders"], "prod", frozenset)
    check_promotion(stage.platform, ["gold/mine"], "prod", lambda: {TableId("prod", "gold", "mine")})


def test_a_table_is_not_told_of_that_nobody_looked_at(stage: ReleaseStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADP_ACL_READERS", "00000000-0000-0000-0000-000000000001")
    for asset, said in (("bronze/orders", "nobody has looked"), ("masked/orders", "not in the dev lake")):
        told = CliRunner().invoke(app, ["privacy", "publish", asset])
        assert told.exit_code == 1
        assert said in str(told.exception)
