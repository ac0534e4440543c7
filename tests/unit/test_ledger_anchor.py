"""The anchor outside the store: what was recorded last cannot be taken back unseen, and no crash looks like that."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.digest import canonical_json
from agents.core.errors import StateError
from resources.ledger import Entry, Ledger
from resources.ledger_records import hash_of
from resources.store import Store


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = opened(tmp_path)
    yield made
    made._store.close()  # pyright: ignore[reportPrivateUsage] - the store this test opened


def opened(folder: Path) -> Ledger:
    return Ledger(Store(f"sqlite:///{folder}/store.db"), folder / "ledger.head")


def fill(ledger: Ledger, count: int) -> None:
    for number in range(count):
        ledger.append("tool", "pipeline", "wrote", facts={"rows": number})


def edit(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "store.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def copied(folder: Path) -> Path:
    """A backup of the store as it is now."""
    source, target = sqlite3.connect(folder / "store.db"), sqlite3.connect(folder / "backup.db")
    source.backup(target)
    source.close()
    target.close()
    return folder / "backup.db"


def put_back(ledger: Ledger, backup: Path) -> Ledger:
    ledger._store.close()  # pyright: ignore[reportPrivateUsage] - as a stopped deployment
    for name in ("store.db-wal", "store.db-shm"):
        (backup.parent / name).unlink(missing_ok=True)
    shutil.copy(backup, backup.parent / "store.db")
    return opened(backup.parent)


def test_a_ledger_that_only_grew_is_whole(ledger: Ledger) -> None:
    ledger.check_tail()
    for _ in range(5):
        fill(ledger, 3)
        ledger.check_tail()
    assert ledger.verify().anchored


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger WHERE seq = 10",
        "DELETE FROM ledger WHERE seq > 3",
        "DELETE FROM ledger",
        "UPDATE ledger SET hash = 'ff' WHERE seq = 10",
    ],
)
def test_a_cut_or_changed_end_shows_at_once(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    fill(ledger, 10)
    edit(tmp_path, statement)
    with pytest.raises(StateError, match="not the one that was written last"):
        ledger.check_tail()


@pytest.mark.parametrize("more", [0, 1, 5, 20])
def test_an_older_copy_of_the_store_shows_however_much_is_recorded_afterwards(
    ledger: Ledger, tmp_path: Path, more: int
) -> None:
    fill(ledger, 5)
    backup = copied(tmp_path)
    fill(ledger, 5)
    restored = put_back(ledger, backup)
    fill(restored, more)  # a chain that is whole in itself, and grows past what was anchored
    with pytest.raises(StateError, match="not the one that was written last"):
        restored.check_tail()
    assert not restored.verify().ok


def test_going_on_with_an_older_copy_takes_a_person_and_a_reason(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 5)
    backup = copied(tmp_path)
    with pytest.raises(StateError, match="nothing is missing"):
        ledger.accept("ada", "just so")
    fill(ledger, 5)
    restored = put_back(ledger, backup)
    for by, why in (("", "disk"), ("ada", " ")):
        with pytest.raises(StateError, match="who accepts it, and why"):
            restored.accept(by, why)
    restored.accept("ada", "the disk failed")
    restored.check_tail()
    assert restored.verify().ok
    (accepted,) = restored.records(kind="ledger")
    assert (accepted.entry.who, accepted.entry.why, accepted.seq) == ("ada", "the disk failed", 6)
    assert "it ends at 5" in accepted.entry.facts["found"]
    fill(restored, 2)
    restored.check_tail()
    edit(tmp_path, "DELETE FROM ledger WHERE seq > 7")
    with pytest.raises(StateError):
        restored.check_tail()


def test_a_lost_head_file_shows_and_can_be_accepted(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 3)
    (tmp_path / "ledger.head").unlink()
    for _ in range(2):
        with pytest.raises(StateError, match="its head file is missing"):
            ledger.check_tail()
        fill(ledger, 1)  # recording goes on, and does not hide it
    ledger.accept("ada", "moved without it")
    ledger.check_tail()


@pytest.mark.parametrize("left", [b"{", b"x" * 384, b"\0" * 384])
def test_with_a_damaged_head_file_nothing_is_recorded_until_it_is_accepted(
    ledger: Ledger, tmp_path: Path, left: bytes
) -> None:
    fill(ledger, 3)
    (tmp_path / "ledger.head").write_bytes(left)
    for use in (ledger.check_tail, ledger.verify, lambda: fill(ledger, 1)):
        with pytest.raises(StateError, match="head file is damaged"):
            use()
    ledger.accept("ada", "the disk failed")
    fill(ledger, 1)
    ledger.check_tail()
    assert ledger.verify().records == 5


def test_a_writer_killed_within_the_head_file_leaves_the_head_before(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 4)
    path = tmp_path / "ledger.head"
    whole = path.read_bytes()
    for slot in (0, 192):
        torn = whole[: slot + 60] + b"?" * 20 + whole[slot + 80 :]
        path.write_bytes(torn)
        ledger.check_tail()
        assert ledger.verify().ok
    fill(ledger, 1)
    ledger.check_tail()


def test_the_head_file_of_the_first_format_is_understood(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 3)
    last = max(ledger.records(), key=lambda record: record.seq)
    (tmp_path / "ledger.head").write_text(json.dumps({"seq": last.seq, "hash": last.hash}))
    ledger.check_tail()
    fill(ledger, 1)
    edit(tmp_path, "DELETE FROM ledger WHERE seq = 4")
    with pytest.raises(StateError, match="record 4 is missing"):
        ledger.check_tail()


def test_records_of_an_undone_transaction_are_gone_with_it(ledger: Ledger) -> None:
    fill(ledger, 2)
    database = ledger._store.database()  # pyright: ignore[reportPrivateUsage] - somebody's transaction
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        ledger.record(connection, [Entry("decision", "anna", "approved")])
        raise ZeroDivisionError
    assert ledger.verify().records == 2
    with database.write() as connection:
        head = ledger.record(connection, [Entry("decision", "anna", "approved"), Entry("grant", "", "made")])
    ledger.check_tail()  # killed here: the anchor is behind, which is no harm
    fill(ledger, 1)
    ledger.anchor(head)
    ledger.check_tail()
    assert [record.seq for record in ledger.records()] == [1, 2, 3, 4, 5]
    assert ledger.verify().ok


def test_threads_make_one_chain(ledger: Ledger) -> None:
    threads = [threading.Thread(target=fill, args=(ledger, 50)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.check_tail()
    assert (ledger.verify().records, ledger.verify().ok) == (300, True)


def test_an_append_that_failed_leaves_nothing_behind(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 2)
    edit(tmp_path, "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StateError, match="cannot be written"):
        fill(ledger, 1)
    edit(tmp_path, "DROP TRIGGER full")  # which would wait for a transaction left open
    fill(ledger, 2)
    ledger.check_tail()
    assert (ledger.verify().records, ledger.verify().ok) == (4, True)


def test_a_ledger_goes_on_after_its_store_was_closed(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 2)
    ledger._store.close()  # pyright: ignore[reportPrivateUsage] - as at the end of a process
    assert not (tmp_path / "store.db-wal").exists()  # the last connection folds the log in
    fill(ledger, 2)
    ledger.check_tail()
    assert ledger.verify().records == 4


def test_a_forked_process_appends_beside_its_parent(ledger: Ledger) -> None:
    fill(ledger, 2)
    child = multiprocessing.get_context("fork").Process(target=fill, args=(ledger, 50))
    child.start()
    fill(ledger, 50)
    child.join()
    assert child.exitcode == 0
    ledger.check_tail()
    assert (ledger.verify().records, ledger.verify().ok) == (102, True)


def test_writers_killed_at_any_moment_leave_a_whole_ledger(ledger: Ledger, tmp_path: Path) -> None:
    code = f"""
