"""Requests to read personal data: in the inbox like any other, though no run waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from agents.core.approval import Effects, Facts, Requester, RunFacts
from agents.core.catalog import TableId
from agents.core.errors import ApprovalRequired
from resources.access import Reader
from tests.unit.inbox_site import Site

PEOPLE = TableId("prod", "silver", "people")
CARL = Reader("carl", proven=True)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with DagsterInstance.ephemeral() as instance:
        yield Site(tmp_path, instance)


def ask(site: Site, *columns: str, reader: Reader = CARL, hours: float = 8) -> str:
    return site.platform.access.request(reader, PEOPLE, columns, hours, "complaint 4711").request


def test_a_request_stays_in_the_inbox_until_it_is_decided(site: Site) -> None:
    request = ask(site, "email")
    for _ in range(2):
        site.tick()
    assert site.partitions() == [request]
    assert "complaint 4711" in site.card(request)["card"]
    assert site.platform.approvals.request(request).state == "pending"
    site.say(request, "ben")
    site.tick()
    assert site.decided() == {request}
    assert site.platform.access.permission(CARL, PEOPLE, ["email"]).request == request


def test_requests_of_several_people_wait_side_by_side(site: Site) -> None:
    mine, hers = ask(site, "email"), ask(site, "email", reader=Reader("dora", proven=True))
    narrower = ask(site, "city")
    assert len({mine, hers, narrower}) == 3
    site.hold("prod/silver/people")
    assert {request.state for request in site.platform.approvals.requests()} == {"pending"}
    site.say(hers, "ben")
    with pytest.raises(ApprovalRequired):
        site.platform.access.permission(CARL, PEOPLE, ["email"])


def test_a_permission_to_read_lets_no_run_write(site: Site) -> None:
    site.say(ask(site), "ben")
    effects = Effects("prod", ("write_data",), dict(site.platform.access.requests()[0].effects.assets))
    run = RunFacts("run-1", "__ASSET_JOB", effects, Requester("carl", True), Facts(pii="none"))
    assert site.platform.approvals.submit(run).verdict == "ask"


def test_who_is_not_proven_uses_no_permission(site: Site) -> None:
    site.say(ask(site), "ben")
    assert site.platform.access.permission(CARL, PEOPLE, ["email"])
    with pytest.raises(ApprovalRequired):
        site.platform.access.permission(Reader("carl", proven=False), PEOPLE, ["email"])


def test_a_run_that_calls_itself_a_reader_is_no_request_to_read(site: Site) -> None:
    step = {"agent": "person", "action": "read", "inputs": {"person": "carl", "hours": 9999, "columns": []}}
    forged = Effects("prod", ("write_data",), {}, (step,), unknown=("person.read",))
    assert forged.access is None
