"""A goal from the Launchpad to a checked table, in a real deployment."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from agents.core.catalog import TableId
from assets.kinds.quarantine import quarantine_id, quarantined
from resources.sample import next_day
from tests.e2e.conftest import Running

GOAL = (
    "Create a daily pipeline to sync customer orders from SQL Server to Data Lake, "
    "with data quality checks and cost optimization"
)
ORDERS = TableId("dev", "bronze", "sales_orders")


@pytest.fixture(scope="module")
def first(running: Running) -> str:
    goal_id = running.submit(GOAL)
    row = running.wait(goal_id)
    assert row.status == "live", row.reason
    return goal_id


def test_every_row_is_landed_or_in_quarantine_and_every_planted_defect_is_caught(running: Running, first: str) -> None:
    planted = json.loads((running.home.state / "sources" / "sales.sqlite.planted.json").read_text())[0]["defects"]
    read = running.outputs(first, "pipeline")[0]
    checked = running.outputs(first, "quality")[0]
    assert running.platform.lake.rows(ORDERS) == checked["rows"]
    assert checked["rows"] + checked["rows_quarantined"] == read["rows_read"]
    assert len(checked["rules"]) >= 5
    assert checked["failed"] == [], "rules hold on the data that they were learned from"

    held = running.platform.lake.dataset(quarantine_id(ORDERS)).to_table(columns=["row"]).column("row").to_pylist()
    ids = {json.loads(row)["order_id"] for row in held}
    wrong = {key: d["name"] for d in planted if d["table"] == "sales.orders" and d["wrong"] for key in ids_of(d)}
    missed = {key: name for key, name in wrong.items() if key not in ids}
    assert missed == {}
    assert ids - set(wrong) == set(), "rows with nothing wrong are in quarantine"


def test_the_quarantine_opens_in_the_ui_and_rules_and_rows_add_up(running: Running, first: str) -> None:
    checked = running.outputs(first, "quality")[0]
    by_rule = [rule.get("quarantined", 0) for rule in checked["rules"]] + list(checked["held_otherwise"].values())
    assert sum(by_rule) == checked["rows_quarantined"] > 0
    key = ["dev", "quarantine", "bronze_sales_orders"]
    page = "assetMaterializations(limit: 1) { metadataEntries { label ... on IntMetadataEntry { intValue } } }"
    query = f"query($key: AssetKeyInput!) {{ assetOrError(assetKey: $key) {{ ... on Asset {{ {page} }} }} }}"
    (made,) = running.client.ask(query, {"key": {"path": key}})["assetOrError"]["assetMaterializations"]
    shown = {entry["label"]: entry.get("intValue") for entry in made["metadataEntries"]}
    assert shown["rows in quarantine"] == checked["rows_quarantined"]
    assert "by rule" in shown


def test_compliance_appears_soon_after_the_first_tables_landed(running: Running, first: str) -> None:
    query = """query { assetOrError(assetKey: {path: ["platform", "compliance"]}) {
      ... on Asset { assetMaterializations(limit: 1) { metadataEntries { label } } } } }"""
    made: list[dict[str, Any]] = []
    deadline = time.monotonic() + 300
    while not made and time.monotonic() < deadline:
        time.sleep(2)
        made = running.client.ask(query, {})["assetOrError"].get("assetMaterializations") or []
    assert "GDPR gaps" in {entry["label"] for entry in made[0]["metadataEntries"]}


def ids_of(defect: dict[str, Any]) -> list[int]:
    """Order ids of a defect's rows."""
    return [key[0] if isinstance(key, list) else key for key in defect["keys"]]


def test_what_no_agent_can_do_is_said(running: Running, first: str) -> None:
    report = running.outputs(first, "report")[0]["report"]
    assert "cost" in report.split("Not done")[1]
    assert "02:00 UTC" in report


def test_the_ledger_tells_of_every_tool_call_and_holds(running: Running, first: str) -> None:
    told = [record.entry.what for record in running.platform.ledger.records(kind="tool")]
    assert {"specs.write: done", "runs.materialize: done", "quality.propose: done"} <= set(told)
    assert running.platform.ledger.verify().ok


def test_the_same_goal_again_changes_nothing(running: Running, first: str) -> None:
    rows = running.platform.lake.rows(ORDERS)
    again = running.submit(GOAL.replace("Create", "Please create").lower())
    assert running.wait(again).status == "live"
    assert again != first
    assert running.platform.store.plan(again).digest == running.platform.store.plan(first).digest
    log = ["git", "-C", str(running.home.specs), "log", "--format=%B"]
    assert f"Goal: {again}" not in subprocess.run(log, capture_output=True, text=True, check=True).stdout
    assert running.platform.lake.rows(ORDERS) == rows


def test_the_next_clean_day_lands_and_raises_nothing(running: Running, first: str) -> None:
    rows = running.platform.lake.rows(ORDERS)
    next_day(running.home.state / "sources" / "sales.sqlite", seed=11)
    again = running.submit(GOAL)
    assert running.wait(again).status == "live"
    assert running.platform.lake.rows(ORDERS) > rows
    failed = {name for out in running.outputs(again, "quality") for name in out["failed"]}
    before = {name for out in running.outputs(first, "quality") for name in out["failed"]}
    assert failed <= before


def test_a_goal_nobody_understands_becomes_a_question(running: Running) -> None:
    goal_id = running.submit("Copy the table foobar to the lake")
    assert running.platform.store.goal(goal_id).status == "questions"
    assert running.platform.store.plan(goal_id).questions


def test_two_goals_for_one_table_at_once_both_end_well_and_double_nothing(running: Running) -> None:
    texts = (
        "Load the sales order lines every day",
        "Sync order lines of the sales database hourly, check their quality",
    )
    goals = [running.submit(text) for text in texts]
    assert [running.wait(goal).status for goal in goals] == ["live", "live"]
    lines = TableId("dev", "bronze", "sales_order_lines")
    read = running.outputs(goals[0], "pipeline")[0]
    held = quarantined(running.platform.lake, lines)
    assert running.platform.lake.rows(lines) + held == read["rows_read"]
    found = running.platform.specs.find("bronze/sales_order_lines")
    assert found is not None
    assert found[1]["rules"]
