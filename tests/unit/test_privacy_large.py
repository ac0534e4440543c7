"""Large tables: what is rare, and what only some rows hold, is found although few cells are read."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from agents.core.catalog import TableId
from agents.tools.governing.classification import scan
from agents.tools.privacy import scan_table
from tests.unit.test_roles import Stage

ROWS = 60_000
NAMES = ("Anna Miller", "Peter Garcia", "Maria Smith", "John Brown", "Emma Jones", "David Clark", "Laura Davis")


def rare(number: int) -> str:
    """One cell in 6,000 holds an account."""
    return f"Pay to DE89 3704 0044 0532 0130 00, item {number}" if number % 6_000 == 77 else f"Parcel {number} late"


def late(number: int) -> str:
    """A code, until the last rows bring people."""
    return (
        f"{NAMES[number % 7]} {'jr' * (number % 2)}".strip()
        if number >= 57_000
        else f"R{number % 900:04d}-{number % 7}"
    )


@pytest.fixture(scope="module")
def table() -> pa.Table:
    numbers = range(ROWS)
    return pa.table(
        {
            "id": numbers,
            "order": [f"ORD-2024-{n:07d}" for n in numbers],
            "state": ["open", "paid", "void"] * (ROWS // 3),
            "note": [rare(n) for n in numbers],
            "ref": [late(n) for n in numbers],
            "mail": [f"jo{n}@example.com" for n in numbers],
        }
    )


def test_what_is_rare_and_what_is_late_is_found_and_nothing_else(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=7_000)
    found = scan_table(pads.dataset(tmp_path / "t.parquet"))
    assert {name: column.type for name, column in found.personal.items()} == {
        "note": "IBAN_CODE",
        "ref": "PERSON",
        "mail": "EMAIL_ADDRESS",
    }
    assert (found.rows, round(found.columns["note"].share * ROWS)) == (ROWS, 10)
    assert "parts of the table" in found.columns["ref"].reason
    assert 0 < found.unseen < 0.001
    assert scan_table(table) == found


def test_a_small_table_is_read_whole_and_says_so(table: pa.Table) -> None:
    assert scan_table(table.slice(0, 500)).unseen == 0


def test_a_person_has_the_last_word_on_a_large_table_too(table: pa.Table) -> None:
    found = scan_table(table.select(["state", "mail"]), hints={"mail": "none", "state": "PERSON"}).columns
    assert (found["mail"].pii, found["state"].type) == (False, "PERSON")


def test_a_large_quarantine_is_looked_at_to_its_last_row(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    place = TableId("dev", "quarantine", "bronze_people")
    lines = [json.dumps({"id": n, "note": rare(n), "ref": late(n)}) for n in range(ROWS)]
    stage.platform.lake.append(place, pa.table({"row": lines, "_rule": ["r"] * ROWS}))
    found = stage.work("governance").call(scan, asset=place.asset)
    assert {name: column.pii for name, column in found.personal.items()} == {"note": "IBAN_CODE", "ref": "PERSON"}
