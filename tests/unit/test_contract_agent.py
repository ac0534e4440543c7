"""The quality agent on contracts: what it writes by itself, and what it asks people about."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agents.core.approval import Effects
from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, SpecError
from agents.core.gate import Gate, Work
from agents.core.policy import Policy
from agents.tools.contracts import contract_from, readers_declared, standing_of
from agents.tools.evidence.wording import extras
from agents.tools.session import Session
from sensors.contracts import propose
from sensors.quality import Review
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


def test_rules_on_a_column_that_goes_go_with_it_unless_a_person_wrote_them(stage: Stage) -> None:
    act(stage, "validate")
    act(stage, "contract")
    entry = stage.entry()["contract"]
    smaller = {**entry, "version": "2.0.0", "columns": [c for c in entry["columns"] if c["name"] != "updated_at"]}
    assert "updated_at" in {rule["kwargs"].get("column") for rule in stage.entry()["rules"]}
    act(stage, "amend", contract=smaller)
    left = {rule["kwargs"].get("column") for rule in stage.entry()["rules"]}
    assert "updated_at" not in left
    assert {"order_id", "amount"} <= left


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


def test_the_evidence_says_what_readers_lose_and_who_they_are() -> None:
    inputs = {
        "asset": "bronze/orders",
        "contract": {"version": "2.0.0", "columns": [{"name": "order_id", "type": "long"}]},
        "changes": ["removed amount (double)"],
        "readers": ["dev/gold/days"],
    }
    effects = Effects("dev", ("delete",), steps=({"agent": "quality", "action": "amend", "inputs": inputs},))
    told = dict(extras(effects))
    assert told["**no longer promised**"] == "`removed amount (double)`"
    assert told["who reads it"] == "`dev/gold/days`"
    assert told["promised then"] == "`order_id long`"
    assert "step quality amend" not in told


def refreshed(stage: Stage, *statements: str) -> list[str]:
    """Change the source, refresh, and let the quality sensor look; the goals it asked for on contracts."""
    with sqlite3.connect(stage.deployment.folder / "shop.db") as db:
        for statement in statements:
            db.execute(statement)
    db.close()
    before = len(stage.platform.store.goals())
    with dg.DagsterInstance.ephemeral() as instance:
        assert stage.deployment.run("dev/bronze/orders").success
        review = Review(stage.platform, instance, time.time())
        review.refreshes()
    assert review.problems == []
    texts = [row.goal.text for row in stage.platform.store.goals()[before:]]
    return [text for text in texts if text.startswith("Contract")]


def test_what_a_refresh_brings_more_is_promised_as_a_minor_version_by_one_goal(stage: Stage) -> None:
    act(stage, "contract")
    assert refreshed(stage) == []
    assert refreshed(stage, "ALTER TABLE orders ADD COLUMN tax REAL") == [
        "Contract 1.1.0 of bronze/orders: added tax (double)"
    ]
    assert stage.entry()["contract"]["version"] == "1.0.0", "the asset and the sensor write no spec"
    assert refreshed(stage) == [], "the same contract is asked for once"
    row = next(row for row in stage.platform.store.goals() if row.goal.text.startswith("Contract 1.1.0"))
    step = stage.platform.store.plan(row.goal.id).steps[0]
    assert (step.agent, step.action, step.inputs) == ("quality", "contract", {"asset": "bronze/orders"})
    act(stage, "contract")
    contract = contract_from(stage.entry()["contract"])
    assert (contract.version, contract.columns[-1].name) == ("1.1.0", "tax")
    assert refreshed(stage) == []


def test_a_contract_that_a_person_wrote_is_left_whole_when_more_comes(stage: Stage) -> None:
    act(stage, "contract")
    path = stage.platform.specs.path("shop")
    text = path.read_text().replace("name: amount, type: double", "name: amount, type: double, description: mine")
    text = text.replace("name: amount\n", "name: amount\n            description: mine\n")
    path.write_text(text)
    assert "mine" in path.read_text()
    written = path.read_text()
    assert refreshed(stage, "ALTER TABLE orders ADD COLUMN tax REAL")
    out = act(stage, "contract")
    assert "a person wrote another one, which stays" in out["told"][0]
    assert path.read_text() == written, "no raised version over columns that do not have it"


def test_what_was_taken_back_by_hand_is_not_promised_again(stage: Stage) -> None:
    act(stage, "contract")
    before = stage.platform.specs.path("shop").read_text()
    refreshed(stage, "ALTER TABLE orders ADD COLUMN tax REAL")
    act(stage, "contract")
    stage.platform.specs.path("shop").write_text(before)
    assert refreshed(stage) == []
