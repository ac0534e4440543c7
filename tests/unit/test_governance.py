"""Scanning writes what columns hold, people's words stay and are learned, and loosening waits for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, Denied
from tests.unit.governance_stage import Stage

EMAILS = [f"{name}@example.org" for name in ("ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal")]
TABLE = "    - name: %s\n      layer: bronze\n      source: {connection: shop, table: %s}\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.deployment.product(TABLE % ("clients", "clients") + TABLE % ("leads", "leads"))
    for name in ("clients", "leads"):
        rows = {"no": list(range(8)), "email": EMAILS, "city_code": ["A", "B"] * 4}
        made.platform.lake.append(TableId("dev", "bronze", name), pa.table(rows))
    return made


def columns(stage: Stage, table: str) -> dict[str, Any]:
    return {name: column.get("pii") for name, column in stage.entry(f"bronze/{table}")["columns"].items()}


def correct(stage: Stage, before: str, after: str) -> None:
    """A person edits the product's file: the first place that says so."""
    path = stage.platform.specs.path("sales")
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_a_scan_says_in_the_spec_and_the_catalog_what_columns_hold(stage: Stage) -> None:
    out = stage.act("scan_pii", asset="bronze/clients")
    assert columns(stage, "clients") == {"no": "none", "email": "EMAIL_ADDRESS", "city_code": "none"}
    assert out["shown"]["rows"][0][:3] == ["`bronze/clients`", "email", "EMAIL_ADDRESS"]
    assert not any(mail in str(out) for mail in EMAILS), "values never leave the scan"
    spec = stage.deployment.definitions().resolve_asset_graph().get(key("clients"))
    assert spec.tags["pii"] == "unmasked"
    tags = {column.name: dict(column.tags) for column in spec.metadata["dagster/column_schema"].columns}
    assert tags["email"]["pii"] == "EMAIL_ADDRESS"
    assert float(tags["email"]["confidence"]) > 0.5


def test_scanning_again_changes_nothing(stage: Stage) -> None:
    stage.act("scan_pii", asset="bronze/clients")
    assert stage.act("scan_pii", asset="bronze/clients")["changed"] == []


def test_a_persons_word_stays_and_is_learned_for_like_columns(stage: Stage) -> None:
    stage.act("scan_pii", asset="bronze/clients")
    correct(stage, "pii: none", "pii: EMPLOYEE_ID")
    out = stage.act("scan_pii", asset="bronze/clients")
    assert columns(stage, "clients")["no"] == "EMPLOYEE_ID"
    assert out["found"]["columns"]["no"]["by"] == "person"
    out = stage.act("scan_pii", asset="bronze/leads")
    assert columns(stage, "leads")["no"] == "EMPLOYEE_ID"
    assert "bronze/clients.no" in out["found"]["columns"]["no"]["reason"]


def test_what_people_call_harmless_elsewhere_stays_protected_until_people_decide(stage: Stage) -> None:
    stage.act("scan_pii", asset="bronze/clients")
    correct(stage, "pii: EMAIL_ADDRESS", "pii: none")
    assert columns(stage, "clients")["email"] == "none"
    out = stage.act("scan_pii", asset="bronze/leads")
    assert columns(stage, "leads")["email"] == "EMAIL_ADDRESS"
    (goal,) = [row for row in stage.platform.store.goals() if row.goal.parent == stage.goal]
    assert goal.id in " ".join(out["told"])
    step = stage.platform.store.plan(goal.id).steps[0]
    with pytest.raises(ApprovalRequired):
        stage.act(step.action, **step.inputs)
    stage.act(step.action, approved=True, **step.inputs)
    assert columns(stage, "leads")["email"] == "none"


def test_a_source_is_scanned_without_loading_it(stage: Stage) -> None:
    import sqlite3

    with sqlite3.connect(stage.deployment.folder / "shop.db") as db:
        db.execute("CREATE TABLE people (id INTEGER, email TEXT)")
        db.executemany("INSERT INTO people VALUES (?, ?)", list(enumerate(EMAILS)))
    db.close()
    out = stage.act("scan_pii", connection="shop", table="people")
    assert out["found"]["columns"]["email"]["pii"] == "EMAIL_ADDRESS"


def key(table: str) -> Any:
    import dagster as dg

    return dg.AssetKey(["dev", "bronze", table])


def test_masking_gives_analysts_a_view_without_personal_data(stage: Stage) -> None:
    out = stage.act("mask", asset="bronze/clients")
    assert (out["dataset"], out["source"]) == ("masked/clients", "bronze/clients")
    view = stage.platform.lake.read(TableId("dev", "masked", "clients")).read_all()
    assert view.column("no").to_pylist() == list(range(8))
    assert not set(view.column("email").to_pylist()) & set(EMAILS)
    graph = stage.deployment.definitions().resolve_asset_graph()
    assert graph.get(key("clients")).tags["pii"] == "masked"
    assert columns(stage, "clients")["email"] == "EMAIL_ADDRESS", "what nobody scanned is scanned first"


def test_two_tables_of_one_name_have_views_of_their_own(stage: Stage) -> None:
    stage.deployment.product(TABLE % ("clients", "clients") + TABLE.replace("bronze", "silver") % ("clients", "leads"))
    rows = stage.platform.lake.read(TableId("dev", "bronze", "clients")).read_all()
    stage.platform.lake.append(TableId("dev", "silver", "clients"), rows)
    assert stage.act("mask", asset="bronze/clients")["dataset"] == "masked/clients"
    assert stage.act("mask", asset="silver/clients")["dataset"] == "masked/silver_clients"


def test_what_lands_is_protected_only_where_it_holds_personal_data(stage: Stage) -> None:
    stage.platform.lake.append(TableId("dev", "gold", "counts"), pa.table({"n": [1, 2]}))
    assert "view" not in stage.act("protect", asset="gold/counts")
    assert stage.act("protect", asset="bronze/clients")["view"] == "masked/clients"
    assert stage.platform.lake.exists(TableId("dev", "masked", "clients"))


def test_a_table_is_deleted_whole_once_nothing_reads_it_and_people_approved(stage: Stage) -> None:
    stage.act("mask", asset="bronze/clients")
    with pytest.raises(Denied, match="masked/clients are computed from bronze/clients"):
        stage.act("delete", approved=True, asset="bronze/clients")
    with pytest.raises(ApprovalRequired):
        stage.act("delete", asset="masked/clients")
    assert stage.platform.lake.exists(TableId("dev", "masked", "clients"))
    out = stage.act("delete", approved=True, asset="masked/clients")
    assert out["deleted"]["masked/clients"] > 0
    assert stage.entry("masked/clients") == {}, "nothing makes it anew"
    assert not stage.platform.lake.exists(TableId("dev", "masked", "clients"))


def test_what_a_person_declared_is_not_deleted_behind_their_back(stage: Stage) -> None:
    with pytest.raises(Denied, match="people wrote") as told:
        stage.act("delete", approved=True, asset="bronze/clients")
    assert "take the entry out" in str(told.value)
    assert stage.platform.lake.exists(TableId("dev", "bronze", "clients"))
