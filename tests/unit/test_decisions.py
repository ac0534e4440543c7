"""Decisions: who may decide on a request, how, and what a refused attempt leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterRunStatus
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import consume_new_runs_for_automatic_reexecution

from agents.core.approval import Requester
from platform_defs.web_identity import MARK, Who
from resources.identity import Person
from tests.unit.walls_deployment import (
    ME,
    ORDERS,
    Approver,
    Deployment,
    browser,
    deployment,
    request_of,
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path) as made:
        yield made


def test_a_refused_run_is_not_retried(tmp_path: Path) -> None:
    with deployment(tmp_path, run_retries={"enabled": True, "max_retries": 3}) as place:
        answer = place.attempt(
            "platform/approvals",
            config={"ops": {"platform__approvals": {"config": {"decision": "approve", "name": "a", "code": "123456"}}}},
            tags={"dagster/partition": "AR-000001"},
        )
        assert answer["__typename"] == "PythonError"
        records = place.instance.get_run_records()
        assert [record.dagster_run.status for record in records] == [DagsterRunStatus.FAILURE]
        with place.process() as process:
            import logging

            list(consume_new_runs_for_automatic_reexecution(process, records, logging.getLogger("test")))
        assert len(place.instance.get_runs()) == 1


def test_a_decision_without_http_is_refused_and_its_code_is_used_up(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    request, code = request_of(place, run), ann.code()
    place.instance.add_dynamic_partitions("approvals", [request])
    by_sensor = place.attempt("platform/approvals", config=ann.config(code=code), tags={"dagster/partition": request})
    assert "in the UI" in by_sensor["message"]
    reused = ann.decide(request, code=code)
    assert reused["__typename"] == "PythonError"
    assert place.platform.approvals.request(request).state == "pending"
    assert place.held(run)


def test_a_decision_beside_other_assets_is_refused(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    request = request_of(place, run)
    place.instance.add_dynamic_partitions("approvals", [request])
    answer = place.attempt(
        "platform/approvals",
        "dev/bronze/orders",
        config=ann.config(),
        tags={"dagster/partition": request},
        source=browser(),
    )
    assert "run of its own" in answer["message"]
    no_partition = place.attempt("platform/approvals", config=ann.config(), source=browser())
    assert "one request" in no_partition["message"]
    assert place.platform.approvals.request(request).state == "pending"


def test_wrong_codes_used_codes_and_strangers_decide_nothing(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    request = request_of(place, run)
    assert ann.decide(request, code="000000")["__typename"] == "PythonError"
    assert ann.decide(request, name="nobody")["__typename"] == "PythonError"
    assert place.platform.approvals.request(request).state == "pending"
    assert place.held(run)


def test_whoever_asked_cannot_approve_under_any_spelling(place: Deployment) -> None:
    me = ME
    run = place.launch(ORDERS, source=browser())
    request = request_of(place, run)
    own = Approver(place, me)
    for name in (me, me.upper(), f" {me} "):
        answer = own.decide(request, name=name)
        assert answer["__typename"] == "PythonError", name
    assert place.platform.approvals.request(request).state == "pending"


def test_a_rejection_reaches_the_request_with_its_note(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    request = request_of(place, run)
    assert "run" in ann.decide(request, "reject", note="not on a Friday")
    found = place.platform.approvals.request(request)
    assert (found.state, found.decisions[0].note) == ("rejected", "not on a Friday")
    assert run.run_id not in place.dequeue()


def test_no_code_is_kept_in_store_or_ledger(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    code = ann.code()
    ann.decide(request_of(place, run), code=code)
    database = Path(place.platform.settings.store_url.removeprefix("sqlite:///"))
    kept = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert f'"{code}"'.encode() not in kept


def test_an_approver_of_the_proxy_needs_no_code_and_starts_nothing_else(place: Deployment) -> None:
    run = place.launch(ORDERS, source=browser())
    request = request_of(place, run)
    person = Person("ann", frozenset({"approver"}), frozenset({"platform"}), (), True, "proxy")
    proxied = browser("")
    proxied.scope[MARK] = Who("ann", known=True, person=person, roles=person.roles)
    answer = place.attempt("dev/bronze/orders", source=proxied)
    assert "starts nothing else" in answer["message"]
    place.instance.add_dynamic_partitions("approvals", [request])
    said = {"ops": {"platform__approvals": {"config": {"decision": "approve", "name": "", "code": "", "note": ""}}}}
    answer = place.attempt("platform/approvals", config=said, tags={"dagster/partition": request}, source=proxied)
    assert "run" in answer, answer
    assert place.platform.approvals.request(request).state == "granted"


def test_dagsters_own_webserver_vouches_for_nobody(place: Deployment) -> None:
    run = place.launch(ORDERS, source=browser(""))
    assert place.platform.approvals.requester_of_run(run.run_id) == Requester(
        place.platform.settings.local_user, known=False
    )
    assert place.platform.approvals.requests()[0].quorum == 2
