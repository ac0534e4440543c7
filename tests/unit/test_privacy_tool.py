"""The tool that scans a lake table, through the gate as agents call it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import TableNotFound
from agents.tools import personal_data
from tests.unit.test_roles import Stage


def test_a_lake_table_is_scanned_and_a_missing_one_is_said_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    rows = pa.table({"mail": ["jo@example.com", "al@example.org"], "n": [1, 2]})
    stage.platform.lake.append(TableId("dev", "bronze", "people"), rows)
    work = stage.work("governance")
    found = work.call(personal_data.scan, asset="bronze/people", hints={"n": "none"})
    assert {name: column.type for name, column in found.personal.items()} == {"mail": "EMAIL_ADDRESS"}
    with pytest.raises(TableNotFound):
        work.call(personal_data.scan, asset="bronze/nothing")
