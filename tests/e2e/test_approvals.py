"""Production in a running deployment: held, decided, released. The attacks are in `test_attacks`."""

from __future__ import annotations

import time

import pytest

from agents.core.approval import ApprovalRequest
from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from agents.tools.governing.subjects import find_subject, hasher
from platform_defs import journey
from platform_defs.commands.launched import step_config
from resources.store_rows import GoalRow
from tests.e2e.conftest import Running
from tests.e2e.people import Approver, approver
from tests.e2e.test_survival import kill, processes

PRODUCTS = TableId("prod", "bronze", "sales_products")


def held(running: Running, goal_id: str) -> ApprovalRequest:
    """The request that the goal's release waits for."""
    row = running.wait(goal_id)
    assert row.status == "held", row.reason
    return next(one for one in running.platform.approvals.requests(("pending",)) if one.goal == goal_id)


def moved_on(row: GoalRow) -> bool:
    """The goal has left its wait for a decision."""
    return row.status in ("live", "failed", "rolled back", "rejected")


def decide(running: Running, request: str, who: Approver, decision: str = "approve", note: str = "") -> None:
    """Decide as the UI does."""
    journey.approve(
        running.client, running.platform, request, name=who.name, code=who.code(), note=note, decision=decision
    )


@pytest.fixture(scope="module")
def released(running: Running) -> tuple[str, ApprovalRequest]:
    goal_id = running.submit("Load the sales products table into production every night and check its quality")
    request = held(running, goal_id)
    assert not running.platform.lake.exists(PRODUCTS)
    decide(running, request.id, approver(running.platform))
    row = running.wait(goal_id, moved_on)
    assert row.status == "live", row.reason
    return goal_id, running.platform.approvals.request(request.id)


def test_an_approved_release_pins_materializes_tests_and_reports(
    running: Running, released: tuple[str, ApprovalRequest]
) -> None:
    goal_id, request = released
    lake = running.platform.lake
    assert request.state == "granted"
    assert lake.rows(PRODUCTS) == lake.rows(TableId("dev", "bronze", "sales_products"))
    assert running.platform.releases("prod").find("bronze/sales_products") is not None
    report = journey.report(running.platform, goal_id)
    assert request.id in report
    assert request.decisions[0].who in report
    told = [(r.entry.kind, r.entry.subject) for r in running.platform.ledger.records()]
    assert ("decision", request.id) in told
    assert ("grant", request.id) in told
    assert running.platform.ledger.verify().ok


def test_a_refresh_of_what_was_approved_passes_without_asking(
    running: Running, released: tuple[str, ApprovalRequest]
) -> None:
    version = running.platform.lake.version(PRODUCTS)
    run_id = launch_assets(running, [PRODUCTS])
    assert ended(running, run_id) == "SUCCESS"
    assert running.platform.lake.version(PRODUCTS) > version
    assert running.platform.approvals.request_of_run(run_id) is None


def test_the_requester_hears_why_a_release_was_rejected(
    running: Running, released: tuple[str, ApprovalRequest]
) -> None:
    version = running.platform.lake.version(PRODUCTS)
    goal_id = running.submit("Load the sales products table into production every saturday")
    request = held(running, goal_id)
    decide(running, request.id, approver(running.platform), "reject", "not before the audit")
    row = running.wait(goal_id, moved_on)
    assert row.status == "rejected"
    assert "not before the audit" in row.reason
    assert running.platform.lake.version(PRODUCTS) == version


def test_a_wrong_code_changes_nothing_and_says_so_at_once(running: Running) -> None:
    goal_id = running.submit("Load the sales products table into production every monday")
    request = held(running, goal_id)
    who = approver(running.platform)
    wrong = f"{(int(who.code()) + 1) % 1_000_000:06d}"
    with pytest.raises(PlatformError):
        journey.approve(
            running.client, running.platform, request.id, name=who.name, code=wrong, note="", decision="approve"
        )
    assert running.platform.approvals.request(request.id).state == "pending"
    decide(running, request.id, approver(running.platform), "reject")


def launch_assets(running: Running, tables: list[TableId], tags: dict[str, str] | None = None) -> str:
    """Materialize assets as the UI does; the run's id."""
    return running.launch("__ASSET_JOB", assets=tables, tags=tags or {})


def ended(running: Running, run_id: str, seconds: float = 120) -> str:
    """The status a run ends with."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = running.client.status(run_id)[0]
        if status in ("SUCCESS", "FAILURE", "CANCELED", "NOT_FOUND"):
            return status
        time.sleep(0.3)
    raise AssertionError(f"run {run_id} is still {status}")


def test_an_approved_erasure_in_production_is_gone_from_every_version_and_no_refresh_brings_it_back(
    running: Running, released: tuple[str, ApprovalRequest]
) -> None:
    platform, lake = running.platform, running.platform.lake
    name = next(iter(lake.read(PRODUCTS, columns=["product_name"]).read_all().column(0).to_pylist()))
    subject, rows = hasher(platform).subject(name), lake.rows(PRODUCTS)
    inputs = {"subject": str(subject), "assets": [PRODUCTS.asset]}
    run_id = running.launch("workflow", config=step_config("governance", "erase", inputs, "prod", "e2e"))
    deadline = time.monotonic() + 60
    while (request := platform.approvals.request_of_run(run_id)) is None and time.monotonic() < deadline:
        time.sleep(0.3)
    assert request is not None
    assert lake.rows(PRODUCTS) == rows, "nothing is erased before people approved"
    for _ in range(request.quorum):
        decide(running, request.id, approver(platform, "platform", "governance"))
    assert ended(running, run_id, 240) == "SUCCESS"
    assert find_subject(platform, "prod", subject) == []
    assert lake.rows(PRODUCTS) < rows
    assert lake.footprint(PRODUCTS).clean
    assert ended(running, launch_assets(running, [PRODUCTS])) == "SUCCESS"
    assert find_subject(platform, "prod", subject) == [], "the source still has it"


def test_killing_webserver_and_daemon_at_hold_decide_and_release_loses_nothing(running: Running) -> None:
    state = str(running.home.state)
    goal_id = running.submit("Load the sales products table into production every wednesday")
    request = held(running, goal_id)
    kill([*processes("adp", "web", state), *processes("dagster-daemon", state)])
    assert running.platform.approvals.request(request.id).state == "pending"
    decide(running, request.id, approver(running.platform))
    kill(processes("dagster-daemon", state))
    row = running.wait(goal_id, moved_on, seconds=400)
    assert row.status == "live", row.reason
    assert [d.choice for d in running.platform.approvals.request(request.id).decisions] == ["approve"]
    assert running.platform.ledger.verify().ok
