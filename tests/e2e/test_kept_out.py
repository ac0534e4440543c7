"""Secrets and personal values, put in wherever people and sources can put them: where they stand afterwards."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agents.core.errors import Denied
from platform_defs import journey
from tests.e2e.conftest import Refused, Running
from tests.e2e.people import approver
from tests.e2e.test_approvals import ended, held
from tests.e2e.test_attacks import reload

BIN = Path(sys.executable).parent
# Put together here, so that nobody who looks through this repository takes them for real ones.
SECRETS: Mapping[str, str] = {
    "code host": "ghp" + "_" + "Zq7RtY2mKp" * 4,
    "cloud": "AKI" + "A" + "Q3ZT7WKPL2MXVB5D",
    "payments": "sk_li" + "ve_" + "9fGh2JkLmN4pQrStUvWx",
    "chat": "xox" + "b-" + "827364518273-Kq8WzRtYpLmN",
    "storage": "DefaultEndpointsProtocol=https;AccountName=lake;Account" + "Key=" + "Hq9TzKp3" * 8 + "==",
    "database": "postgresql" + "://loader:Vq8wNt2zRk@db.example.com:5432/shop",
    "private key": "-----BEGIN RSA PRIV" + "ATE KEY-----\nMIIEpQw9ZtKq8rNv\n-----END RSA PRIV" + "ATE KEY-----",
    "password": "pass" + "word is Wq7zTr0ubad0r",
}
MARKS = {
    "code host": "Zq7RtY2mKp",
    "cloud": "Q3ZT7WKPL2MXVB5D",
    "payments": "9fGh2JkLmN4p",
    "chat": "Kq8WzRtYpLmN",
    "storage": "Hq9TzKp3",
    "database": "Vq8wNt2zRk",
    "private key": "MIIEpQw9ZtKq8rNv",
    "password": "Wq7zTr0ubad0r",
}
PERSON = {"e-mail": "zuleika.quux@", "card": "4556737586899855", "name": "Quuxington"}
GIVEN = ("Anna", "Piotr", "Maria", "Olaf", "Ingrid", "Samuel", "Noor", "Yusuf")
PLANTED = re.compile("|".join(map(re.escape, (*MARKS.values(), *PERSON.values()))))
SPECS = """\
type: platform_defs.DataProduct
attributes:
  name: amounts
  tables:
    - {name: amounts, layer: gold, sql: SELECT CAST(contact AS BIGINT) AS n FROM bronze.support_tickets}
"""
NAMED = """
type: platform_defs.DataProduct
attributes:
  name: named
  tables:
    - {name: named, layer: gold, sql: SELECT 1 AS n, description: "%s"}
"""


def plant(file: Path) -> None:
    """A help desk's tickets, in which people wrote what they should not, and a table with a key for a name."""
    said = list(SECRETS.values())
    with sqlite3.connect(file, timeout=30) as db:
        db.execute(
            'CREATE TABLE "support.tickets" (ticket_id bigint NOT NULL PRIMARY KEY, contact nvarchar(90), '
            "card nvarchar(30), caller_name nvarchar(90), severity int, body nvarchar(900), opened_at datetime2)"
        )
        db.executemany(
            'INSERT INTO "support.tickets" VALUES (?, ?, ?, ?, ?, ?, ?)',
            [
                (
                    n,
                    f"{PERSON['e-mail']}x{n % 40}.example.org",
                    PERSON["card"],
                    f"{GIVEN[n % len(GIVEN)]} {PERSON['name']}",
                    f"{PERSON['e-mail']}example.org" if n == 17 else n % 4,
                    f"it fails with {said[n % len(said)]} since {n}" if n % 3 == 0 else f"call {n} back",
                    f"2026-01-{1 + n % 28:02} 08:00:00",
                )
                for n in range(240)
            ],
        )
        db.execute(
            f'CREATE TABLE "support.oddities" (id int NOT NULL PRIMARY KEY, "{SECRETS["code host"]}" nvarchar(9))'
        )
        db.execute('INSERT INTO "support.oddities" VALUES (1, 1)')
    db.close()


@pytest.fixture(scope="module")
def desk(running: Running) -> Iterator[str]:
    """The tickets, loaded, checked, scanned and masked; the goal's id."""
    file = running.home.state / "sources" / "sales.sqlite"
    plant(file)
    yield running.submit("Sync the support tickets table every day, check its quality, scan it for PII and mask it")
    with sqlite3.connect(file, timeout=30) as db:
        db.execute('DROP TABLE "support.tickets"')
        db.execute('DROP TABLE "support.oddities"')
    db.close()


