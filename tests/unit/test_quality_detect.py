"""The quality agent's tool that looks for wrong cells of a lake table."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from agents.core.gate import Gate, Work
from agents.core.policy import Policy
from agents.tools import quality
from agents.tools.session import Session
from resources.fakes import MemoryLedger, MemoryOrchestrator
from resources.platform import Platform
from tests.unit.product_runs import Deployment


@pytest.fixture
def work(tmp_path: Path) -> Work:
    platform = Platform.of(Deployment(tmp_path).settings, {})
    towns = ["helsinki" if n % 2 else "montevideo" for n in range(200)]
    mails = [f"person{n}@firm.example" for n in range(200)]
    towns[4], mails[5] = "montevidxo", "nobody"
    platform.lake.append(TableId("dev", "silver", "people"), pa.table({"town": towns, "mail": mails}))
    session = Session(platform, MemoryOrchestrator({}, ""), "dev", "G-000001", "quality")
    return Work("quality", "G-000001", "dev", Gate(Policy(), MemoryLedger()), session)


def test_wrong_cells_of_a_lake_table_are_found_and_personal_values_masked(work: Work) -> None:
    seen = work.call(quality.detect, asset="silver/people")
    assert [(cell.row, cell.column, cell.repair) for cell in seen.findings] == [
        (4, "town", "montevideo"),
        (5, "mail", None),
    ]
    told = orjson.dumps(seen.to_json()).decode()
    assert "montevideo" in told
    assert "nobody" not in told
    assert "firm.example" not in told


def test_a_table_that_is_not_there_is_named(work: Work) -> None:
    with pytest.raises(TableNotFound, match="silver/none"):
        work.call(quality.detect, asset="silver/none")
