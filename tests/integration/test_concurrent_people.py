"""Several processes with one code or many guesses at once, on both kinds of store."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from pyotp.totp import TOTP

from agents.core.errors import Denied
from resources.fakes import MemorySecrets
from resources.identity import People
from resources.keys import Keys
from resources.ledger import Ledger
from resources.store import Store
from tests.integration.servers import Server, postgresql

PROCESSES = 4
ROOT = Path(__file__).parents[2]


def people_of(folder: Path, url: str) -> People:
    store = Store(url)
    keys = Keys(MemorySecrets({}), folder / "keys")
    keys.create()
    return People(store, folder / "approvers.yaml", keys, Ledger(store, folder / "ledger.head"))


def try_codes(people: People, codes: list[str]) -> list[str]:
    """What each code, tried in turn for anna, came to."""
    said = list[str]()
    for code in codes:
        try:
            said.append(people.verify("anna", code).name)
        except Denied as error:
            said.append(error.what)
    return said


def at_once(folder: Path, url: str, codes: Callable[[], list[str]]) -> list[str]:
    """The same codes, thought of when all processes are ready, tried by all of them; what they heard."""
    command = [sys.executable, "-m", "tests.integration.test_concurrent_people", str(folder), url]
    workers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    said, line = list[str](), json.dumps(codes()) + "\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write(line)
        worker.stdin.flush()
    for worker in workers:
        said += json.loads(worker.communicate(timeout=60)[0])
        assert worker.returncode == 0
    return said


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with postgresql() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    psycopg = pytest.importorskip("psycopg")
    server: Server = request.getfixturevalue("server")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.url.rsplit("/", 1)[0] + f"/{name}"


def test_of_many_who_use_a_code_at_once_one_wins(tmp_path: Path, url: str) -> None:
    secret = people_of(tmp_path, url).add("anna", by="root").secret
    said = at_once(tmp_path, url, lambda: [TOTP(secret).now()])
    assert said.count("anna") == 1
    assert len(said) == PROCESSES


def test_guesses_of_all_processes_lock_the_name_together(tmp_path: Path, url: str) -> None:
    people = people_of(tmp_path, url)
    secret = people.add("anna", by="root").secret
    good = {TOTP(secret).at(int(time.time()) + step * 30) for step in range(-2, 6)}
    wrong = [
        code for code in ("000000", "000001", "000002", "000003", *map(str, range(100000, 100010))) if code not in good
    ]
    said = at_once(tmp_path, url, lambda: wrong[:4])
    assert sum(text.startswith("the name or the code is wrong") for text in said) == 5
    assert said.count("too many wrong codes for this name") == PROCESSES * 4 - 5
    with pytest.raises(Denied, match="too many wrong codes"):
        people.verify("anna", TOTP(secret).now())
    ledger = Ledger(Store(url), tmp_path / "ledger.head")
    ledger.check_tail()
    assert [record.entry.what for record in ledger.records(kind="person")].count("locked out after wrong codes") == 1


def main() -> None:
    """One of the processes."""
    people = people_of(Path(sys.argv[1]), sys.argv[2])
    people.all()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(try_codes(people, json.loads(sys.stdin.readline()))))


if __name__ == "__main__":
    main()
