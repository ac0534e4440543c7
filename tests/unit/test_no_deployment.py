"""Where no deployment is, commands that look at one say so and leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agents.core.errors import ConfigError
from platform_defs.cli import app

LOOKING = [
    "requests", "requests AR-000001", "decide AR-000001 approve --name ada --code 1", "report", "report G-000001",
    "ledger verify", "ledger export audit.jsonl", "ledger accept --why x", "read bronze/orders", "access list",
    "access request bronze/orders --reason x", "access revoke AR-000001", "approvals list", "approvals revoke ada",
    "catalog", "goal x", "promote bronze/orders", "rollback bronze/orders", "override bronze/orders --clear",
    "quality scorecard", "quality scorecard bronze/orders", "quality confirm bronze/orders",
    "quality quarantine bronze/orders", "quality replay bronze/orders --dry-run", "quality replay bronze/orders",
    "quality repair bronze/orders --dry-run", "quality repair bronze/orders", "quality undo bronze/orders",
    "quality proposals bronze/orders", "quality accept bronze/orders", "quality meanings bronze/orders",
    "quality contract show bronze/orders", "quality contract check bronze/orders", "quality docs -o docs",
    "quality contract propose bronze/orders", "quality profile bronze/orders", "privacy scan bronze/orders",
    "privacy compliance", "privacy publish bronze/orders", "privacy subject find", "privacy subject export -o x.json",
    "privacy subject erase", "masking open t1.x --asset bronze/orders --column a",
]  # fmt: skip


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("STATE", "SPECS", "CONNECTIONS", "STORE_URL", "LAKE_DEV"):
        monkeypatch.delenv(f"ADP_{name}", raising=False)
    return tmp_path


def adp(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), input="ada@example.com\n")


@pytest.mark.parametrize("command", LOOKING)
def test_looking_says_that_nothing_is_here_and_makes_nothing(nowhere: Path, command: str) -> None:
    told = adp(*command.split())
    assert told.exit_code == 1
    assert isinstance(told.exception, ConfigError)
    assert "no deployment" in str(told.exception)
    assert "adp up" in told.exception.fix
    assert told.stdout == ""
    assert not [*nowhere.iterdir()]


def test_a_plan_and_a_check_up_need_none_and_make_none(nowhere: Path) -> None:
    assert adp("plan", "Load the orders every night", "--json").exit_code == 0
    told = adp("doctor", "--json")
    found = {finding["what"]: finding for finding in json.loads(told.stdout)}
    assert "none here yet" in found["deployment"]["state"]
    assert not {"store", "ledger", "approvers"} & found.keys()
    assert not [*nowhere.iterdir()]


def test_files_need_none(nowhere: Path) -> None:
    (nowhere / "f.csv").write_text("a,b\n1,2\n")
    for command in ("quality profile f.csv", "privacy scan f.csv", "quality cells -i f.csv -o out.csv"):
        assert adp(*command.split()).exit_code == 0
    assert sorted(path.name for path in nowhere.iterdir()) == ["f.csv", "out.csv"]


def test_an_empty_deployment_is_one(nowhere: Path) -> None:
    (nowhere / ".adp").mkdir()
    (nowhere / ".adp" / "deployment.json").write_text("{}")
    assert adp("requests").stdout == "nothing waits\n"
    told = adp("doctor").stdout
    assert "warn  approvers: nobody may approve yet" in told
