"""`adp requests`: each request in one line that tells it from the others, safe to print."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.core.approval import Effects, Requester
from platform_defs.cli import app
from tests.unit.approval_desk import D1, ORDERS, Office, refresh


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Office]:
    monkeypatch.setenv("ADP_STATE", str(tmp_path))
    made = Office(tmp_path)
    yield made
    made.store.close()


def lines(*arguments: str) -> list[str]:
    told = CliRunner().invoke(app, ["requests", *arguments])
    assert told.exit_code == 0, told.output
    return told.output.splitlines()


def test_a_line_tells_what_for_whom_and_until_when(office: Office) -> None:
    plain = refresh(facts=None)
    imaged = Effects("prod", ("write_data",), {ORDERS: D1}, tags={"dagster/image": "other"})
    office.approvals.submit(plain)
    office.approvals.submit(replace(refresh("run-2"), effects=imaged))
    second, first = lines()
    assert "load bronze/orders in prod; asked by dora 2027-01-15 08:00 UTC, 0 of 1 approvals, until" in first
    assert "load bronze/orders in prod, in another image or container; asked by dora" in second
    assert "0 of 2 approvals" in second, "which is critical"


def test_what_people_wrote_commands_no_terminal(office: Office) -> None:
    hostile = Requester("do\x1b[2Jra\nAR-000009  granted", True)
    request = office.approvals.submit(replace(refresh(), requester=hostile)).request
    office.approvals.decide(request, "reject", office.person("anna"), note="no\x1b[1A\x1b[2K\rgranted\nby all")
    for found in (lines("--all"), lines(request)):
        assert "\x1b" not in "".join(found)
        assert "rejected" in found[0]
        assert not any(line.startswith(("AR-000009", "by all")) for line in found)
