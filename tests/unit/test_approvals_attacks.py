"""What an attacker tries on requests, grants and leases, also with the database in their hands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.core.approval import Effects
from agents.core.digest import canonical_json
from agents.core.errors import ApprovalRequired, ConfigError, Denied, StateError
from resources.approvals import Approvals
from resources.fakes import MemorySecrets
from resources.keys import Keys
from resources.store_goals import tables
from tests.unit.approval_desk import CUSTOMERS, D1, D2, ORDERS, Office, own_policies, refresh, work


@pytest.fixture
def office(tmp_path: Path) -> Generator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize(
    "effects",
    [
        Effects("prod", ("write_data",), {ORDERS: D2}),
        Effects("prod", ("write_data",), {CUSTOMERS: D1}),
        Effects("prod", ("write_data",), {ORDERS: D1, CUSTOMERS: D1}),
        Effects("prod", ("write_data", "delete"), {ORDERS: D1}),
        Effects("prod", ("write_data",), {ORDERS: D1}, config={"ops": {}}),
        Effects("prod", ("write_data",), {ORDERS: D1}, selection=("orders",)),
        Effects("prod", ("write_data",), {ORDERS: D1}, unknown=("orders2",)),
        Effects("prod", ("write_data",), {ORDERS: D1}, steps=({"agent": "pipeline", "action": "optimize"},)),
        Effects("dev", ("write_data",), {ORDERS: D1}, config={"x": 1}),
        Effects("dev", ("write_data",), {"Prod/bronze/orders": D1}),
        Effects("dev", ("write_data",), {" prod /bronze/orders": D1}),
    ],
)
def test_a_grant_is_no_use_for_anything_else(office: Office, effects: Effects) -> None:
    office.approved(refresh())
    run = replace(refresh("run-2"), effects=effects)
    assert office.approvals.submit(run).verdict == "ask"
    with pytest.raises(ApprovalRequired):
        office.approvals.launch(run)
    assert office.approvals.lease("run-2") is None


def test_an_approval_that_somebody_wrote_into_the_store_is_none(office: Office) -> None:
    run = refresh(known=False)  # so two have to approve
    request = office.approvals.submit(run).request
    forged = {"request_id": request, "who": "ben", "choice": "approve", "groups": '["governance"]', "at": 1.0}
    ben, signed = canonical_json({**forged, "kind": "vote", "request": request, "digest": run.effects.digest}), "x"
    with office.store.database().write() as connection:
        connection.execute(tables().decisions.insert().values(**forged, note="", run_id=""))
        connection.execute(tables().votes.insert().values(request_id=request, who="ben", payload=ben, signature=signed))
    office.approvals.decide(request, "approve", office.person("anna"))
    assert office.approvals.request(request).state == "pending"
    assert office.approvals.judge(run).verdict == "ask"
    office.approvals.decide(request, "approve", office.person("ben"))
    assert office.approvals.request(request).state == "granted"


def test_an_approval_of_another_request_counts_for_that_alone(office: Office) -> None:
    first = office.approvals.submit(refresh(known=False)).request
    second = office.approvals.submit(refresh("run-2", {CUSTOMERS: D1}, known=False)).request
    office.approvals.decide(first, "approve", office.person("ben"))
    with office.store.database().write() as connection:
        connection.execute(tables().votes.update().values(request_id=second))
    office.approvals.decide(second, "approve", office.person("anna"))
    assert office.approvals.request(second).state == "pending"


def test_who_asked_cannot_be_edited_away(office: Office) -> None:
    request = office.approvals.submit(refresh(by="anna")).request
    other = canonical_json({"name": "dora", "known": True, "claimed": []})
    office.edit("requests", request, requester=other)
    office.edit("run_records", "run-1", requester=other)
    with pytest.raises(Denied, match="nobody approves their own request"):
        office.approvals.decide(request, "approve", office.person("anna"))


def test_a_grant_of_staging_is_no_use_in_production(office: Office) -> None:
    office.approved(work("run-1", "provision", environment="staging"))
    assert office.approvals.judge(work("run-2", "provision", environment="prod")).verdict == "ask"


def test_a_single_use_grant_serves_one_run(office: Office) -> None:
    run = work("run-1", "delete", assets={ORDERS: D1}, action="delete")
    office.approved(run, "anna", "ben")
    assert office.approvals.submit(replace(run, run_id="run-2")).request == "AR-000002"
    with pytest.raises(ApprovalRequired):
        office.approvals.launch(replace(run, run_id="run-2"))
    assert office.approvals.launch(run) is not None
    assert office.approvals.launch(run) is not None, "the same run resumed"
    assert office.approvals.judge(replace(run, run_id="run-3")).verdict == "ask"
    assert office.approvals.judge(refresh("run-4")).verdict == "ask", "nothing is refreshed under it"
    office.approvals.end_leases(["run-1"])
    with pytest.raises(Denied, match="ended"):
        office.approvals.launch(run)


def test_of_two_equal_runs_one_uses_the_grant_up(office: Office) -> None:
    run = work("run-1", "provision", action="provision")
    office.approvals.submit(run)
    assert office.approvals.submit(replace(run, run_id="run-2")).duplicate_of == "run-1"
    office.approvals.decide("AR-000001", "approve", office.person("anna"))
    assert [runs for _, runs in office.approvals.releasable()] == [("run-1",)]
    assert office.approvals.launch(replace(run, run_id="run-2")) is not None
    with pytest.raises(ApprovalRequired):
        office.approvals.launch(run)
    assert office.approvals.releasable() == []


def test_a_grant_revoked_or_expired_while_queued_starts_nothing(office: Office) -> None:
    office.approved(refresh("run-1", {ORDERS: D1}))
    office.approved(refresh("run-2", {CUSTOMERS: D1}))
    office.approvals.decide("AR-000001", "revoke", office.person("ben"))
    office.clock.hours(91 * 24)
    for run in (refresh("run-1", {ORDERS: D1}), refresh("run-2", {CUSTOMERS: D1})):
        with pytest.raises((ApprovalRequired, Denied)):
            office.approvals.launch(run)
    assert office.approvals.releasable() == []


def test_a_lease_ends_with_its_grant_and_with_its_time(office: Office) -> None:
    office.approved(refresh())
    office.approvals.launch(refresh())
    office.clock.hours(23)
    assert office.approvals.lease("run-1") is not None
    office.clock.hours(2)
    assert office.approvals.lease("run-1") is None
    office.approvals.launch(refresh())
    assert office.approvals.lease("run-1") is not None
    office.approvals.revoke("AR-000001", "anna")
    assert office.approvals.lease("run-1") is None


def test_a_lease_is_for_its_own_run(office: Office) -> None:
    office.approved(refresh())
    office.approvals.launch(refresh())
    assert office.approvals.lease("run-2") is None
    assert office.approvals.lease("") is None
    leases = tables().leases
    with office.store.database().write() as connection:
        row = connection.execute(leases.select()).one()
        connection.execute(leases.insert().values(**{**row._mapping, "run_id": "run-2"}))
    assert office.approvals.lease("run-2") is None


def test_an_edited_lease_is_no_lease(office: Office) -> None:
    office.approved(refresh())
    office.approvals.launch(refresh())
    with office.store.database().read() as connection:
        payload = json.loads(connection.execute(tables().leases.select()).one().payload)
    for change in ({"expires": 9e12}, {"effects": {**payload["effects"], "assets": {CUSTOMERS: D1}}}, {"requests": []}):
        office.edit("leases", "run-1", payload=canonical_json({**payload, **change}), expires=9e12)
        assert office.approvals.lease("run-1") is None
    office.edit("leases", "run-1", payload="no json")
    assert office.approvals.lease("run-1") is None
    office.edit("leases", "run-1", payload=canonical_json({**payload, "kind": "grant"}))
    assert office.approvals.lease("run-1") is None


def test_a_request_set_to_granted_is_not_granted(office: Office) -> None:
    office.approvals.submit(refresh())
    office.edit("requests", "AR-000001", state="granted", expires=9e12)
    assert office.approvals.judge(refresh("run-2")).verdict == "ask"
    assert office.approvals.releasable() == []
    with pytest.raises(ApprovalRequired):
        office.approvals.launch(refresh())


def test_a_forged_grant_is_no_grant(office: Office, tmp_path: Path) -> None:
    """Signed with a key of one's own, copied from another request, or edited: the row counts for nothing."""
    office.approved(refresh("run-1", {CUSTOMERS: D1}))
    run = refresh("run-2", {ORDERS: D1})
    office.approvals.submit(run)
    office.edit("requests", "AR-000002", state="granted", expires=9e12)
    db = tables()
    with office.store.database().read() as connection:
        good = connection.execute(db.grants.select()).one()
    forger = Keys(MemorySecrets({}), tmp_path / "forger")
    forger.create()
    own = {**json.loads(good.payload), "request": "AR-000002", "digest": run.effects.digest, "assets": {ORDERS: D1}}
    for payload, signature in (
        (own, forger.sign(own)),
        (own, good.signature),
        (json.loads(good.payload), good.signature),
        (own, ""),
    ):
        with office.store.database().write() as connection:
            connection.execute(db.grants.delete().where(db.grants.c.request_id == "AR-000002"))
            connection.execute(
                db.grants.insert().values(
                    request_id="AR-000002",
                    digest=run.effects.digest,
                    used_by="",
                    expires=9e12,
                    payload=canonical_json(payload),
                    signature=signature,
                )
            )
        assert office.approvals.judge(run).verdict == "ask"
        assert [request.id for request, _ in office.approvals.releasable()] == ["AR-000001"]
        with pytest.raises(ApprovalRequired):
            office.approvals.launch(replace(run, run_id="run-3"))


