"""The barrier at the lake: what writes production, and what does not, however it was started."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired, LakeError, StateError
from resources.lake import Lake
from resources.platform import Platform, open_platform
from resources.production import base_of, claim
from resources.settings import load_settings
from tests.unit.approval_desk import D1, D2, PEOPLE, own_policies

DEV, PROD, OTHER = TableId("dev", "gold", "x"), TableId("prod", "gold", "x"), TableId("prod", "gold", "y")
ROWS = pa.table({"a": [1, 2]})
NO_ASSETS: Mapping[str, str] = {}


@pytest.fixture
def platform(tmp_path: Path) -> Generator[Platform]:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "approvers.yaml").write_text(PEOPLE)
    rules = own_policies(tmp_path / "policies")
    env = {"ADP_STATE": str(tmp_path / "state"), "ADP_POLICIES": str(rules)}
    made = Platform.of(load_settings(env, cwd=tmp_path), {})
    made.keys.create()
    yield made
    made.store.close()


def approved(platform: Platform, run_id: str, assets: Mapping[str, str] = NO_ASSETS, *steps: str) -> Lake:
    """The lake as a process of an approved run sees it."""
    done = tuple({"agent": "pipeline", "action": step, "inputs": {}} for step in steps)
    effects = Effects("prod", ("write_data",), dict(assets or {str(PROD): D1}), done)
    run = RunFacts(run_id, "x", effects, Requester("dora", True), Facts(pii="none"))
    held = platform.approvals.submit(run).request
    anna = platform.people.find("anna")
    assert anna is not None
    platform.approvals.decide(held, "approve", anna)
    assert platform.approvals.launch(run) is not None
    return replace(platform, run_id=run_id).lake


def write(lake: Lake, table: TableId = PROD, digest: str | None = D1) -> None:
    with claim(table, digest) if digest else nullcontext():
        lake.overwrite(table, ROWS.to_reader())


def test_dev_is_written_by_anybody_and_prod_by_nobody_unapproved(platform: Platform) -> None:
    write(platform.lake, DEV, None)
    for lake in (platform.lake, open_platform(platform.settings).lake, replace(platform, run_id="run-x").lake):
        with pytest.raises(ApprovalRequired, match="needs an approval"):
            write(lake)
    assert platform.lake.tables("prod") == []


def test_an_approved_run_writes_what_was_approved(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    write(lake)
    assert lake.rows(PROD) == 2


@pytest.mark.parametrize("operation", ["append", "overwrite", "merge", "delete", "write"])
def test_every_way_to_change_rows_wants_the_approved_spec(platform: Platform, operation: str) -> None:
    lake = approved(platform, "run-1")
    write(lake)
    change: dict[str, Callable[[], object]] = {
        "append": lambda: lake.append(PROD, ROWS.to_reader()),
        "overwrite": lambda: lake.overwrite(PROD, ROWS.to_reader()),
        "merge": lambda: lake.merge(PROD, ROWS.to_reader(), on=["a"]),
        "delete": lambda: lake.delete(PROD, "a = 1"),
        "write": lambda: lake.write(PROD, ROWS.schema, "load"),
    }
    with pytest.raises(ApprovalRequired, match="which spec"):
        change[operation]()
    with claim(PROD, D2), pytest.raises(ApprovalRequired, match="not the one that was approved"):
        change[operation]()
    with claim(OTHER, D1), pytest.raises(ApprovalRequired, match="which spec"):
        change[operation]()
    assert lake.version(PROD) == 0


def test_a_spec_that_changed_within_the_run_is_refused_at_the_next_write(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    write(lake)
    with claim(PROD, D1), claim(PROD, D2), pytest.raises(ApprovalRequired, match="spec loaded here"):
        lake.append(PROD, ROWS.to_reader())


def test_a_table_that_was_not_approved_is_refused(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    for table in (OTHER, TableId("prod", "silver", "x"), TableId("prod", "quarantine", "gold_y")):
        with pytest.raises(ApprovalRequired, match="not among the tables"):
            write(lake, table)


def test_the_quarantine_goes_with_its_table(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    with claim(PROD, D1):
        lake.append(TableId("prod", "quarantine", "gold_x"), ROWS.to_reader())
    with claim(PROD, D2), pytest.raises(ApprovalRequired):
        lake.append(TableId("prod", "quarantine", "gold_x"), ROWS.to_reader())
    assert base_of(TableId("prod", "quarantine", "gold_x_y")) == TableId("prod", "gold", "x_y")
    assert base_of(TableId("prod", "quarantine", "gold_x_y.log")) == TableId("prod", "gold", "x_y")
    assert base_of(TableId("prod", "quarantine", "nowhere_x")) is None
    assert base_of(PROD) is None


def test_what_leaves_the_rows_alone_needs_no_spec_but_the_approval(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    write(lake)
    write(lake)
    lake.optimize(PROD)
    lake.vacuum(PROD)
    lake.restore(PROD, 0)
    stranger = replace(platform, run_id="run-2").lake
    for change in (stranger.optimize, stranger.vacuum, lambda table: stranger.restore(table, 0)):
        with pytest.raises(ApprovalRequired):
            change(PROD)


def test_agents_write_the_tables_of_their_approved_steps(platform: Platform) -> None:
    lake = approved(platform, "run-1", {str(PROD): D1}, "repair")
    write(lake, PROD, None)
    with pytest.raises(ApprovalRequired):
        write(lake, OTHER, None)
    with pytest.raises(ApprovalRequired, match="spec loaded here"):
        write(lake, PROD, D2)


def test_the_approval_of_another_run_does_not_help(platform: Platform) -> None:
    approved(platform, "run-1")
    with pytest.raises(ApprovalRequired, match="run-2"):
        write(replace(platform, run_id="run-2").lake)


def test_a_revoked_grant_stops_the_next_write(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    write(lake)
    platform.approvals.revoke("AR-000001", "anna")
    with pytest.raises(ApprovalRequired):
        write(lake)


def test_a_grant_revoked_during_a_write_stops_its_commit(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    with claim(PROD, D1), pytest.raises(ApprovalRequired), lake.write(PROD, ROWS.schema, "load") as open_write:
        open_write.put_all(ROWS.to_batches())
        platform.approvals.revoke("AR-000001", "anna")
        open_write.append({})
    assert not lake.exists(PROD)


def test_a_finished_run_writes_no_more(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    platform.approvals.end_leases(["run-1"])
    with pytest.raises(ApprovalRequired):
        write(lake)


def test_policy_is_asked_where_the_write_happens(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    (platform.settings.policies / "own.cedar").write_text(
        '@id("closed") forbid (principal, action in Action::"change", resource == Environment::"prod");'
    )
    with pytest.raises(ApprovalRequired, match="closed"):
        write(lake)


def test_a_link_from_dev_to_prod_is_no_way_in(platform: Platform) -> None:
    prod = Path(platform.settings.lake_roots["prod"])
    dev = Path(platform.settings.lake_roots["dev"])
    prod.mkdir(parents=True)
    dev.parent.mkdir(parents=True, exist_ok=True)
    dev.symlink_to(prod, target_is_directory=True)
    with pytest.raises(ApprovalRequired):
        write(platform.lake, DEV)
    with pytest.raises(ApprovalRequired):
        write(approved(platform, "run-1", {"dev/gold/x": D1, str(OTHER): D1}), DEV)
    assert list(prod.rglob("*.parquet")) == []


def test_a_linked_table_and_a_dotted_root_are_seen_through(platform: Platform, tmp_path: Path) -> None:
    prod = Path(platform.settings.lake_roots["prod"])
    (prod / "gold" / "x").mkdir(parents=True)
    (Path(platform.settings.lake_roots["dev"]) / "gold").mkdir(parents=True)
    (Path(platform.settings.lake_roots["dev"]) / "gold" / "x").symlink_to(prod / "gold" / "x")
    with pytest.raises(ApprovalRequired):
        write(platform.lake, DEV, None)
    dotted = {**platform.settings.lake_roots, "dev": f"{prod.parent}/dev/../prod"}
    with pytest.raises(ApprovalRequired):
        write(Platform(replace(platform.settings, lake_roots=dotted)).lake, DEV, None)
    with pytest.raises(LakeError, match="not a table name"):
        write(platform.lake, TableId("dev", "..", "x"), None)
    assert list(prod.rglob("*.parquet")) == []


def test_a_claim_is_its_threads_own(platform: Platform) -> None:
    lake, refused = approved(platform, "run-1"), list[str]()

    def elsewhere() -> None:
        try:
            write(lake, PROD, None)
        except ApprovalRequired as error:
            refused.append(error.what)

    with claim(PROD, D1):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_a_store_that_cannot_be_read_lets_nothing_be_written(platform: Platform) -> None:
    lake = approved(platform, "run-1")
    platform.store.close()
    for file in platform.settings.state_dir.glob("store.db*"):
        file.unlink()
    (platform.settings.state_dir / "store.db").write_text("this is no database")
    with pytest.raises(StateError):
        write(lake)
