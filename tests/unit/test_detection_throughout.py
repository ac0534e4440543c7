"""Detection on a table that is looked at part by part: every row once, whatever part it is in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.tools.detection import detect, pace_of, throughout
from agents.tools.wrong_rows import proposals
from tests.unit.test_roles import Stage

CITIES = {"10115": "berlin", "80331": "munich", "20095": "hamburg", "50667": "cologne", "60311": "frankfurt"}
WRONG = {7: "berxin", 333: "mxnich", 1_500: "haxburg", 2_999: "colognx"}


def people(rows: int = 3_000) -> pa.Table:
    codes = [list(CITIES)[n * 7 % 5] for n in range(rows)]
    towns = [WRONG.get(n, CITIES[code]) for n, code in enumerate(codes)]
    return pa.table({"id": list(range(rows)), "zip": codes, "town": towns})


@pytest.mark.parametrize("together", [400, 1_000, 2_999, 3_000])
@pytest.mark.parametrize("batch", [1, 97, 5_000])
def test_every_row_is_judged_once_and_its_number_is_the_tables(together: int, batch: int) -> None:
    table = people()
    pace = pace_of(3_000, 3, together)
    parts = list(throughout(lambda: table.to_batches(batch), table.schema, pace))
    assert pa.concat_tables([part.rows for part in parts]).equals(table)
    found = [(part.first + cell.row, cell.column) for part in parts for cell in part.findings]
    assert found == [(n, "town") for n in WRONG]


def test_what_fits_is_looked_at_as_one() -> None:
    table = people()
    (part,) = throughout(lambda: table.to_batches(), table.schema, pace_of(3_000, 3))
    assert list(part.findings) == list(detect(table))
    assert pace_of(3_000, 3).error == 0


def test_what_is_looked_at_together_is_bounded_in_rows_and_cells() -> None:
    long, wide = pace_of(50_000_000, 10), pace_of(1_000_000, 2_000)
    assert long.part + long.rows // long.step <= 200_000
    assert (wide.part + wide.rows // wide.step) == 2_000
    assert 0 < long.error < 0.005 < wide.error < 0.05
    assert list(throughout(list, people(0).schema, pace_of(0, 3))) == []


def test_batches_are_read_as_they_are_needed() -> None:
    table, given = people(), list[int]()

    def read() -> Iterator[pa.RecordBatch]:
        for n in range(0, 3_000, 100):
            given.append(n)
            yield from table.slice(n, 100).to_batches()

    parts = throughout(read, table.schema, pace_of(3_000, 3, 400))
    next(parts)
    assert len(given) % 30 == 3, "whole for the sample and the groups, then for the first part"


def test_groups_that_are_scattered_too_far_for_a_part_are_judged_whole() -> None:
    rows, groups = 6_000, 1_000
    firms = [f"firm {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{n}" for n in range(groups)]
    names = [firms[n % groups] for n in range(rows)]
    names[2_500], names[5_999], names[17] = "firm zz", "firm of no one", firms[3]
    table = pa.table({"id": list(range(rows)), "code": [f"C{n % groups:05d}" for n in range(rows)], "name": names})
    pace = pace_of(rows, 3, 1_000)
    parts = list(throughout(lambda: table.to_batches(700), table.schema, pace))
    found = {part.first + cell.row: cell for part in parts for cell in part.findings if cell.repair}
    assert {row: cell.repair for row, cell in found.items()} == {17: firms[17], 2_500: firms[500], 5_999: firms[999]}
    assert all("rows with the same code say otherwise" in cell.reason for cell in found.values())


def test_a_table_is_repaired_to_its_last_row(tmp_path: Path) -> None:
    stage, table = Stage(tmp_path), TableId("dev", "silver", "people")
    stage.deployment.product("\n- {name: people, layer: silver, sql: SELECT 1 AS n, key: [id]}\n", "people")
    stage.platform.lake.append(table, people())
    found = proposals(stage.platform, table, together=500)
    assert (found.looked_at, found.cells) == (3_000, {"town": 4})
    assert '"id":2999' in found.rows[-1].line
    assert found.to_json()["share_error"] == pytest.approx(0.98 / 125**0.5, abs=0.001)