def adp(running: Running, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ADP_STATE": str(running.home.state)}
    return subprocess.run([BIN / "adp", *words], env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_goal_that_holds_a_secret_is_refused_and_its_words_are_kept_nowhere(
    running: Running, desk: str, kind: str
) -> None:
    words = f"Sync the sales customers table daily, login {SECRETS[kind]}"
    before = len(running.platform.store.goals())
    with pytest.raises(Refused, match="holds a secret"):
        running.launch("goal", config={"ops": {"plan": {"config": {"goal": words, "requester": "e2e"}}}})
    with pytest.raises(Denied, match="holds a secret"):
        running.submit(words)
    assert len(running.platform.store.goals()) == before


def test_the_command_line_refuses_it_too_and_says_what_to_do(running: Running, desk: str) -> None:
    for command in ("goal", "plan"):
        told = adp(running, command, f"Load the orders, {SECRETS['database']}")
        assert told.returncode == 1
        assert "holds a secret" in told.stderr
        assert "${secret:NAME}" in told.stderr
        assert not PLANTED.search(told.stdout + told.stderr)


def test_a_note_that_holds_a_secret_is_no_decision(running: Running, desk: str) -> None:
    goal_id = running.submit("Load the sales products table into production every tuesday")
    request = held(running, goal_id)
    who = approver(running.platform)
    for note in (SECRETS["payments"], SECRETS["password"]):
        with pytest.raises(Denied, match="holds a secret"):
            journey.approve(running.client, running.platform, request.id, name=who.name, code=who.code(), note=note)
    assert running.platform.approvals.request(request.id).state == "pending"
    journey.approve(
        running.client, running.platform, request.id, name=who.name, code=who.code(), note="no", decision="reject"
    )


def test_what_a_help_desk_wrote_is_in_its_table_and_in_nothing_that_tells_of_it(running: Running, desk: str) -> None:
    row = running.wait(desk)
    assert row.status == "live", row.reason
    entry = (running.platform.specs.find("bronze/support_tickets") or ("", {}))[1]
    classes = {name: column.get("pii") for name, column in entry["columns"].items()}
    assert classes["contact"] == "EMAIL_ADDRESS"
    assert classes["body"] not in (None, "none")

    folder = running.home.specs / "amounts"
    folder.mkdir()
    (folder / "defs.yaml").write_text(SPECS)
    reload(running)
    failing = running.launch("__ASSET_JOB", assets=[["dev", "gold", "amounts"]])
    assert ended(running, failing) == "FAILURE"
    assert "Conversion" in running.client.status(failing)[1]
    odd = running.submit("Load the support oddities table once")
    assert running.wait(odd).status == "failed"
    assert "the name of column 2 holds a secret" in running.platform.store.goal(odd).reason
    (folder / "defs.yaml").write_text(NAMED % SECRETS["storage"])
    assert "a secret stands here" in adp(running, "doctor").stdout
    reload(running)
    (folder / "defs.yaml").unlink()
    reload(running)

    assert adp(running, "ledger", "export", str(running.home.state / "ledger.jsonl")).returncode == 0
    left = {name: found for name, text in told_of(running) if (found := PLANTED.findall(text))}
    assert left == {}


DATA = ("lake/dev/bronze/support_tickets", "lake/dev/quarantine/bronze_support_tickets", "sources")


def told_of(running: Running) -> Iterator[tuple[str, str]]:
    """Everything that a deployment keeps but the rows themselves: store, ledger, events, logs, reports, git, views."""
    state = running.home.state
    for path in sorted(state.rglob("*")):
        name = str(path.relative_to(state))
        if path.is_file() and not name.startswith(DATA):
            yield name, path.read_bytes().decode("latin-1")
    log = ["git", "-C", str(running.home.specs), "log", "--all", "-p", "--format=%an %ae %B"]
    yield "git", subprocess.run(log, capture_output=True, text=True, check=True).stdout
    for table in running.platform.lake.tables("dev"):
        if not str(table).endswith("support_tickets") or table.layer == "masked":
            yield str(table), str(running.platform.lake.read(table).read_all().to_pylist())
