"""Which columns may drive an incremental load."""

from __future__ import annotations

import pytest

from agents.core.catalog import SourceTable
from agents.core.watermark import usable_watermark


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"created_at": "timestamp", "updated_at": "timestamp"}, "updated_at"),
        ({"order_date": "date", "last_modified": "datetime2"}, "last_modified"),
        ({"LastUpdated": "datetime"}, "LastUpdated"),
        ({"row_changed": "datetimeoffset"}, "row_changed"),
        ({"opened_at": "timestamptz", "closed_at": "timestamptz"}, "opened_at"),
        ({"event_time": "timestamp with time zone"}, "event_time"),
        ({"updated_epoch": "bigint"}, "updated_epoch"),
        ({"order_date": "date"}, "order_date"),
        ({"valid_from": "date"}, None),
        ({"expires_at": "timestamp"}, None),
        ({"due_date": "date"}, None),
        ({"birth_date": "date"}, None),
        ({"closed_at": "timestamp"}, None),
        ({"day": "date"}, None),
        ({"updated_by": "text"}, None),
        ({"status": "nvarchar"}, None),
    ],
)
def test_the_column_that_says_when_a_row_last_changed(columns: dict[str, str], expected: str | None) -> None:
    table = SourceTable("shop.orders", {"id": "int", **columns})
    assert usable_watermark(table) == expected