import pathlib, threading
from resources.ledger import Entry, Ledger
from resources.store import Store
store = Store("sqlite:///{tmp_path}/store.db")
ledger = Ledger(store, pathlib.Path("{tmp_path}") / "ledger.head")
def singly():
    while True:
        ledger.append("tool", "w", "x")
def within():
    while True:
        with store.database().write() as connection:
            head = ledger.record(connection, [Entry("decision", "w", "y")] * 3)
        ledger.anchor(head)
for work in (singly, singly, within):
    threading.Thread(target=work).start()
"""
    fill(ledger, 1)
    seen = 1
    for wait in (0.0, 0.02, 0.05, 0.1, 0.2):
        writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
        grown = _wait_until(lambda before=seen: ledger.verify().records > before)
        time.sleep(wait)
        for writer in writers:
            writer.kill()
            writer.wait()
        assert grown
        ledger.check_tail()
        found = ledger.verify()
        assert found.ok
        seen = found.records
        assert ledger.append("tool", "me", "after the crash") == seen + 1
        ledger.check_tail()


def test_hostile_texts_are_recorded_too(ledger: Ledger) -> None:
    ledger.append("goal", "a\0b", "\ud800 said", subject="x\udfff", why="\0", facts={"text": "\ud800\0"})
    (record,) = ledger.records()
    assert record.entry.who == "a\ufffdb"
    assert ledger.verify().ok


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.integers(1, 2**62))
def test_a_hash_covers_the_canonical_json(texts: list[str], seq: int) -> None:
    expected = hashlib.sha256(canonical_json(["0" * 64, seq, *texts]).encode()).hexdigest()
    assert hash_of(seq, texts, "0" * 64) == expected


def _wait_until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False
