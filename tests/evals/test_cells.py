"""How well wrong cells are found and repaired on invented tables.

The tables and their dirt (`benchmarks/cells`) were made while detection was written, so this is a regression test and
no measure of what it does on tables that nobody has seen. What can be found is bounded: a third of the dirt is an empty
cell or another row's value, which in a column that nothing determines looks as right as any other.
"""

from __future__ import annotations

from random import Random
from statistics import mean

import pyarrow as pa
import pytest

from agents.tools.detection import Findings, detect
from benchmarks.cells.dirt import soil, swap_columns
from benchmarks.cells.score import Score, score
from benchmarks.cells.tables import KINDS
from benchmarks.cells.words import Table

ROWS, SEED = 800, 31
RATES = (0.02, 0.06, 0.12)
FLOORS = {
    "articles": 0.74,
    "films": 0.6,
    "persons": 0.76,
    "permits": 0.8,
    "products": 0.76,
    "staff": 0.74,
    "quotes": 0.85,
}


def repairs(findings: Findings) -> dict[tuple[int, int], str | None]:
    return {(cell.row, cell.place): cell.repair for cell in findings}


def dirty(kind: str, rate: float) -> tuple[Table, Table, Findings]:
    rng = Random(SEED + int(1000 * rate))
    clean = KINDS[kind](rng, ROWS)
    table, wrong = soil(rng, clean, rate)
    swap_columns(rng, clean, table, wrong, 0.005)
    return clean, table, detect(pa.table(table))


@pytest.mark.parametrize("kind", list(KINDS))
def test_most_of_what_is_wrong_is_found_and_sure_repairs_are_right(kind: str) -> None:
    scores: list[Score] = []
    sure: list[Score] = []
    for rate in RATES:
        clean, table, findings = dirty(kind, rate)
        scores.append(score(clean, table, repairs(findings)))
        sure.append(score(clean, table, repairs(findings.sure())))
        print(f"{kind} {rate}: {scores[-1]} f1={scores[-1].f1:.3f}; sure: {sure[-1]}")  # noqa: T201
    assert mean(found.f1 for found in scores) >= FLOORS[kind]
    assert mean(found.precision for found in scores) >= 0.9
    assert mean(found.harm for found in sure) <= 0.001
    made = [found for found in sure if found.repair_recall]
    assert mean(found.repair_precision for found in made) >= 0.95
