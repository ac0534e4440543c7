"""The quality agent on contracts: what it writes by itself, and what it asks people about."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, SpecError
from agents.core.gate import Gate, Work
from agents.core.policy import Policy
from agents.tools.contracts import contract_from, readers_declared, standing_of
from agents.tools.session import Session
from sensors.contracts import propose
from tests.unit.governance_stage import lease
from tests.unit.test_roles import AGENTS, ORDERS, Stage

GOLD = TableId("dev", "gold", "days")
SQL = "SELECT updated_at AS day, sum(amount) AS revenue FROM bronze.orders GROUP BY 1"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.ingest(key=["order_id"])
    assert stage.deployment.run("dev/bronze/orders").success
    goal = stage.platform.store.create_goal("promise orders", "dev", "ada@example.com")
    assert goal.id == "G-000001"
    return stage


def act(stage: Stage, action: str, **inputs: Any) -> dict[str, Any]:
    """One step of the quality agent; what asks people was approved by one."""
    role, effects = AGENTS["quality"], AGENTS["quality"].effects[action]
    session = Session(stage.platform, stage.dagster, "dev", "G-000001", "quality")
    granted = lease(effects) if "delete" in effects else None
    work = Work("quality", "G-000001", "dev", Gate(Policy(), stage.ledger), session, lease=granted)
    work = work.doing("s1", action, effects)
    out = dict(role.actions[action](work, asset="bronze/orders", **inputs))
    return out | dict(role.finisher(work, {"s1": out}).get("s1", {}) if role.finisher else {})


def alter(stage: Stage, statement: str) -> None:
    with sqlite3.connect(stage.deployment.folder / "shop.db") as db:
        db.execute(statement)
    db.close()
    assert stage.deployment.run("dev/bronze/orders").success


def test_the_first_contract_promises_what_the_table_holds_and_its_rules_say(stage: Stage) -> None:
    act(stage, "contract")
    contract = contract_from(stage.entry()["contract"])
    assert (contract.version, contract.key) == ("1.0.0", ("order_id",))
    assert [(p.name, p.type, p.required, p.unique) for p in contract.columns][:2] == [
        ("order_id", "long", True, True),
        ("amount", "double", False, False),
    ]
    found = standing_of(stage.platform, ORDERS)
    assert (found.found, found.breaking) == ((), False)


def test_more_is_promised_by_itself_as_a_minor_version(stage: Stage) -> None:
    act(stage, "contract")
    alter(stage, "ALTER TABLE orders ADD COLUMN tax REAL")
    out = act(stage, "contract")
    assert stage.entry()["contract"]["version"] == "1.1.0"
    assert "contract 1.1.0" in out["told"][0]
    assert act(stage, "contract")["changed"] == []


def test_what_takes_a_promise_back_is_asked_and_comes_into_force_once_approved(stage: Stage) -> None:
    stage.dagster.reading[ORDERS] = [GOLD]
    act(stage, "contract")
    entry = stage.entry()["contract"]
    smaller = {**entry, "columns": entry["columns"][:2]}
    out = act(stage, "contract", contract=smaller)
    assert stage.entry()["contract"] == entry
    asked = next(row for row in stage.platform.store.goals() if row.goal.parent == "G-000001")
    assert asked.goal.id in out["told"][0]
    step = stage.platform.store.plan(asked.goal.id).steps[0]
    assert (step.agent, step.action, step.inputs["readers"]) == ("quality", "amend", ["dev/gold/days"])
    assert step.inputs["contract"]["version"] == "2.0.0"
    with pytest.raises(ApprovalRequired):
        stage.act("quality", "amend", **step.inputs)
    told = act(stage, "amend", **{name: value for name, value in step.inputs.items() if name != "asset"})
    assert stage.entry()["contract"]["version"] == "2.0.0"
    assert "it reaches dev/gold/days" in told["told"][0]
    assert stage.dagster.runs[-1] == (ORDERS,)


def test_extending_never_takes_a_promise_back(stage: Stage) -> None:
    from agents.tools import contracts

    act(stage, "contract")
    entry = stage.entry()["contract"]
    with pytest.raises(SpecError, match="removed updated_at"):
        stage.work("quality").call(
            contracts.extend, asset="bronze/orders", contract={**entry, "columns": entry["columns"][:2]}
        )


def test_an_approved_contract_counts_over_one_that_a_person_wrote(stage: Stage) -> None:
    path = stage.platform.specs.path("shop")
    mine = "      contract: {version: 3.0.0, columns: [{name: order_id, type: long}, {name: gone, type: string}]}\n"
    text = path.read_text()
    path.write_text(text.replace("      key:", mine + "      key:", 1))
    out = act(stage, "amend", contract={"version": "4.0.0", "columns": [{"name": "order_id", "type": "long"}]})
    assert stage.entry()["contract"] == {"version": "4.0.0", "columns": [{"name": "order_id", "type": "long"}]}
    assert out["changed"] == ["contract"]


def test_a_blocked_load_is_proposed_once_with_its_readers(stage: Stage) -> None:
    act(stage, "contract")
    entry = stage.entry()["contract"]
    smaller = {**entry, "version": "2.0.0", "columns": entry["columns"][:2]}
    for _ in range(2):
        said = propose(stage.platform, ORDERS, smaller, ["removed updated_at"], ["dev/gold/days"])
        assert "people are asked" in said
    goals = [row.goal.text for row in stage.platform.store.goals() if row.goal.id != "G-000001"]
    assert goals == ["Contract 2.0.0 of bronze/orders: removed updated_at"]


def test_readers_are_found_where_nothing_is_loaded(stage: Stage) -> None:
    stage.act("pipeline", "transform", sql=SQL, destination="gold/days", schedule=None)
    assert readers_declared(stage.platform, ORDERS) == ["dev/gold/days"]
