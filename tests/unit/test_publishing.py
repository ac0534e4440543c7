"""The governance agent has catalogs told after it classed a table; a catalog that fails undoes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import RunFailed
from resources.platform import Platform
from resources.settings_groups import CatalogSettings
from tests.unit.catalog_services import TOKEN, Service, Unity, serving
from tests.unit.governance_stage import Stage

CLIENTS = "    - name: clients\n      layer: bronze\n      source: {connection: shop, table: clients}\n"
ROWS = {"no": [1, 2, 3], "email": ["ada@example.org", "bob@example.org", "cy@example.org"]}
KNOWN = ("dev.bronze.clients", "dev.bronze.clients.no", "dev.bronze.clients.email", "dev.masked.clients")


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path, service: Service) -> Stage:
    made = Stage(tmp_path)
    made.deployment.product(CLIENTS)
    settings = replace(made.deployment.settings, catalogs=CatalogSettings(unity=service.address))
    made.platform = Platform.of(settings, {"ADP_SECRET_DATABRICKS_TOKEN": TOKEN})
    made.platform.lake.append(TableId("dev", "bronze", "clients"), pa.table(ROWS))
    return made


def test_what_was_masked_is_told_by_a_goal_of_its_own(stage: Stage, service: Service) -> None:
    service.answer = held = Unity(*KNOWN)
    out = stage.act("mask", asset="bronze/clients")
    assert service.asked == [], "the scan itself calls nobody"
    (goal,) = [row for row in stage.platform.store.goals() if row.goal.parent == stage.goal]
    assert f"{goal.id} tells Unity Catalog what bronze/clients, masked/clients hold" in out["told"]
    plan = stage.platform.store.plan(goal.id)
    steps = [step for step in plan.steps if step.action == "publish"]
    assert [step.inputs["asset"] for step in steps] == ["bronze/clients", "masked/clients"]
    told = [stage.act(step.action, **step.inputs) for step in steps]
    assert held.tags == {
        "dev.bronze.clients": {"adp_pii": "unmasked"},
        "dev.bronze.clients.no": {},
        "dev.bronze.clients.email": {"adp_pii": "EMAIL_ADDRESS"},
        "dev.masked.clients": {"adp_pii": "masked"},
    }
    assert told[0]["catalogs"][0]["ok"]
    assert ("governance", "catalogs.publish: done") in [(entry.who, entry.what) for entry in stage.ledger.entries]


def test_a_catalog_that_does_not_take_it_is_told_and_the_class_stays(stage: Stage, service: Service) -> None:
    service.answer = Unity()
    stage.act("scan_pii", asset="bronze/clients")
    with pytest.raises(RunFailed, match=r"bronze/clients: Unity Catalog: has no table dev\.bronze\.clients") as failed:
        stage.act("publish", asset="bronze/clients")
    assert TOKEN not in str(failed.value)
    assert stage.entry("bronze/clients")["columns"]["email"]["pii"] == "EMAIL_ADDRESS"


def test_a_table_nobody_scanned_is_not_called_harmless(stage: Stage, service: Service) -> None:
    with pytest.raises(RunFailed, match="nobody has looked"):
        stage.act("publish", asset="bronze/clients")
    assert service.asked == []


def test_a_column_that_is_new_since_the_scan_keeps_the_table_closed(stage: Stage, service: Service) -> None:
    service.answer = held = Unity(*KNOWN)
    stage.act("scan_pii", asset="bronze/clients")
    path = stage.platform.specs.path("sales")
    path.write_text(path.read_text().replace("EMAIL_ADDRESS", "none"))
    table = TableId("dev", "bronze", "clients")
    stage.platform.lake.overwrite(table, pa.table({**ROWS, "more": ["x", "y", "z"]}))
    stage.act("publish", asset="bronze/clients")
    assert held.tags["dev.bronze.clients"] == {"adp_pii": "unknown"}


def test_without_a_catalog_nothing_is_asked_for(stage: Stage) -> None:
    stage.platform = Platform.of(stage.deployment.settings, {})
    out = stage.act("mask", asset="bronze/clients")
    assert len(out["told"]) == 1
    assert [row for row in stage.platform.store.goals() if row.goal.parent] == []
    assert stage.act("publish", asset="bronze/clients")["told"] == ["`bronze/clients`: no catalog is set to be told"]
