"""Whose word counts on a request, and what it takes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from agents.core.approval import Choice, Facts, Requester
from agents.core.errors import Denied
from resources.identity import Person
from tests.unit.approval_desk import D2, ORDERS, Office, own_policies, refresh


@pytest.fixture
def office(tmp_path: Path) -> Generator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("asker", ["anna", "ANNA", "Anna", "аnna", "ａnna", "anna@example.org", "anna+x@example.org"])
def test_nobody_approves_their_own_request_under_any_spelling(office: Office, asker: str) -> None:
    office.approvals.submit(refresh(by=asker))
    with pytest.raises(Denied, match="own request"):
        office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert office.approvals.request("AR-000001").decisions == ()
    assert ("decision", "anna", "approve: refused") in office.records("AR-000001")


def test_a_claimed_name_and_a_later_asker_may_not_approve_either(office: Office) -> None:
    run = refresh("run-1")
    object.__setattr__(run, "requester", Requester("automation:plans", True, ("anna",)))
    office.approvals.submit(run)
    office.approvals.submit(refresh("run-2", by="ben"))
    for name in ("anna", "ben"):
        with pytest.raises(Denied, match="own request"):
            office.approvals.decide("AR-000001", "approve", office.person(name))
    assert office.approvals.decide("AR-000001", "approve", office.person("cleo")).state == "pending"


def test_what_automation_asks_for_first_needs_two_since_its_author_may_be_the_approver(office: Office) -> None:
    ruling = office.approvals.submit(refresh(by="automation:automation"))
    assert ruling.quorum == office.approvals.request(ruling.request).quorum == 2
    assert office.approvals.decide(ruling.request, "approve", office.person("anna")).state == "pending"
    assert office.approvals.decide(ruling.request, "approve", office.person("cleo")).state == "granted"
    again = refresh("run-2", by="automation:automation")
    assert office.approvals.submit(again).verdict == "allow"
    assert office.approvals.launch(again) is not None


def test_who_asked_may_take_it_back(office: Office) -> None:
    office.approvals.submit(refresh(by="anna"))
    assert office.approvals.decide("AR-000001", "reject", office.person("anna"), note="mistake").state == "rejected"


@pytest.mark.parametrize("choice", ["approve", "reject", "revoke"])
def test_it_takes_the_role(office: Office, choice: Choice) -> None:
    office.approvals.submit(refresh(by="cleo"))
    with pytest.raises(Denied, match="not the role approver"):
        office.approvals.decide("AR-000001", choice, office.person("dora"))


def test_an_admin_of_the_proxy_may_decide(office: Office) -> None:
    office.approvals.submit(refresh())
    admin = Person("zoe", frozenset({"admin"}), source="proxy")
    assert office.approvals.decide("AR-000001", "approve", admin).state == "granted"


def test_a_rejection_reaches_the_requester_with_its_note(office: Office) -> None:
    office.approvals.submit(refresh())
    rejected = office.approvals.decide("AR-000001", "reject", office.person("ben"), note="after the audit")
    assert (rejected.state, rejected.reason) == ("rejected", "rejected by ben: after the audit")
    with pytest.raises(Denied, match="is rejected"):
        office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert [runs for _, runs in office.approvals.stranded()] == [("run-1",)]


def test_a_grant_is_revoked_and_what_was_said_stays(office: Office) -> None:
    office.approved(refresh(), "anna")
    revoked = office.approvals.decide("AR-000001", "revoke", office.person("anna"), note="oops", run_id="word-2")
    assert revoked.state == "revoked"
    assert [(d.who, d.choice, d.run_id) for d in revoked.decisions] == [
        ("anna", "approve", ""),
        ("anna", "revoke", "word-2"),
    ]
    with pytest.raises(Denied, match="is revoked"):
        office.approvals.decide("AR-000001", "revoke", office.person("ben"))


def test_personal_data_takes_both_groups(office: Office) -> None:
    held = office.approvals.submit(refresh(facts=Facts(pii="masked")))
    assert (held.quorum, held.groups) == (2, frozenset({"platform", "governance"}))
    assert office.approvals.decide(held.request, "approve", office.person("anna")).state == "pending"
    with pytest.raises(Denied, match="approved it already"):
        office.approvals.decide(held.request, "approve", office.person("anna"))
    with pytest.raises(Denied, match="not in governance"):
        office.approvals.decide(held.request, "approve", office.person("cleo"))
    granted = office.approvals.decide(held.request, "approve", office.person("ben"))
    assert (granted.state, {d.who for d in granted.decisions}) == ("granted", {"anna", "ben"})


def test_one_person_of_two_spellings_counts_once(office: Office) -> None:
    office.approvals.submit(refresh(by="nobody", known=False))
    office.approvals.decide("AR-000001", "approve", office.person("anna"))
    other = Person("anna@example.org", frozenset({"approver"}), source="proxy")
    with pytest.raises(Denied, match="approved it already"):
        office.approvals.decide("AR-000001", "approve", other)
    assert office.approvals.request("AR-000001").state == "pending"


def test_policy_may_keep_somebody_from_approving(tmp_path: Path) -> None:
    rules = '@id("cleo-learns") forbid (principal == Person::"cleo", action == Action::"approve", resource);'
    office = Office(tmp_path, policies=own_policies(tmp_path / "own", rules))
    office.approvals.submit(refresh())
    with pytest.raises(Denied, match="cleo-learns"):
        office.approvals.decide("AR-000001", "approve", office.person("cleo"))
    assert office.approvals.decide("AR-000001", "approve", office.person("anna")).state == "granted"
    office.store.close()


def test_policy_is_asked_again_when_somebody_decides(tmp_path: Path) -> None:
    rules = own_policies(tmp_path / "own")
    office = Office(tmp_path, policies=rules)
    office.approvals.submit(refresh())
    (rules / "own.cedar").write_text(
        '@id("four-eyes") forbid (principal, action in Action::"change", resource == Environment::"prod")'
        " when { context.approvals < 2 };"
    )
    pending = office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert (pending.state, pending.quorum) == ("pending", 2)
    assert "four-eyes" in pending.rules
    (rules / "own.cedar").write_text('@id("closed") forbid (principal, action in Action::"change", resource);')
    with pytest.raises(Denied, match="closed"):
        office.approvals.decide("AR-000001", "approve", office.person("ben"))
    assert office.approvals.request("AR-000001").state == "pending"
    office.store.close()


def test_a_word_on_a_changed_request_does_not_count(office: Office) -> None:
    office.approvals.submit(refresh())
    office.approvals.submit(refresh("run-2", {ORDERS: D2}, by="ben"))
    office.edit("requests", "AR-000002", effects=_effects_of(office, "AR-000001"))
    with pytest.raises(Denied, match="changed in the store"):
        office.approvals.decide("AR-000002", "approve", office.person("anna"))


def _effects_of(office: Office, request: str) -> str:
    from agents.core.digest import canonical_json

    return canonical_json(office.approvals.request(request).effects.to_json())
