"""Writers that commit at the same moment: one wins, the others are told, nothing is doubled."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import WriteConflict
from resources.lake import Lake

TABLE = TableId("dev", "bronze", "x")
WRITERS, ROWS = 4, 100


def commit_together(root: Path) -> list[str]:
    """Every writer stages its rows, then all commit at once; how it ended for each."""
    barrier, ends = threading.Barrier(WRITERS), list[str]()

    def write(number: int) -> None:
        with Lake({"dev": str(root)}).write(TABLE, pa.schema([("a", pa.int64())]), "append") as write:
            write.put(pa.record_batch({"a": [number] * ROWS}))
            write.staged()
            barrier.wait()
            try:
                write.append({"run_id": str(number)})
            except WriteConflict:
                ends.append("conflict")
            else:
                ends.append("committed")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


@pytest.mark.parametrize("there", [False, True], ids=["the table is new", "the table is there"])
def test_one_of_those_that_commit_at_once_wins(tmp_path: Path, there: bool) -> None:
    for turn in range(12):
        root = tmp_path / str(turn)
        lake = Lake({"dev": str(root)})
        if there:
            lake.overwrite(TABLE, pa.table({"a": pa.array([], pa.int64())}).to_reader())
        ends = commit_together(root)
        assert sorted(ends) == ["committed"] + ["conflict"] * (WRITERS - 1)
        assert lake.rows(TABLE) == ROWS
