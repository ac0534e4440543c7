"""What the agents do, with a real source, specs folder and lake; only Dagster is a fake."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import RunFailed, SourceError, SpecError, UnknownSource
from agents.core.gate import Gate, Work
from agents.core.plan import Plan
from agents.core.policy import Policy
from agents.roles import register_agents
from agents.roles.report import render
from agents.tools import specs
from agents.tools.goals import GoalFacts
from agents.tools.session import Session
from platform_defs.journey import progress
from resources.fakes import MemoryLedger, MemoryOrchestrator
from resources.orchestrator import CheckOutcome, Materialized
from resources.platform import Platform
from tests.unit.product_runs import Deployment

AGENTS = register_agents().agents
ORDERS = TableId("dev", "bronze", "orders")


class Stage:
    """One agent at work in a folder."""

    def __init__(self, folder: Path, error: str = "", checks: tuple[CheckOutcome, ...] = ()) -> None:
        self.deployment = Deployment(folder)
        with sqlite3.connect(folder / "shop.db") as db:
            db.execute("CREATE TABLE orders (order_id INTEGER PRIMARY KEY, amount REAL, updated_at TIMESTAMP)")
            rows = [(n, n / 2, f"2026-01-{n % 28 + 1:02d} 10:00:00") for n in range(1, 1201)]
            db.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
        db.close()
        self.platform = Platform.of(self.deployment.settings, {})
        left = {ORDERS: Materialized(ORDERS, {"dagster/row_count": 1200, "rows read": 1200}, checks)}
        self.dagster = MemoryOrchestrator(left, error)
        self.ledger = MemoryLedger()

    def work(self, agent: str, environment: str = "dev") -> Work:
        session = Session(self.platform, self.dagster, environment, "G-000001", agent)
        return Work(agent, "G-000001", environment, Gate(Policy(), self.ledger), session)

    def act(self, agent: str, action: str, **inputs: Any) -> dict[str, Any]:
        """One step and what follows all steps of a phase."""
        work, role = self.work(agent), AGENTS[agent]
        out = dict(role.actions[action](work, **inputs))
        if role.finisher:
            out |= role.finisher(work, {"s1": out}).get("s1", {})
        return out

    def ingest(self, **more: Any) -> dict[str, Any]:
        given = {"connection": "shop", "table": "orders", "destination": "bronze/orders", "mode": "full", **more}
        return self.act("pipeline", "ingest", **given)

    def entry(self) -> dict[str, Any]:
        found = self.platform.specs.find("bronze/orders")
        return found[1] if found else {}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_ingest_writes_the_spec_reloads_and_materializes(stage: Stage) -> None:
    out = stage.ingest(mode="incremental", watermark="updated_at", key=["order_id"], schedule="0 2 * * *")
    assert stage.entry()["source"] == {
        "connection": "shop",
        "table": "orders",
        "mode": "incremental",
        "watermark": "updated_at",
    }
    assert stage.entry()["schedule"] == "0 2 * * *"
    assert (stage.dagster.reloads, stage.dagster.runs) == (1, [(ORDERS,)])
    assert (out["rows"], out["product"]) == (1200, "shop")


def test_a_changed_goal_edits_the_spec_and_keeps_what_a_person_wrote(stage: Stage) -> None:
    stage.ingest(schedule="0 2 * * *")
    path = stage.platform.specs.path("shop")
    path.write_text(path.read_text().replace("schedule: 0 2 * * *", "schedule: 30 5 * * *  # ops is awake then"))
    out = stage.ingest(schedule="0 3 * * *", mode="incremental", watermark="updated_at")
    assert stage.entry()["schedule"] == "30 5 * * *"
    assert stage.entry()["source"]["mode"] == "incremental"
    assert "schedule" in out["kept"]
    assert "# ops is awake then" in path.read_text()


@pytest.mark.parametrize(
    ("inputs", "kind", "told"),
    [
        ({"table": "ordres"}, UnknownSource, "orders"),
        ({"connection": "shoop"}, UnknownSource, "shop"),
        ({"key": ["id"]}, SourceError, "'id' is gone"),
        ({"schedule": "every day"}, SpecError, "every day"),
    ],
)
def test_what_is_not_there_any_more_is_told_and_nothing_is_written(
    stage: Stage, inputs: Any, kind: Any, told: str
) -> None:
    with pytest.raises(kind, match=told):
        stage.ingest(**inputs)
    assert stage.platform.specs.products() == []
    assert stage.dagster.runs == []


def test_a_child_run_that_fails_fails_the_step_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path, error="disk full")
    with pytest.raises(RunFailed, match="disk full"):
        stage.ingest()


def test_optimize_makes_a_full_load_incremental_and_compacts(stage: Stage) -> None:
    stage.ingest()
    assert stage.deployment.run("dev/bronze/orders").success
    rows = stage.platform.lake.read(ORDERS).read_all()
    stage.platform.lake.append(ORDERS, rows.slice(0, 1).to_reader())
    out = stage.act("pipeline", "optimize", asset="bronze/orders")
    assert stage.entry()["source"]["mode"] == "incremental"
    assert stage.entry()["source"]["watermark"] == "updated_at"
    assert stage.platform.lake.size(ORDERS)[0] == 1
    assert stage.platform.lake.rows(ORDERS) == 1201
    assert len(out["made"]) == 2


def test_a_transform_stands_beside_what_it_reads(stage: Stage) -> None:
    stage.ingest()
    sql = "SELECT CAST(updated_at AS DATE) AS day, sum(amount) AS revenue FROM bronze.orders GROUP BY 1"
    out = stage.act("pipeline", "transform", sql=sql, destination="gold/daily_revenue", schedule=None)
    assert out["product"] == "shop"
    assert stage.deployment.run("dev/bronze/orders", "dev/gold/daily_revenue").success
    assert stage.platform.lake.rows(TableId("dev", "gold", "daily_revenue")) == 28


def test_validate_writes_rules_and_says_every_verdict(tmp_path: Path) -> None:
    stage = Stage(tmp_path, checks=(CheckOutcome("not_null_order_id", False, "WARN", "some are missing"),))
    stage.ingest(key=["order_id"])
    assert stage.deployment.run("dev/bronze/orders").success
    out = stage.act("quality", "validate", asset="bronze/orders")
    types = {rule["type"] for rule in stage.entry()["rules"]}
    assert {"expect_column_values_to_be_unique", "expect_column_values_to_not_be_null"} <= types
    assert all(rule["meta"]["reason"] for rule in stage.entry()["rules"])
    assert out["failed"] == ["not_null_order_id"]
    assert stage.deployment.run("dev/bronze/orders").success, "the rules hold on what they were learnt from"


def test_validating_a_persons_asset_extends_it(stage: Stage) -> None:
    people = TableId("dev", "gold", "loyalty")
    stage.ingest()
    assert stage.deployment.run("dev/bronze/orders").success
    spent = [90_000.0, *(100.0 + n % 977 for n in range(1, 1200))]
    totals = pa.table({"customer_id": range(1200), "amount_sum": spent})
    stage.platform.lake.overwrite(people, totals.to_reader())
    stage.act("quality", "validate", asset="gold/loyalty")
    found = stage.platform.specs.find("gold/loyalty")
    assert found is not None
    assert found[1]["asset"] == "gold/loyalty"
    actions = {rule["meta"]["action"] for rule in found[1]["rules"]}
    assert actions == {"alert"}, "a person's table keeps all its rows, the biggest customer too"


def test_the_report_says_which_rule_holds_which_rows_and_the_counts_add_up(tmp_path: Path) -> None:
    judged = (
        CheckOutcome("between_amount", True, "ERROR", "never negative", {"action": "quarantine"}),
        CheckOutcome("amount_at_most", True, "ERROR", "agreed with finance", {"action": "quarantine"}),
        CheckOutcome("amount_matches", True, "WARN", "muted by a person", {"action": "alert", "muted": True}),
    )
    stage = Stage(tmp_path, checks=judged)
    landed = stage.ingest(key=["updated_at"])
    limit = {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE amount > 599"},
        "meta": {"id": "amount_at_most", "action": "quarantine"},
    }
    stage.work("quality").call(specs.write, asset="bronze/orders", product="", entry={"rules": [limit]})
    assert stage.deployment.run("dev/bronze/orders").success
    checked = stage.act("quality", "validate", asset="bronze/orders", learn=False)
    assert stage.platform.lake.rows(ORDERS) + checked["rows_quarantined"] == 1200

    plan = Plan("g", "dev")
    outputs = {"s1": {**landed, "rows_in_quarantine": 0}, "s2": checked}
    text = render(GoalFacts("G-000001", "g", "dev", "ada", None, "live", "", plan, outputs))
    lines = [line.split("|") for line in text.split("## Rules")[1].splitlines() if "`bronze/orders`" in line]
    cells = {cells[2].strip(): cells[-3].strip() for cells in lines}
    assert cells["duplicate_key"] == "1,170"
    assert cells["amount_at_most"] == "2"
    assert cells["between_amount"] == "0"
    assert {cells[2].strip(): cells[3].strip() for cells in lines}["amount_matches"] == "muted"
    assert "| 1,200 | 1,200 | 1,172 |" in text
    said = progress("s1", {"dataset": "bronze/orders", "rows": 1100, "rows_read": 1200, "rows_quarantined": 100})
    assert "1,100 rows of 1,200 read, 100 in quarantine" in said
    assert "1,200 rows in the table, 1,172 in quarantine" in progress("s2", checked)


def test_every_effect_is_in_the_ledger(stage: Stage) -> None:
    stage.ingest()
    assert [entry.what for entry in stage.ledger.entries] == [
        "sources.describe: done",
        "specs.write: done",
        "runs.reload: done",
        "runs.materialize: done",
    ]
