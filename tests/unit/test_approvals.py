"""A production run from its submission to its lease: held, joined, decided, released, expired."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.errors import ApprovalRequired, Denied, StateError
from tests.unit.approval_desk import CUSTOMERS, D1, D2, ORDERS, Office, own_policies, refresh, work


@pytest.fixture
def office(tmp_path: Path) -> Generator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def test_a_run_outside_production_passes_and_needs_no_lease(office: Office) -> None:
    run = RunFacts("run-1", "x", Effects("dev", ("write_data",), {"dev/bronze/orders": D1}), Requester("dora", True))
    assert office.approvals.submit(run).verdict == "allow"
    assert office.approvals.launch(run) is None
    assert office.approvals.requests() == []
    assert office.approvals.requester_of_run("run-1") == Requester("dora", True)


def test_a_production_run_is_held_approved_released_and_leased(office: Office) -> None:
    run = refresh(goal="G-000001")
    held = office.approvals.submit(run)
    assert (held.verdict, held.request, held.quorum, held.risk.level) == ("ask", "AR-000001", 1, "medium")
    with pytest.raises(ApprovalRequired, match="no live grant"):
        office.approvals.launch(replace(run, run_id="run-9"))
    assert office.approvals.releasable() == []
    granted = office.approvals.decide(held.request, "approve", office.person("anna"), note="fine", run_id="word-1")
    assert (granted.state, granted.goal, granted.runs) == ("granted", "G-000001", ("run-1",))
    assert [(d.who, d.choice, d.note, d.run_id) for d in granted.decisions] == [("anna", "approve", "fine", "word-1")]
    assert [(request.id, runs) for request, runs in office.approvals.releasable()] == [("AR-000001", ("run-1",))]
    lease = office.approvals.launch(run)
    assert lease is not None
    assert (lease.requests, [a.who for a in lease.approvals], lease.effects) == (("AR-000001",), ["anna"], run.effects)
    assert office.approvals.lease("run-1") == lease
    assert office.approvals.releasable() == []
    office.approvals.end_leases(["run-1", "run-unknown"])
    assert office.approvals.lease("run-1") is None


def test_the_ledger_tells_the_whole_story(office: Office) -> None:
    office.approved(refresh(), "anna")
    office.approvals.launch(refresh())
    office.approvals.end_leases(["run-1"])
    office.approvals.end_leases(["run-1"])
    assert office.records("AR-000001") == [
        ("request", "dora", "run held"),
        ("decision", "anna", "approve"),
        ("grant", "platform", "granted"),
        ("release", "platform", "held run started"),
        ("lease", "dora", "issued"),
    ]
    assert office.records("run run-1") == [("lease", "platform", "ended")]
    assert office.ledger.verify().ok


def test_unchanged_tables_refresh_until_the_grant_runs_out(office: Office) -> None:
    office.approved(refresh(assets={ORDERS: D1, CUSTOMERS: D1}))
    for number, assets in enumerate(({ORDERS: D1}, {CUSTOMERS: D1}, {ORDERS: D1, CUSTOMERS: D1})):
        run = refresh(f"run-{number + 2}", assets, by="automation:on_cron")
        assert office.approvals.submit(run).verdict == "allow"
        assert office.approvals.launch(run) is not None
    assert office.approvals.judge(refresh("run-8", {ORDERS: D2})).verdict == "ask"
    assert office.approvals.judge(refresh("run-8", {ORDERS: D1, "prod/gold/other": D1})).verdict == "ask"
    office.clock.hours(90 * 24)
    assert office.approvals.judge(refresh("run-9")).verdict == "ask"
    assert [request.state for request in office.approvals.expire()] == ["expired"]
    assert office.approvals.expire() == []


def test_tables_of_several_grants_are_refreshed_together(office: Office) -> None:
    office.approved(refresh("run-1", {ORDERS: D1}))
    office.approved(refresh("run-2", {CUSTOMERS: D2}), "ben")
    run = refresh("run-3", {ORDERS: D1, CUSTOMERS: D2})
    ruling = office.approvals.submit(run)
    assert ruling.verdict == "allow"
    assert {approval.who for approval in ruling.approvals} == {"anna", "ben"}
    lease = office.approvals.launch(run)
    assert lease is not None
    assert set(lease.requests) == {"AR-000001", "AR-000002"}
    office.approvals.revoke("AR-000002", "cleo", "wrong numbers")
    assert office.approvals.lease("run-3") is None


def test_what_a_promotion_releases_may_be_refreshed_afterwards(office: Office) -> None:
    office.approved(work("run-1", assets={ORDERS: D1}))
    assert office.approvals.judge(refresh("run-2", {ORDERS: D1})).verdict == "allow"
    assert office.approvals.judge(refresh("run-2", {ORDERS: D2})).verdict == "ask"


@pytest.mark.parametrize(
    "effects",
    [
        Effects("prod", ("write_data",), {ORDERS: D1}, selection=("orders",)),
        Effects("prod", ("write_data",), {ORDERS: D1}, config={"ops": {"orders": {"limit": 1}}}),
        Effects("prod", ("write_data",), {ORDERS: D1}, tags={"dagster/image": "evil"}),
    ],
)
def test_who_approved_a_part_or_a_variant_did_not_approve_the_whole(office: Office, effects: Effects) -> None:
    office.approved(replace(refresh(), effects=effects), *(("anna", "ben") if effects.tags else ("anna",)))
    assert office.approvals.judge(replace(refresh("run-2"), effects=effects)).verdict == "allow"
    assert office.approvals.judge(refresh("run-2")).verdict == "ask"
    plain = refresh("run-3", {CUSTOMERS: D1})
    office.approved(plain)
    variant = replace(effects, assets={CUSTOMERS: D1})
    assert office.approvals.judge(replace(plain, effects=variant)).verdict == "ask"


def test_equal_runs_share_a_request_and_a_double_is_told(office: Office) -> None:
    first = office.approvals.submit(refresh("run-1", partition="2026-01-01"))
    other = office.approvals.submit(refresh("run-2", partition="2026-01-02"))
    double = office.approvals.submit(refresh("run-3", partition="2026-01-01"))
    assert {first.request, other.request, double.request} == {"AR-000001"}
    assert (first.duplicate_of, other.duplicate_of, double.duplicate_of) == ("", "", "run-1")
    assert "run-1" in double.reason
    assert office.approvals.submit(refresh("run-1", partition="2026-01-01")).duplicate_of == ""
    office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert [runs for _, runs in office.approvals.releasable()] == [("run-1", "run-2", "run-3")]


def test_who_joins_makes_the_bar_no_lower(office: Office) -> None:
    assert office.approvals.submit(refresh("run-1", by="nobody", known=False)).quorum == 2
    assert office.approvals.submit(refresh("run-2")).quorum == 2
    assert office.approvals.decide("AR-000001", "approve", office.person("anna")).state == "pending"
    assert office.approvals.decide("AR-000001", "approve", office.person("ben")).state == "granted"


def test_a_joined_run_of_nobody_known_raises_the_bar(office: Office) -> None:
    assert office.approvals.submit(refresh("run-1")).quorum == 1
    assert office.approvals.submit(refresh("run-2", by="nobody", known=False)).quorum == 2
    assert office.approvals.request("AR-000001").quorum == 2
    assert office.approvals.decide("AR-000001", "approve", office.person("anna")).state == "pending"


def test_a_new_spec_supersedes_the_request_for_the_old_one(office: Office) -> None:
    office.approvals.submit(refresh("run-1", {ORDERS: D1, CUSTOMERS: D1}))
    ruling = office.approvals.submit(refresh("run-2", {ORDERS: D2}))
    assert ruling.superseded_runs == ("run-1",)
    assert office.approvals.request("AR-000001").state == "superseded"
    assert "AR-000002" in office.approvals.request("AR-000001").reason
    with pytest.raises(Denied, match="superseded"):
        office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert [(request.id, runs) for request, runs in office.approvals.stranded()] == [("AR-000001", ("run-1",))]
    office.approvals.cancel_run("run-1", "superseded")
    assert office.approvals.stranded() == []


def test_other_work_on_the_same_table_supersedes_nothing(office: Office) -> None:
    office.approvals.submit(work("run-1", assets={ORDERS: D2}))
    assert office.approvals.submit(refresh("run-2", {ORDERS: D1})).superseded_runs == ()
    assert office.approvals.submit(work("run-3", "write_data", assets={ORDERS: D1}, action="optimize")).request
    assert {request.state for request in office.approvals.requests()} == {"pending"}
    assert office.approvals.submit(work("run-4", assets={ORDERS: D1})).superseded_runs == ("run-1",)


def test_resources_without_assets_never_supersede_each_other(office: Office) -> None:
    office.approvals.submit(work("run-1", "provision", action="provision", inputs={"resources": ["a"]}))
    office.approvals.submit(work("run-2", "provision", action="provision", inputs={"resources": ["b"]}))
    assert {request.state for request in office.approvals.requests()} == {"pending"}


def test_provisioning_is_asked_outside_production_too_and_leased(office: Office) -> None:
    run = work("run-1", "provision", environment="dev", action="provision")
    assert office.approvals.submit(run).verdict == "ask"
    with pytest.raises(ApprovalRequired):
        office.approvals.launch(replace(run, run_id="run-2"))
    office.approvals.decide("AR-000001", "approve", office.person("anna"))
    lease = office.approvals.launch(run)
    assert lease is not None
    assert [approval.who for approval in lease.approvals] == ["anna"]


def test_what_nobody_can_classify_is_held_as_critical(office: Office) -> None:
    run = RunFacts("run-1", "x", Effects("dev", (), unknown=("mystery",)), Requester("dora", True))
    ruling = office.approvals.submit(run)
    assert (ruling.verdict, ruling.quorum, ruling.risk.level) == ("ask", 2, "critical")


def test_what_nobody_can_classify_is_held_even_where_policy_permits_everything(tmp_path: Path) -> None:
    office = Office(
        tmp_path, policies=own_policies(tmp_path / "own", '@id("all") permit (principal, action, resource);')
    )
    (tmp_path / "own" / "default.cedar").write_text("")
    run = RunFacts("run-1", "x", Effects("prod", ("external",), unknown=("mystery",)), Requester("dora", True))
    assert office.approvals.submit(run).verdict == "ask"
    assert office.approvals.decide("AR-000001", "approve", office.person("anna")).state == "granted"
    assert office.approvals.launch(run) is not None
    assert office.approvals.submit(refresh("run-2")).verdict == "allow"
    office.store.close()


def test_what_policy_forbids_is_refused_at_once_and_recorded(office: Office) -> None:
    run = refresh(facts=Facts(pii="unmasked"))
    with pytest.raises(Denied, match="unmasked-personal-data"):
        office.approvals.submit(run)
    with pytest.raises(Denied, match="unmasked-personal-data"):
        office.approvals.launch(run)
    assert office.approvals.requests() == []
    assert ("request", "dora", "denied") in office.records("run run-1")


def test_an_undecided_request_expires_and_its_runs_are_stranded(office: Office) -> None:
    office.approvals.submit(refresh())
    office.clock.hours(73)
    with pytest.raises(Denied, match="expired"):
        office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert [request.state for request in office.approvals.expire()] == ["expired"]
    assert [runs for _, runs in office.approvals.stranded()] == [("run-1",)]
    with pytest.raises(Denied, match="is expired"):
        office.approvals.launch(refresh())
    assert office.approvals.submit(refresh("run-2")).request == "AR-000002"


def test_waiting_requests_are_escalated_once_for_each_group(office: Office) -> None:
    office.approvals.submit(refresh())
    assert office.approvals.escalate() == []
    office.clock.hours(9)
    assert [request.escalations for request in office.approvals.escalate()] == [1]
    office.clock.hours(50)
    assert office.approvals.escalate() == []


def test_a_request_goes_with_its_last_run(office: Office) -> None:
    office.approvals.submit(refresh("run-1", partition="a"))
    office.approvals.submit(refresh("run-2", partition="b"))
    left = office.approvals.cancel_run("run-1", "deleted")
    assert left is not None
    assert left.state == "pending"
    gone = office.approvals.cancel_run("run-2", "deleted")
    assert gone is not None
    assert (gone.state, gone.reason) == ("cancelled", "deleted")
    assert office.approvals.cancel_run("run-2", "deleted") is None
    assert office.approvals.cancel_run("run-unknown", "deleted") is None


def test_a_cancelled_run_starts_no_more(office: Office) -> None:
    office.approved(refresh("run-1", partition="a"))
    office.approvals.cancel_run("run-1", "deleted")
    assert office.approvals.request("AR-000001").state == "granted"
    with pytest.raises(Denied, match="ended"):
        office.approvals.launch(refresh("run-1", partition="a"))


def test_a_freeze_keeps_granted_runs_until_it_is_over(tmp_path: Path) -> None:
    rules = own_policies(
        tmp_path / "own",
        '@id("freeze") forbid (principal, action in Action::"change", resource == Environment::"prod")'
        ' when { context.now < datetime("2027-01-15T12:00:00Z") };',
    )
    office = Office(tmp_path, policies=rules)
    office.clock.now = 1_800_000_000.0  # 2027-01-15T08:00:00Z
    held = office.approvals.submit(refresh())
    assert held.verdict == "ask"
    assert office.approvals.decide(held.request, "approve", office.person("anna")).state == "granted"
    assert office.approvals.releasable() == []
    with pytest.raises(ApprovalRequired):
        office.approvals.launch(refresh("run-9"))
    again = office.approvals.submit(refresh("run-2"))
    assert (again.verdict, again.request, again.waiting) == ("ask", held.request, True)
    office.clock.hours(5)
    assert [runs for _, runs in office.approvals.releasable()] == [("run-1", "run-2")]
    assert office.approvals.launch(refresh()) is not None
    office.store.close()


def test_cards_are_kept_with_their_request(office: Office) -> None:
    office.approvals.submit(refresh())
    assert office.approvals.card("AR-000001") == ""
    office.approvals.set_card("AR-000001", "# what would change")
    assert office.approvals.card("AR-000001") == "# what would change"


def test_requests_are_listed_newest_first_by_state(office: Office) -> None:
    office.approved(refresh("run-1", {ORDERS: D1}))
    office.clock.hours(1)
    office.approvals.submit(refresh("run-2", {CUSTOMERS: D1}))
    assert [request.id for request in office.approvals.requests()] == ["AR-000002", "AR-000001"]
    assert [request.id for request in office.approvals.requests(("granted",))] == ["AR-000001"]
    assert len(office.approvals.requests(limit=1)) == 1
    found = office.approvals.request_of_run("run-2")
    assert found is not None
    assert found.id == "AR-000002"
    assert office.approvals.request_of_run("run-unknown") is None
    with pytest.raises(StateError, match="no such request"):
        office.approvals.request("AR-999999")


def test_a_closed_request_stays_closed(office: Office) -> None:
    office.approvals.submit(refresh())
    assert office.approvals.cancel("AR-000001", "not needed").state == "cancelled"
    with pytest.raises(StateError, match="cannot become"):
        office.approvals.cancel("AR-000001", "again")
    with pytest.raises(StateError, match="cannot become"):
        office.approvals.revoke("AR-000001", "anna")
