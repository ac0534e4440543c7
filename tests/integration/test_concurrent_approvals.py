"""Several processes decide, submit, expire and launch at once, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest

from agents.core.errors import Denied
from tests.integration.approvals_work import PEOPLE, REQUESTS, at_once
from tests.integration.servers import Server, postgresql
from tests.unit.approval_desk import D1, Office, refresh, work


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    pytest.importorskip("psycopg")
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of its own for each test."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    import psycopg

    server: Server = request.getfixturevalue("server")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.url.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def office(tmp_path: Path, url: str) -> Generator[Office]:
    made = Office(tmp_path, url)
    yield made
    made.store.close()


def test_two_coordinators_make_one_request(office: Office, tmp_path: Path, url: str) -> None:
    requests = {request for worker in at_once("submit", tmp_path, url) for request in worker}
    assert requests == {"AR-000001"}
    runs = office.approvals.request("AR-000001").runs
    assert sorted(runs) == sorted([*(f"own-{n}" for n in range(3)), *(f"run-{n}" for n in range(5))])
    assert office.ledger.verify().ok


def test_two_who_approve_and_one_who_rejects_at_once_leave_one_outcome(
    office: Office, tmp_path: Path, url: str
) -> None:
    for number in range(REQUESTS):
        office.approvals.submit(refresh(f"run-{number}", {f"prod/gold/t{number}": D1}))
    said = [word for worker in at_once("decide", tmp_path, url) for word in worker]
    assert sorted(word.split()[0] for word in said) == [f"AR-{n + 1:06d}" for n in range(REQUESTS)]
    for word in said:
        request = office.approvals.request(word.split()[0])
        assert request.state == ("granted" if word.endswith("approve") else "rejected")
        assert len(request.decisions) == 1
    assert office.ledger.verify().ok


def test_two_approvals_at_once_make_one_grant_of_two(office: Office, tmp_path: Path, url: str) -> None:
    for number in range(REQUESTS):
        office.approvals.submit(refresh(f"run-{number}", {f"prod/gold/t{number}": D1}, by="nobody", known=False))
    at_once("decide", tmp_path, url)
    for request in office.approvals.requests():
        made = [what for kind, _, what in office.records(request.id) if kind == "grant"]
        if request.state == "granted":
            assert ({d.who for d in request.decisions}, made) == ({"anna", "ben"}, ["granted"])
        else:
            assert (request.state, made) == ("rejected", [])
    assert office.ledger.verify().ok


def test_an_approver_and_the_expiry_at_once_leave_one_outcome(office: Office, tmp_path: Path, url: str) -> None:
    for number in range(REQUESTS):
        office.approvals.submit(refresh(f"run-{number}", {f"prod/gold/t{number}": D1}))
    said = [word for worker in at_once("expire", tmp_path, url) for word in worker]
    assert sorted(word.split()[0] for word in said) == [f"AR-{n + 1:06d}" for n in range(REQUESTS)]
    for word in said:
        state = office.approvals.request(word.split()[0]).state
        assert state == ("expired" if word.endswith("expired") else "granted")
    assert office.ledger.verify().ok


def test_a_single_use_grant_is_used_by_one_of_many(office: Office, tmp_path: Path, url: str) -> None:
    for worker in range(len(PEOPLE)):
        office.approvals.submit(work(f"run-{worker}", "provision", action="provision"))
    office.approvals.decide("AR-000001", "approve", office.person("anna"))
    started = [run for worker in at_once("launch", tmp_path, url) for run in worker]
    assert len(started) == 1
    assert [run for run in ("run-0", "run-1", "run-2") if office.approvals.lease(run)] == started
    assert office.ledger.verify().ok


def test_threads_of_one_process_decide_once(office: Office) -> None:
    office.approvals.submit(refresh())
    done, refused = list[str](), list[str]()

    def word(name: str) -> None:
        try:
            done.append(office.approvals.decide("AR-000001", "approve", office.person(name)).state)
        except Denied as refusal:
            refused.append(refusal.what)

    threads = [threading.Thread(target=word, args=(name,)) for name in PEOPLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["granted"]
    assert len(refused) == 2
    assert office.ledger.verify().ok
