"""Repairs: what is changed is logged as it was and as it is, and can be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assets.kinds.judging import Sieve
from assets.kinds.lake_writing import write_stream
from assets.kinds.moves import log_id, settle_moves
from assets.kinds.quarantine import quarantine_id, rows_as_json
from assets.kinds.repairs import RowRepair, repair, undo
from assets.kinds.replay import Repair
from assets.kinds.spec import Table
from resources.lake import Lake
from tests.unit.test_replay import FULL, KEYED, NOW, PLAIN, T, again, held, landed, load, only, row


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake({"dev": str(tmp_path)})


def fix(lake: Lake, place: int, values: dict[str, str | None], why: str, confidence: float) -> RowRepair:
    """What is to be done to the row at a place of the table."""
    base = lake.snapshot(T)
    assert base is not None
    (batch,) = base.dataset().take(pa.array([place])).combine_chunks().to_batches()
    return RowRepair(rows_as_json(batch)[0], values, why, confidence)


def mend(lake: Lake, *repairs: RowRepair) -> int:
    base = lake.snapshot(T)
    assert base is not None
    return len(repair(lake, T, base, repairs, "repair", NOW, "quality"))


def rows(lake: Lake) -> list[dict[str, Any]]:
    return lake.read(T).read_all().to_pylist()


def at(lake: Lake, key: int) -> int:
    return [each["id"] for each in rows(lake)].index(key)


def test_a_repair_is_one_commit_that_changes_those_cells_alone_and_is_undone(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "typo"), row(3, 3, "typo"), row(4, 4, "a")], only("a", "typo"))
    before, version = landed(lake), lake.version(T)
    stamp = rows(lake)[at(lake, 2)]["_ingested_at"]
    assert mend(lake, fix(lake, at(lake, 2), {"v": "a"}, "a typo of a", 0.97)) == 1
    assert lake.version(T) == version + 1
    assert landed(lake) == [(1, "a"), (2, "a"), (3, "typo"), (4, "a")]
    assert rows(lake)[at(lake, 2)]["_ingested_at"] == stamp
    log = lake.read(log_id(T)).read_all().to_pylist()[0]
    assert (json.loads(log["row"])["v"], json.loads(log["after"])["v"]) == ("typo", "a")
    assert (log["_why"], log["_by"], log["_confidence"]) == ("a typo of a", "quality", 0.97)
    assert undo(lake, T, "undo", NOW, "ada") == (1, 0)
    assert landed(lake) == before
    assert undo(lake, T, "undo", NOW, "ada") == (0, 0)


def test_repairs_are_undone_one_after_the_other_and_what_changed_since_stays(lake: Lake) -> None:
    load(lake, [row(1, 1, "x"), row(2, 2, "x")], only("x"))
    mend(lake, fix(lake, at(lake, 1), {"v": "y"}, "", 1.0))
    mend(lake, fix(lake, at(lake, 1), {"v": "z"}, "", 1.0), fix(lake, at(lake, 2), {"v": "z"}, "", 1.0))
    load(lake, [row(1, 1, "x"), row(2, 2, "x"), row(2, 5, "newer")], only("x", "newer"))
    assert undo(lake, T, "undo", NOW, "ada") == (1, 1)
    assert landed(lake) == [(1, "y"), (2, "newer")]
    assert undo(lake, T, "undo", NOW, "ada") == (1, 0)
    assert landed(lake) == [(1, "x"), (2, "newer")]


def test_equal_rows_are_repaired_and_undone_as_often_as_asked(lake: Lake) -> None:
    load(lake, [row(1, 1, "x")] * 3, only("x"), PLAIN)
    assert mend(lake, fix(lake, 0, {"v": "y"}, "", 1.0), fix(lake, 1, {"v": "y"}, "", 1.0)) == 2
    assert landed(lake) == [(1, "x"), (1, "y"), (1, "y")]
    assert undo(lake, T, "undo", NOW, "ada") == (2, 0)
    assert landed(lake) == [(1, "x")] * 3


def test_undoing_what_was_repaired_out_of_quarantine_sends_it_back(lake: Lake) -> None:
    load(lake, [row(1, 1, "a"), row(2, 2, "b")], only("a"))
    bad = lake.read(quarantine_id(T)).read_all().to_pylist()[0]
    better = json.dumps({**json.loads(bad["row"]), "v": "a"})
    again(lake, only("a"), repairs={bad["_row_hash"]: Repair(better, "typo", 0.99)})
    assert (landed(lake), held(lake)) == ([(1, "a"), (2, "a")], [])
    assert undo(lake, T, "undo", NOW, "ada") == (1, 0)
    assert (landed(lake), held(lake)) == ([(1, "a")], [(2, "v_in_set")])
    assert again(lake, only("a", "b")).rows_landed == 1


def test_a_table_restored_to_before_a_repair_has_nothing_to_undo(lake: Lake) -> None:
    load(lake, [row(1, 1, "x")], only("x"))
    version = lake.version(T)
    mend(lake, fix(lake, 0, {"v": "y"}, "", 1.0))
    lake.restore(T, version)
    settle_moves(lake, T)
    assert undo(lake, T, "undo", NOW, "ada") == (0, 0)
    assert landed(lake) == [(1, "x")]


def test_a_value_that_its_column_cannot_hold_repairs_nothing(lake: Lake) -> None:
    load(lake, [row(1, 1, "x")], only("x"))
    version = lake.version(T)
    assert mend(lake, fix(lake, 0, {"at": "soon"}, "", 1.0)) == 0
    assert lake.version(T) == version
    assert pa.table(lake.read(T).read_all()).num_rows == 1


@pytest.mark.parametrize("spec", [KEYED, PLAIN, FULL], ids=["keyed", "plain", "full"])
def test_a_row_that_comes_again_as_it_was_is_repaired_again(lake: Lake, spec: Table) -> None:
    sent = [row(1, 2, "typo"), row(2, 2, "typo"), row(3, 2, "bad"), row(4, 2, "a")]
    load(lake, sent, only("a", "b", "typo", "wrong"), spec)
    bad = lake.read(quarantine_id(T)).read_all().to_pylist()[0]
    again(lake, only("a", "b", "typo", "wrong"), spec, repairs={bad["_row_hash"]: Repair(good_of(bad), "typo", 0.99)})
    mend(lake, fix(lake, at(lake, 1), {"v": "wrong"}, "", 1.0), fix(lake, at(lake, 2), {"v": "b"}, "", 1.0))
    mend(lake, fix(lake, at(lake, 1), {"v": "a"}, "", 1.0))
    assert landed(lake) == [(1, "a"), (2, "b"), (3, "a"), (4, "a")]
    done = load(lake, sent, only("a", "b"), spec)
    assert (landed(lake), held(lake), done.rows_quarantined) == ([(1, "a"), (2, "b"), (3, "a"), (4, "a")], [], 0)
    assert done.repairs == {"rows repaired again": 3}
    undo(lake, T, "undo", NOW, "ada")
    load(lake, sent, only("a", "b", "wrong"), spec)
    assert landed(lake) == [(1, "wrong"), (2, "b"), (3, "a"), (4, "a")], "what was undone is not made again"


def test_what_the_source_sends_otherwise_lands_as_it_is_and_is_told(lake: Lake) -> None:
    load(lake, [row(1, 1, "typo"), row(2, 1, "typo")], only("typo", "a"), FULL)
    mend(lake, fix(lake, at(lake, 1), {"v": "a"}, "", 1.0), fix(lake, at(lake, 2), {"v": "a"}, "", 1.0))
    done = load(lake, [row(1, 1, "typo"), row(2, 5, "typo")], only("typo", "a"), FULL)
    assert landed(lake) == [(1, "a"), (2, "typo")]
    assert done.repairs == {"rows repaired again": 1, "repairs overwritten by the source": 1}


def test_a_computed_table_keeps_its_repairs(lake: Lake) -> None:
    rows = pa.table({"id": [1, 2], "v": ["typo", "a"], "n": pa.array([1, 2], pa.uint8())})
    write_stream(lake, T, rows.to_reader(), Sieve([], "t", NOW), "run")
    mend(lake, fix(lake, at(lake, 1), {"v": "a"}, "", 1.0))
    told = write_stream(lake, T, rows.to_reader(), Sieve([], "t", NOW), "run")
    assert landed(lake) == [(1, "a"), (2, "a")]
    assert (told["rows repaired again"], told["rows landed"]) == (1, 2)


def good_of(bad: dict[str, Any]) -> str:
    return json.dumps({**json.loads(bad["row"]), "v": "a"})
