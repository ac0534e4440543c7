"""The ledger shows every record that was changed, removed, inserted, moved or cut off."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from agents.core.errors import StateError
from resources.ledger import Entry, Ledger, Verification
from resources.store import Store

RECORDS = 20
COLUMNS = "at, kind, who, what, subject, why, digest, trace, facts, hash"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    yield Ledger(store, tmp_path / "ledger.head")
    store.close()


def fill(ledger: Ledger, count: int = RECORDS) -> None:
    ledger.append_many([Entry("tool", "pipeline", "wrote", f"G-{n:06d}", facts={"rows": n}) for n in range(count)])


def tamper(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "store.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_untouched_ledger_verifies(ledger: Ledger) -> None:
    assert ledger.verify() == Verification(0, True, None, False)
    fill(ledger)
    assert ledger.append("plan", "supervisor", "planned", subject="G-000001", why="goal", facts={"steps": 3}) == 21
    assert ledger.verify() == Verification(21, True, None, True)


def test_records_come_back_as_they_were_written(ledger: Ledger) -> None:
    fill(ledger)
    ledger.append("decision", "anna@example.org", "approved", subject="G-000003", digest="sha256:ab", trace="t1")
    (third, approved) = ledger.records(subject="G-000003")
    assert (third.seq, third.entry.facts) == (4, {"rows": 3})
    assert approved.entry == Entry("decision", "anna@example.org", "approved", "G-000003", "", "sha256:ab", "t1")
    assert [record.seq for record in ledger.records(kind="decision")] == [21]
    assert [record.seq for record in ledger.records(after=19)] == [20, 21]


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (["UPDATE ledger SET what='nothing' WHERE seq=7"], 7),
        (["UPDATE ledger SET facts='{\"rows\":0}' WHERE seq=20"], 20),
        (["UPDATE ledger SET at='2020-01-01T00:00:00.000000+00:00' WHERE seq=3"], 3),
        (["UPDATE ledger SET hash=upper(hash) WHERE seq=5"], 5),
        (["DELETE FROM ledger WHERE seq=9"], 9),
        (["DELETE FROM ledger WHERE seq=1"], 1),
        (["DELETE FROM ledger WHERE seq>15"], 16),
        (["DELETE FROM ledger"], 1),
        (["UPDATE ledger SET seq=0 WHERE seq=4", "UPDATE ledger SET seq=4 WHERE seq=5"], 1),
        (
            [
                "UPDATE ledger SET seq=99 WHERE seq=4",
                "UPDATE ledger SET seq=4 WHERE seq=5",
                "UPDATE ledger SET seq=5 WHERE seq=99",
            ],
            4,
        ),
        ([f"INSERT INTO ledger SELECT 21, {COLUMNS} FROM ledger WHERE seq=20"], 21),
        ([f"INSERT INTO ledger SELECT -5, {COLUMNS} FROM ledger WHERE seq=20"], 1),
        (["DELETE FROM ledger WHERE seq=9", "UPDATE ledger SET seq=seq-1 WHERE seq>9"], 9),
    ],
)
def test_every_kind_of_tampering_shows(ledger: Ledger, tmp_path: Path, statements: list[str], first_bad: int) -> None:
    fill(ledger)
    tamper(tmp_path, *statements)
    found = ledger.verify()
    assert not found.ok
    assert found.first_bad == first_bad


def test_a_rewritten_chain_differs_from_the_anchor(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger)
    anchor = (tmp_path / "ledger.head").read_text()
    tamper(tmp_path, "DELETE FROM ledger")
    (tmp_path / "ledger.head").unlink()
    fill(ledger)  # a chain that is whole in itself
    (tmp_path / "ledger.head").write_text(anchor)
    assert ledger.verify() == Verification(RECORDS, False, RECORDS, True)


def test_a_crash_before_the_anchor_is_no_tampering(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger)
    anchor = (tmp_path / "ledger.head").read_text()
    ledger.append("goal", "anna", "submitted")
    (tmp_path / "ledger.head").write_text(anchor)
    assert ledger.verify() == Verification(RECORDS + 1, True, None, True)


def test_the_anchor_never_goes_back(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger)
    later = {"seq": 1000, "hash": "f" * 64}
    (tmp_path / "ledger.head").write_text(json.dumps(later))
    ledger.append("goal", "anna", "submitted")
    assert json.loads((tmp_path / "ledger.head").read_text()) == later
    assert not ledger.verify().ok


def test_a_damaged_anchor_is_said(ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger)
    (tmp_path / "ledger.head").write_text("{")
    with pytest.raises(StateError, match="head file is damaged"):
        ledger.verify()


def test_many_are_recorded_all_or_none(ledger: Ledger) -> None:
    with pytest.raises(StateError, match="not JSON"):
        ledger.append_many([Entry("a", "b", "c"), Entry("a", "b", "c", facts={"x": object()})])
    assert ledger.append_many([]) == []
    assert ledger.verify().records == 0


def test_secrets_and_addresses_never_enter(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(
        "failure",
        "pipeline",
        "login failed for anna.berg@example.org",
        why="postgresql://etl:hunter2@db/x",
        facts={"tried": [{"password": "correct horse"}], "row": "bob@example.org", "bob@example.org": 1},
    )
    ledger._store.close()  # pyright: ignore[reportPrivateUsage] - so that the write-ahead log is folded in
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (b"anna", b"hunter2", b"correct horse", b"bob@"):
        assert secret not in kept
    assert ledger.verify().ok


@pytest.mark.parametrize("rows", [0, 5, 10_001])
def test_exports_hold_every_record(ledger: Ledger, tmp_path: Path, rows: int) -> None:
    fill(ledger, rows)
    assert ledger.export(tmp_path / "out" / "l.jsonl") == rows
    assert ledger.export(tmp_path / "out" / "l.parquet", "parquet") == rows
    lines = [json.loads(line) for line in (tmp_path / "out" / "l.jsonl").read_text().splitlines()]
    table = pq.read_table(tmp_path / "out" / "l.parquet").to_pylist()
    assert [line["seq"] for line in lines] == [row["seq"] for row in table] == list(range(1, rows + 1))
    assert [line["facts"] for line in lines] == [json.loads(row["facts"]) for row in table]


def test_verification_reads_past_one_page(ledger: Ledger, tmp_path: Path) -> None:
    check: Callable[[], Verification] = ledger.verify
    for _ in range(3):
        fill(ledger, 10_000)
    assert check() == Verification(30_000, True, None, True)
    tamper(tmp_path, "UPDATE ledger SET why='x' WHERE seq=20000")
    assert check() == Verification(30_000, False, 20_000, True)
