"""`adp approvals`: a person is enrolled, listed and revoked, as somebody at a terminal does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from pyotp import parse_uri
from typer.testing import CliRunner, Result

from agents.core.errors import ConfigError, Denied, StateError
from platform_defs.commands import approvals
from resources.platform import Platform
from resources.settings import load_settings

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ADP_STATE", str(tmp_path))
    monkeypatch.setenv("ADP_LOCAL_USER", "root")
    app = typer.Typer()
    approvals.register(app)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(app, ["approvals", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def platform(folder: Path) -> Platform:
    return Platform.of(load_settings({"ADP_STATE": str(folder)}))


def test_a_person_is_enrolled_listed_and_revoked(run: Run, tmp_path: Path) -> None:
    shown = run("add", "ada@example.com", "--group", "platform", "--group", "governance", "--alias", "ada").output
    assert "█" in shown
    uri = next(line.strip("()") for line in shown.splitlines() if "otpauth://" in line)
    people = platform(tmp_path).people
    assert people.verify("ada", parse_uri(uri).now()).groups == {"platform", "governance"}  # type: ignore[attr-defined]
    listed = run("list").output
    assert "ada@example.com: approver, groups governance, platform, also ada (store; authenticator enrolled)" in listed
    assert uri.split("secret=")[1][:32] not in listed
    assert json.loads(run("list", "--json").output)[0]["enrolled"] is True
    assert run("revoke", "ADA").exit_code == 0
    assert "nobody yet" in run("list").output
    with pytest.raises(Denied):
        people.verify("ada", parse_uri(uri).now())  # type: ignore[attr-defined]
    first = next(platform(tmp_path).ledger.records(kind="person")).entry
    assert (first.who, first.what, first.subject) == ("root", "enrolled", "ada@example.com")


def test_people_of_the_file_are_listed_before_they_enrol(run: Run, tmp_path: Path) -> None:
    (tmp_path / "approvers.yaml").write_text("people: [{name: bert, roles: [admin]}]")
    assert "bert: admin (file; no authenticator yet)" in run("list").output
    made = json.loads(run("add", "bert", "--json").output)
    assert made["name"] == "bert"
    assert made["secret"] in made["uri"]
    assert "bert: admin (file; authenticator enrolled)" in run("list").output


def test_wrong_use_says_what_to_do(run: Run) -> None:
    run("add", "ada")
    with pytest.raises(StateError, match="adp approvals revoke ada, then add"):
        run("add", "Ada")
    with pytest.raises(ConfigError, match="unknown role 'king'"):
        run("add", "bert", "--role", "king")
    with pytest.raises(StateError, match="nobody of that name"):
        run("revoke", "bert")
    assert run("add").exit_code == 2
