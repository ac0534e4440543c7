"""What releasing does: pins, tables, the smoke test, and the way back when it fails. Real lake, specs and runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agents.core.catalog import TableId
from agents.core.errors import Denied, GoalError, SpecError, StateError
from agents.tools import releases
from agents.tools.governing import classification
from agents.tools.releases import release_digests
from tests.unit.product_runs import AT_LEAST, ORDERS
from tests.unit.release_stage import ROWS, ReleaseStage, Stopped


@pytest.fixture
def stage(tmp_path: Path) -> ReleaseStage:
    return ReleaseStage(tmp_path)


def test_a_release_pins_materializes_and_tests(stage: ReleaseStage) -> None:
    out = stage.promote()
    assert out["status"] == "released"
    assert stage.platform.lake.rows(stage.table()) == 100
    assert stage.pin()["environments"] == ["staging"]
    assert out["released"][0]["rows"] == 100
    told = {f["check"]: f["passed"] for f in out["smoke"]}
    assert told == {"rows": True, "schema": True, "checks": None, "freshness": True}


def test_the_same_release_twice_changes_nothing(stage: ReleaseStage) -> None:
    stage.promote()
    text, runs = stage.pins.read_text(), list(stage.dagster.runs)
    assert stage.promote()["status"] == "unchanged"
    assert (stage.pins.read_text(), stage.dagster.runs) == (text, runs)


def test_work_in_dev_leaves_what_was_released_as_it_is(stage: ReleaseStage) -> None:
    stage.promote()
    before = stage.deployment.digests()
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    after = stage.deployment.digests()
    assert after["dev/bronze/orders"] != before["dev/bronze/orders"]
    assert after["staging/bronze/orders"] == before["staging/bronze/orders"]


def test_a_broken_product_in_dev_leaves_what_was_released_loaded(stage: ReleaseStage) -> None:
    stage.promote()
    stage.platform.specs.path("sales").write_text("type: platform_defs.DataProduct\nattributes: [\n")
    assert "staging/bronze/orders" in stage.deployment.digests()


def test_a_broken_pin_file_takes_its_environment_out_rather_than_running_dev_there(stage: ReleaseStage) -> None:
    stage.change("key: [order_id]", "key: [order_id]\n      environments: [dev, staging]")
    stage.promote()
    stage.pins.write_text("type: platform_defs.DataProduct\nattributes: [\n")
    assert not [key for key in stage.deployment.digests() if key.startswith("staging")]
    assert "dev/bronze/orders" in stage.deployment.digests()


def test_what_is_approved_is_what_is_loaded_after_the_release(stage: ReleaseStage) -> None:
    stage.change("key: [order_id]", 'key: [order_id]\n      schedule: "0 2 * * *"\n      tags: {pii: masked}')
    step = {"agent": "deployment", "action": "promote", "inputs": {"assets": ["bronze/orders"], "to": "staging"}}
    approved = release_digests(stage.platform, [step])
    assert stage.promote()["status"] == "released"
    assert approved == {"staging/bronze/orders": stage.deployment.digests()["staging/bronze/orders"]}


def test_what_a_rollback_goes_back_to_is_what_is_approved(stage: ReleaseStage) -> None:
    stage.promote()
    former = stage.deployment.digests()["staging/bronze/orders"]
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    stage.promote()
    step = {"agent": "deployment", "action": "rollback", "inputs": {"assets": ["bronze/orders"]}}
    assert release_digests(stage.platform, [step], "staging") == {"staging/bronze/orders": former}
    stage.act("deployment", "rollback", assets=["bronze/orders"])
    assert stage.deployment.digests()["staging/bronze/orders"] == former


def test_an_asset_that_cannot_be_released_has_a_digest_that_nothing_matches(stage: ReleaseStage) -> None:
    step = {"agent": "deployment", "action": "promote", "inputs": {"assets": ["bronze/nothing"], "to": "prod"}}
    found = release_digests(stage.platform, [step])
    assert found["prod/bronze/nothing"] not in stage.deployment.digests().values()


def test_a_field_that_a_person_pinned_is_kept_and_said(stage: ReleaseStage) -> None:
    stage.change("key: [order_id]", 'key: [order_id]\n      schedule: "0 2 * * *"')
    stage.promote()
    stage.pins.write_text(stage.pins.read_text().replace("schedule: 0 2 * * *", "schedule: 30 5 * * *  # ops is awake"))
    stage.change("0 2 * * *", "0 3 * * *")
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    out = stage.promote()
    assert out["kept"] == {"bronze/orders": ["schedule"]}
    assert stage.pin()["schedule"] == "30 5 * * *"
    assert stage.pin()["source"]["mode"] == "full"
    assert "# ops is awake" in stage.pins.read_text()


def test_one_commit_a_product_by_the_agent(stage: ReleaseStage) -> None:
    stage.deployment.product(ORDERS + ORDERS.replace("name: orders", "name: more"))
    assert stage.platform.specs.init()
    stage.promote("bronze/orders", "bronze/more")
    checkout = stage.folder / "specs"
    log = _git(checkout, "log", "--format=%an|%s")
    assert log.splitlines()[0] == "deployment agent|release bronze/orders, bronze/more to staging"
    assert sum("release" in line for line in log.splitlines()) == 1


def test_the_first_release_taken_back_leaves_an_empty_table_and_no_pin(stage: ReleaseStage) -> None:
    stage.dagster.fail = "the worker was killed"
    out = stage.promote()
    assert out["status"] == "rolled back"
    assert "the worker was killed" in out["rolled_back"][0]
    assert stage.platform.lake.rows(stage.table()) == 0
    assert stage.pin() == {}
    assert not stage.pins.exists()
    assert "staging/bronze/orders" not in stage.deployment.digests()


def test_too_few_rows_put_specs_and_table_back(stage: ReleaseStage) -> None:
    stage.promote()
    text = stage.pins.read_text()
    before = stage.platform.lake.read(stage.table()).read_all()
    stage.deployment.orders(ROWS[:3])
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    out = stage.promote()
    assert out["status"] == "rolled back"
    assert out["rolled_back"] == ["bronze/orders: rows: 3 rows, dev has 100"]
    assert stage.platform.lake.read(stage.table()).read_all().sort_by("order_id") == before.sort_by("order_id")
    assert stage.pins.read_text() == text
    assert stage.promote()["status"] == "rolled back", "it is tried anew, not taken for done"


def test_a_schema_unlike_devs_is_taken_back(stage: ReleaseStage) -> None:
    with sqlite3.connect(stage.folder / "shop.db") as db:
        db.execute("ALTER TABLE orders DROP COLUMN amount")
    db.close()
    out = stage.promote()
    assert out["status"] == "rolled back"
    assert out["rolled_back"] == ["bronze/orders: schema: amount is missing, in dev double"]


@pytest.mark.parametrize("action", ["block", "quarantine"])
def test_a_check_that_fails_there_takes_the_release_back(stage: ReleaseStage, action: str) -> None:
    stage.promote()
    version = stage.platform.lake.read(stage.table()).read_all().num_rows
    rule = "{type: expect_table_row_count_to_be_between, kwargs: {max_value: 10}, meta: {action: block}}"
    if action == "quarantine":
        rule = AT_LEAST % ("amount", 99, "quarantine")
    stage.change("key: [order_id]", f"key: [order_id]\n      rules: [{rule}]")
    out = stage.promote()
    assert out["status"] == "rolled back"
    assert stage.platform.lake.rows(stage.table()) == version
    assert "rules" not in stage.pin()


def test_definitions_that_do_not_load_take_the_release_back(stage: ReleaseStage) -> None:
    stage.dagster.reload_error = "the definitions do not load"
    out = stage.promote()
    assert out["rolled_back"] == ["the definitions do not load"]
    assert stage.pin() == {}


def test_a_release_that_a_person_stops_is_taken_back(stage: ReleaseStage) -> None:
    stage.promote()
    text = stage.pins.read_text()
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    stage.dagster.stopped = True
    with pytest.raises(Stopped):
        stage.promote()
    assert stage.pins.read_text() == text
    assert stage.platform.lake.rows(stage.table()) == 100


def test_a_release_whose_process_died_is_taken_up_and_can_still_be_taken_back(stage: ReleaseStage) -> None:
    stage.promote()
    text = stage.pins.read_text()
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    stage.call(releases.pin, assets=["bronze/orders"])  # as far as it came
    assert stage.pins.read_text() != text
    stage.dagster.fail = "and again"
    assert stage.promote()["status"] == "rolled back"
    assert stage.pins.read_text() == text


def test_a_rollback_goes_to_the_release_before(stage: ReleaseStage) -> None:
    stage.promote()
    stage.deployment.orders([*ROWS, (101, 1.0, "2026-02-01")])
    stage.change("mode: incremental, watermark: updated_at", "mode: full")
    stage.promote()
    assert stage.platform.lake.rows(stage.table()) == 101
    out = stage.act("deployment", "rollback", assets=["bronze/orders"])
    assert out["status"] == "restored"
    assert stage.platform.lake.rows(stage.table()) == 100
    assert stage.pin()["source"]["mode"] == "incremental"
    stage.act("deployment", "rollback", assets=["bronze/orders"])
    assert stage.pin() == {}
    assert stage.platform.lake.rows(stage.table()) == 0
    with pytest.raises(StateError, match="no release of bronze/orders is recorded"):
        stage.act("deployment", "rollback", assets=["bronze/orders"])


def test_a_table_goes_with_what_it_reads_or_not_at_all(stage: ReleaseStage) -> None:
    sql = "\n    - {name: revenue, layer: gold, sql: select sum(amount) as revenue from bronze.orders}\n"
    stage.deployment.product(ORDERS + sql)
    assert stage.deployment.run("dev/gold/revenue").success
    with pytest.raises(SpecError, match="reads bronze/orders, which is not in staging"):
        stage.promote("gold/revenue")
    assert not stage.pins.exists()
    assert stage.promote("gold/revenue", "bronze/orders")["status"] == "released"


def test_a_release_stays_in_the_environment_of_its_run(stage: ReleaseStage) -> None:
    with pytest.raises(Denied, match="may not release to prod"):
        stage.act("deployment", "promote", assets=["bronze/orders"], to="prod")
    with pytest.raises(GoalError, match="needs assets"):
        stage.act("deployment", "promote", assets=[], to="staging")
    assert not stage.platform.releases("prod").products()


def test_nothing_is_released_to_dev(stage: ReleaseStage) -> None:
    stage.environment = "dev"
    with pytest.raises(Denied, match="nothing is released to dev"):
        stage.promote()
    assert not stage.pins.exists()


def _git(folder: Path, *arguments: str) -> str:
    import subprocess

    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_personal_data_that_nobody_masked_is_seen_before_production(stage: ReleaseStage) -> None:
    import pyarrow as pa

    emails = [f"{name}@example.org" for name in ("ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal")]
    stage.platform.lake.overwrite(TableId("dev", "bronze", "orders"), pa.table({"order_id": range(8), "email": emails}))
    assert stage.call(classification.unmasked, assets=["bronze/orders"]) == {"bronze/orders": ["email"]}
    view = "key: [order_id]\n    - name: orders\n      layer: masked\n      masked: {source: bronze/orders}"
    stage.change("key: [order_id]", view)
    assert stage.call(classification.unmasked, assets=["bronze/orders", "masked/orders"]) == {}