def test_assets_added_to_a_grant_in_the_store_are_not_covered(office: Office) -> None:
    office.approved(refresh("run-1", {ORDERS: D1}))
    with office.store.database().write() as connection:
        values = {"request_id": "AR-000001", "asset": CUSTOMERS, "spec_digest": D1}
        connection.execute(tables().grant_assets.insert().values(**values))
    office.edit("grants", "AR-000001", expires=9e12)
    assert office.approvals.judge(refresh("run-2", {ORDERS: D1, CUSTOMERS: D1})).verdict == "ask"
    office.clock.hours(91 * 24)
    office.edit("requests", "AR-000001", expires=9e12)
    assert office.approvals.judge(refresh("run-3", {ORDERS: D1})).verdict == "ask"


def test_a_store_rolled_back_to_an_older_copy_is_noticed(office: Office, tmp_path: Path) -> None:
    office.approved(refresh())
    office.approvals.launch(refresh())
    office.store.close()
    shutil.copy(tmp_path / "store.db", tmp_path / "copy.db")
    office.approvals.revoke("AR-000001", "anna", "wrong")
    office.store.close()
    for name in ("store.db-wal", "store.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", tmp_path / "store.db")
    for attempt in (
        lambda: office.approvals.lease("run-1"),
        lambda: office.approvals.launch(refresh("run-2")),
        lambda: office.approvals.submit(refresh("run-2")),
        lambda: office.approvals.decide("AR-000001", "revoke", office.person("anna")),
    ):
        with pytest.raises(StateError):
            attempt()


