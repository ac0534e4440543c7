"""The quality agent on rows: what it repairs unasked, what it brings back, what people forbid and undo."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, Denied
from agents.core.plan import Plan, Step
from agents.roles.report import render
from agents.tools.goals import GoalFacts
from agents.tools.overrides import forbidden
from agents.tools.replaying import reasons, would_land
from assets.kinds.moves import log_id
from tests.unit.test_roles import AGENTS, Stage

PEOPLE = TableId("dev", "bronze", "people")
CITIES = {"10115": "Berlin", "80331": "Munich", "20095": "Hamburg", "50667": "Cologne", "60311": "Frankfurt"}
IN_SET = (
    "{type: expect_column_values_to_be_in_set, kwargs: {column: city, value_set: [%s]}, meta: {action: quarantine}}"
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, zip TEXT, city TEXT, updated_at TIMESTAMP)")
        for n in range(500):
            code, city = list(CITIES.items())[n * 7 % 5]
            city = "Berlxn" if n in (35, 350) and code == "10115" else city
            db.execute("INSERT INTO people VALUES (?, ?, ?, ?)", (n, code, city, f"2026-01-{n % 28 + 1:02d} 10:00:00"))
    db.close()
    stage.platform.store.create_goal("mend people", "dev", "ada@example.com")
    product(stage, "")
    return stage


def product(stage: Stage, more: str, rules: str = "") -> None:
    stage.deployment.product(
        "\n- name: people\n  layer: bronze\n  key: [id]\n"
        "  source: {connection: shop, table: people, mode: incremental, watermark: updated_at}\n"
        + more
        + (f"  rules:\n    - {rules}\n" if rules else ""),
        "shop",
    )
    assert stage.deployment.run("dev/bronze/people").success


def act(stage: Stage, action: str, **inputs: Any) -> dict[str, Any]:
    work = stage.work("quality")

    def word(asset: str, what: str) -> str:
        return forbidden(stage.platform, "dev", asset, what)

    doing = replace(work, forbidden=word).doing("s1", action, AGENTS["quality"].effects[action])
    return dict(AGENTS["quality"].actions[action](doing, asset="bronze/people", **inputs))


def cities(stage: Stage) -> set[str]:
    return set(stage.deployment.table("bronze/people")["city"].to_pylist())


def test_proven_repairs_are_made_logged_shown_and_undone(stage: Stage) -> None:
    assert "Berlxn" in cities(stage)
    out = act(stage, "repair")
    assert cities(stage) == set(CITIES.values())
    assert out["repair"]["rows_repaired"] == 2
    assert (PEOPLE, {"rows repaired": 2, "dagster/row_count": 500}) in stage.dagster.observed
    log = stage.platform.lake.read(log_id(PEOPLE)).read_all().to_pylist()
    assert [("Berlxn" in r["row"], "Berlin" in r["after"], r["_confidence"] >= 0.95) for r in log] == [(True,) * 3] * 2
    assert "Berlxn" not in str(out)
    assert act(stage, "undo")["undo"] == {"rows_undone": 2, "rows_changed_since": 0}
    assert "Berlxn" in cities(stage)


def test_rows_in_quarantine_come_back_repaired(stage: Stage) -> None:
    product(stage, "", IN_SET % ", ".join(CITIES.values()))
    assert [reason["rows"] for reason in reasons(stage.platform, PEOPLE)] == [2]
    assert "Berlxn" not in str(reasons(stage.platform, PEOPLE))
    out = act(stage, "repair")
    assert out["replay"]["rows_landed"] == 2
    assert (stage.platform.lake.rows(PEOPLE), reasons(stage.platform, PEOPLE)) == (500, [])


def test_rows_that_pass_are_brought_back_on_request_and_told(stage: Stage) -> None:
    product(stage, "", IN_SET % "Berlin")
    stage.deployment.product(
        (stage.platform.specs.path("shop")).read_text().split("tables:")[1].split("  rules:")[0], "shop"
    )
    assert would_land(stage.platform, PEOPLE).rows_landed == 402
    assert json.dumps(reasons(stage.platform, PEOPLE))
    out = act(stage, "replay")
    assert (out["replay"]["rows_landed"], out["replay"]["rows_kept"], out["held"]) == (402, 0, [])
    assert stage.platform.lake.rows(PEOPLE) == 500


def test_a_persons_override_keeps_the_agent_from_repairing(stage: Stage) -> None:
    product(stage, "  override: {forbid: [quality.repair]}\n")
    with pytest.raises(Denied, match="override"):
        act(stage, "repair")
    assert "Berlxn" in cities(stage)


def test_repairs_that_are_only_likely_wait_for_people(stage: Stage) -> None:
    with pytest.raises(ApprovalRequired):
        act(stage, "accept", proposals="P-0")
    assert "Berlxn" in cities(stage)


def test_the_report_says_what_each_agent_did_under_its_own_name(stage: Stage) -> None:
    steps = (Step("s1", 1, "quality", "repair"), Step("s2", 1, "governance", "mask"), Step("s3", 1, "quality", "undo"))
    told = {step.id: {"dataset": "bronze/people", "told": [f"{step.action} done"]} for step in steps}
    plan = Plan("g", "dev", steps=steps)
    text = render(GoalFacts("G-000001", "g", "dev", "ada", None, "live", "", plan, told))
    assert "## Quality\n\n- repair done\n- undo done\n\n## Governance\n\n- mask done" in text


def test_a_repair_that_is_only_likely_is_asked_for_in_a_goal_of_its_own(stage: Stage, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("ALTER TABLE people ADD COLUMN amount REAL")
        db.execute(
            "UPDATE people SET amount = CASE WHEN id < 3 THEN -5 ELSE 10 + id % 90 END, updated_at = '2026-02-01'"
        )
    db.close()
    product(stage, "")
    out = act(stage, "repair")
    assert (out["repair"]["rows_repaired"], out["repair"]["asked"]) == (2, {"amount": 3})
    asked = stage.platform.store.goals()[-1]
    step = stage.platform.store.plan(asked.id).steps[0]
    assert (step.action, step.inputs["cells"]) == ("accept", {"amount": 3})
    assert asked.id in " ".join(out["told"])
    act(stage, "repair")
    assert stage.platform.store.goals()[-1].id == asked.id, "the same is asked once a day"
    assert out["repair"]["reasons"]["amount"] == "negative, where the column is positive"
    assert act(stage, "replay")["told"] == ["`bronze/people`: no row can come back from quarantine; 0 stay"]
