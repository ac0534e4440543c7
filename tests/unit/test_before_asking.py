"""Nobody is asked to approve what cannot be done: a command refuses before it launches a run."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from agents.core.catalog import TableId
from agents.core.errors import ConfigError, GoalError, LakeError, PlatformError, SpecError, StateError, TableNotFound
from agents.core.plan import Plan
from agents.ops.goal import plan_for
from agents.roles import register_agents
from agents.tools.before_release import check_promotion
from platform_defs.cli import app
from tests.unit.release_stage import ReleaseStage

TEXT = "type: platform_defs.DataProduct\nattributes:\n  name: sums\n  tables:\n"
SUMS = "    - {name: sums, layer: gold, sql: SELECT count(*) AS n FROM bronze.orders}\n"


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


def planned(stage: ReleaseStage, goal: str, known: frozenset[TableId] = frozenset()) -> Plan:
    """The plan of the goal as the job `goal` makes it."""
    return plan_for(register_agents(), stage.platform, goal, None, None, lambda: known)


def test_a_goal_to_release_what_no_product_makes_is_a_question(stage: ReleaseStage) -> None:
    stage.platform.lake.append(TableId("dev", "bronze", "left"), pa.table({"n": [1]}))
    asked = planned(stage, "Promote bronze/left to production")
    assert asked.steps == ()
    assert "no product holds bronze/left" in asked.questions[0].question
    assert asked.questions[0].candidates == ("bronze/orders",)
    by_hand = planned(stage, "Promote bronze/left to production", frozenset({TableId("prod", "bronze", "left")}))
    assert not by_hand.questions, "a Python asset makes it"
    assert [step.action for step in planned(stage, "Promote bronze/orders to production").steps] == [
        "promote",
        "report",
    ]


def test_a_goal_to_release_what_reads_another_table_says_which(stage: ReleaseStage) -> None:
    folder = stage.platform.settings.specs_dir / "sums"
    folder.mkdir()
    (folder / "defs.yaml").write_text(TEXT + SUMS)
    assert stage.deployment.run("dev/gold/sums").success
    asked = planned(stage, "Promote gold/sums to production")
    assert (
        "gold/sums reads bronze/orders, which is not in prod (promote bronze/orders with it)"
        in asked.questions[0].question
    )
    assert not planned(stage, "Promote gold/sums and bronze/orders to production").questions


def test_a_goal_to_go_back_where_nothing_was_released_is_a_question(stage: ReleaseStage) -> None:
    asked = planned(stage, "Roll back bronze/orders in staging")
    assert "no release of bronze/orders is recorded" in asked.questions[0].question
    assert stage.promote()["status"] == "released"
    assert [step.action for step in planned(stage, "Roll back bronze/orders in staging").steps][:1] == ["rollback"]
    assert planned(stage, "Roll back bronze/orders").questions, "of production, where it never was"


def test_a_typo_is_answered_with_what_was_released(stage: ReleaseStage) -> None:
    stage.promote()
    told = CliRunner().invoke(app, "rollback bronze/order -e staging".split())
    assert "did you mean bronze/orders?" in str(told.exception)