def test_a_worker_without_the_signing_key_verifies_and_grants_nothing(office: Office, tmp_path: Path) -> None:
    office.approved(refresh())
    office.approvals.launch(refresh())
    public = (tmp_path / "keys" / "signing.pub").read_text().strip()
    keys = Keys(MemorySecrets({"SIGNING_PUBLIC_KEY": public}), tmp_path / "keys")
    worker = Approvals(office.store, office.ledger, office.approvals._policy, keys, office.people, clock=office.clock)  # pyright: ignore[reportPrivateUsage]
    assert worker.lease("run-1") == office.approvals.lease("run-1")
    with pytest.raises(ConfigError, match="no signing key"):
        worker.launch(refresh("run-2"))
    office.approvals.submit(refresh("run-3", {CUSTOMERS: D1}))
    with pytest.raises(ConfigError, match="no signing key"):
        worker.decide("AR-000002", "approve", office.person("anna"))
    assert office.approvals.request("AR-000002").decisions == ()


def test_a_stricter_policy_asks_again_for_what_was_approved(tmp_path: Path) -> None:
    rules = own_policies(tmp_path / "own")
    office = Office(tmp_path, policies=rules)
    office.approved(refresh())
    assert office.approvals.judge(refresh("run-2")).verdict == "allow"
    (rules / "own.cedar").write_text(
        '@id("orders-need-governance") forbid (principal, action in Action::"change", resource == Environment::"prod")'
        ' when { context has asset && context.asset == "bronze/orders" && !context.groups.contains("governance") };'
    )
    with pytest.raises(ApprovalRequired, match="governance"):
        office.approvals.launch(refresh())
    held = office.approvals.submit(refresh("run-3"))
    assert (held.request, held.groups) == ("AR-000002", frozenset({"governance"}))
    office.approvals.decide(held.request, "approve", office.person("ben"))
    assert office.approvals.launch(refresh("run-3")) is not None
    office.store.close()


def test_a_policy_that_cannot_be_read_lets_nothing_pass(tmp_path: Path) -> None:
    rules = own_policies(tmp_path / "own")
    office = Office(tmp_path, policies=rules)
    office.approved(refresh())
    (rules / "own.cedar").write_text("permit (nonsense")
    for attempt in (office.approvals.judge, office.approvals.submit, office.approvals.launch):
        with pytest.raises(ConfigError):
            attempt(refresh("run-2"))
    shutil.rmtree(rules)
    with pytest.raises(ConfigError):
        office.approvals.judge(refresh("run-2"))
    office.store.close()


def test_who_asked_stays_who_asked(office: Office) -> None:
    """A second submission or the launcher cannot put another name, or a known one, in the place of the first."""
    office.approvals.submit(refresh("run-1", by="anna", known=False))
    office.approvals.submit(refresh("run-1", by="dora", known=True))
    with pytest.raises(Denied, match="own request"):
        office.approvals.decide("AR-000001", "approve", office.person("anna"))
    office.approvals.decide("AR-000001", "approve", office.person("ben"))
    office.approvals.decide("AR-000001", "approve", office.person("cleo"))
    lease = office.approvals.launch(refresh("run-1", by="dora"))
    assert lease is not None
    assert (lease.requester.name, lease.requester.known) == ("anna", False)


def test_a_rejected_run_does_not_ride_on_a_later_grant(office: Office) -> None:
    office.approvals.submit(refresh("run-1"))
    office.approvals.decide("AR-000001", "reject", office.person("anna"))
    office.approved(refresh("run-2"), "ben")
    with pytest.raises(Denied, match="rejected"):
        office.approvals.launch(refresh("run-1"))
    assert office.approvals.launch(refresh("run-2")) is not None
