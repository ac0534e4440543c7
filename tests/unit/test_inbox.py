"""The inbox shows what the store says, once, whatever somebody paints over it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus

from agents.core.approval import Facts, RunFacts
from resources.holding import APPROVAL, GRANTED, PENDING
from resources.inbox import PARTITIONS, decide_at
from resources.store_goals import tables
from tests.unit.inbox_site import SPEC, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with DagsterInstance.ephemeral() as instance:
        yield Site(tmp_path, instance)


def test_a_held_run_shows_once_with_its_evidence_and_people_hear_of_it_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    request = site.request(site.hold())
    with caplog.at_level(logging.INFO, "adp.notices"):
        site.tick()
        events = site.events()
        site.tick()
        site.tick(cursor="9999")
        Site(Path(site.platform.settings.state_dir), site.instance).tick()
    assert site.partitions() == [request.id]
    assert site.decided() == set()
    assert (events, site.events()) == (1, 1)
    shown = site.card(request.id)
    assert shown["card"] == site.platform.approvals.card(request.id)
    assert "prod/bronze/orders" in shown["card"]
    assert request.digest in shown["card"]
    assert shown["state"] == "pending"
    notices = [record.getMessage() for record in caplog.records]
    assert len(notices) == 1
    assert request.id in notices[0]
    assert decide_at(request.id) in notices[0]
    assert decide_at(request.id, "reject") in shown["decide"]


def test_the_link_fills_in_the_launchpad_but_for_who_decides() -> None:
    address = urlsplit(decide_at("AR-000042~1", "reject"))
    asked = parse_qs(address.query, keep_blank_values=True)
    assert address.path == "/locations/agentic-data-platform/jobs/decide/playground/setup"
    config = yaml.safe_load(asked["config"][0])["ops"]["platform__approvals"]["config"]
    assert config == {"decision": "reject", "name": "", "code": "", "note": ""}
    assert (asked["tags[0][key]"], asked["tags[0][value]"]) == (["dagster/partition"], ["AR-000042~1"])


def test_a_request_painted_as_decided_goes_on_under_a_fresh_name(site: Site) -> None:
    request = site.request(site.hold())
    site.tick()
    for fresh in (f"{request.id}~1", f"{request.id}~2"):
        site.paint(site.partitions()[0], state="granted", decision="approve", by="anna")
        site.tick()
        assert site.partitions() == [fresh]
        assert site.card(fresh)["card"] == site.platform.approvals.card(request.id)
        assert decide_at(fresh) in site.card(fresh)["decide"]
    assert site.platform.approvals.request(request.id).state == "pending"


def test_evidence_that_somebody_painted_is_shown_right_again(site: Site) -> None:
    request = site.request(site.hold())
    site.tick()
    true = site.card(request.id)
    site.paint(request.id, dg.AssetObservation, card="harmless", decide="[Approve](https://evil.example)")
    site.tick()
    assert site.card(request.id) == true


def test_invented_requests_go_and_deleted_ones_come_back(site: Site) -> None:
    waiting = site.request(site.hold()).id
    over = site.request(site.hold("prod/bronze/customers")).id
    site.say(over, choice="reject")
    site.tick()
    invented = ("AR-999999", f"{waiting}~7", f"{waiting}~x", "anything")
    site.instance.add_dynamic_partitions(PARTITIONS, invented)
    site.instance.delete_dynamic_partition(PARTITIONS, waiting)
    site.instance.delete_dynamic_partition(PARTITIONS, over)
    site.tick()
    assert site.partitions() == [waiting, over]


def test_a_decision_that_somebody_painted_over_is_shown_right_again(site: Site) -> None:
    request = site.request(site.hold()).id
    site.say(request, choice="reject", note="not before the audit")
    site.tick()
    site.paint(request, state="granted", decision="approve", by="anna")
    site.tick()
    assert site.end(request)["state"] == "rejected"
    assert "not before the audit" in site.end(request)["card"]
    events = site.events()
    site.tick()
    assert site.events() == events


@pytest.mark.parametrize("how", ["deleted", "cancelled"])
def test_a_held_run_that_is_gone_takes_its_request_along(site: Site, how: str) -> None:
    run_id = site.hold()
    request = site.request(run_id).id
    site.tick()
    run = site.instance.get_run_by_id(run_id)
    assert run is not None
    site.instance.delete_run(run_id) if how == "deleted" else site.instance.report_run_canceled(run)
    site.tick()
    assert site.platform.approvals.request(request).state == "cancelled"
    assert site.end(request)["state"] == "cancelled"


def test_the_runs_of_a_rejected_request_are_cancelled_and_say_the_note(site: Site) -> None:
    run_id = site.hold()
    site.say(site.request(run_id).id, choice="reject", note="not before the audit")
    site.tick()
    assert site.status(run_id) is DagsterRunStatus.CANCELED
    assert "not before the audit" in site.messages(run_id)


def test_an_expired_request_lets_nothing_wait_for_it(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    run_id = site.hold()
    request = site.request(run_id).id
    site.tick()
    site.overdue(request)
    with caplog.at_level(logging.INFO, "adp.notices"):
        site.tick()
    assert site.platform.approvals.request(request).state == "expired"
    assert site.status(run_id) is DagsterRunStatus.CANCELED
    assert site.end(request)["state"] == "expired"
    assert any("expired" in record.getMessage() for record in caplog.records)


def test_a_newer_spec_supersedes_what_waited(site: Site) -> None:
    older = site.hold()
    newer = site.hold(spec=SPEC[:-1] + "2")
    site.tick()
    assert site.request(older).state == "superseded"
    assert site.status(older) is DagsterRunStatus.CANCELED
    assert site.status(newer) is DagsterRunStatus.QUEUED
    assert site.request(newer).state == "pending"


def test_a_release_that_was_lost_is_made_up_for(site: Site) -> None:
    run_id = site.hold()
    site.say(site.request(run_id).id)
    site.tick()
    for _ in range(2):
        run = site.instance.get_run_by_id(run_id)
        assert run is not None
        assert run.tags[APPROVAL] == GRANTED
        site.instance.add_run_tags(run_id, {APPROVAL: PENDING})
        site.tick()
    assert site.status(run_id) is DagsterRunStatus.QUEUED


def test_nothing_is_released_before_the_last_approver_has_spoken(site: Site) -> None:
    run_id = site.hold(known=False)
    request = site.request(run_id).id
    site.say(request)
    site.tick()
    run = site.instance.get_run_by_id(run_id)
    assert run is not None
    assert run.tags[APPROVAL] == PENDING
    assert site.card(request)["approvals"] == "1 of 2"


def test_what_a_run_may_write_ends_with_it(site: Site) -> None:
    run_id = site.hold()
    request = site.request(run_id)
    site.say(request.id)
    found = site.platform.approvals
    found.launch(RunFacts(run_id, "__ASSET_JOB", request.effects, request.requester, Facts(pii="none")))
    site.tick()
    assert found.lease(run_id) is not None
    run = site.instance.get_run_by_id(run_id)
    assert run is not None
    site.instance.report_run_failed(run)
    site.tick()
    assert found.lease(run_id) is None


def test_one_request_that_cannot_be_shown_keeps_no_other_from_it(site: Site) -> None:
    broken, fine = site.request(site.hold()).id, site.request(site.hold("prod/bronze/customers")).id
    requests = tables().requests
    with site.platform.store.database().write() as connection:
        connection.execute(requests.update().where(requests.c.id == broken).values(effects="{"))
    with pytest.raises(ValueError, match="property name"):
        site.tick()
    assert site.partitions() == [broken, fine]
    assert site.card(fine)["state"] == "pending"


# The run of a decision


def test_a_run_that_decided_shows_how(site: Site) -> None:
    request = site.request(site.hold()).id
    site.tick()
    run_id = "11111111-1111-4111-8111-111111111111"
    site.say(request, note="go ahead", run_id=run_id)
    assert site.run(request, run_id, name="anna", code="123456").success
    told = site.end(request)
    assert (told["decision"], told["by"], told["note"], told["state"]) == ("approve", "anna", "go ahead", "granted")
    assert "123456" not in str(told)
    events = site.events()
    site.tick()
    assert site.events() == events


def test_a_run_that_decided_nothing_fails(site: Site) -> None:
    request = site.request(site.hold()).id
    site.tick()
    done = site.run(request, "22222222-2222-4222-8222-222222222222", name="anna", code="123456")
    assert not done.success
    assert site.decided() == set()
    assert site.platform.approvals.request(request).state == "pending"


def test_a_request_that_waits_for_a_second_approver_stays_missing(site: Site) -> None:
    request = site.request(site.hold(known=False)).id
    site.tick()
    run_id = "33333333-3333-4333-8333-333333333333"
    site.say(request, run_id=run_id)
    assert site.run(request, run_id, name="anna", code="123456").success
    assert site.decided() == set()
    site.tick()
    assert site.partitions() == [request]
    assert site.card(request)["approvals"] == "1 of 2"


def test_an_instance_beside_the_deployments_own_closes_nothing(site: Site) -> None:
    run_id = site.hold()
    home = site.platform.settings.state_dir / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text("{}")
    with DagsterInstance.ephemeral() as other:
        Site(Path(site.platform.settings.state_dir), other).tick()
    assert site.request(run_id).state == "pending"
