"""Which columns may drive an incremental load."""

from __future__ import annotations

import pytest

from agents.core.catalog import SourceTable
from agents.core.watermark import usable_watermark


@pytest.mark.parametrize(
    ("table", "column", "kind", "usable"),
    [
        ("fin.payments", "paid_at", "datetime2", True),
        ("fin.invoices", "paid_at", "datetime2", False),
        ("dbo.tblShipments", "ShippedAt", "datetime", True),
        ("dbo.tblShipments", "DeliveredAt", "datetime", False),
        ("log.deliveries", "delivered_at", "timestamp", True),
        ("shop.returns", "returned_on", "date", True),
        ("pas.refund", "refundedAt", "datetime", True),
        ("pas.cancellation", "cancelledAt", "datetime", True),
        ("us.cancellations", "canceled_at", "timestamp", True),
        ("crm.orders", "cancelled_at", "timestamp", False),
        ("pas.paymentPlan", "paidAt", "datetime", False),
        ("archive.payments_history", "paid_at", "timestamp", True),
        ("payments.csv", "paid_at", "timestamp", True),
        ("ops.schedules", "scheduled_for", "timestamp", False),
        ("abr.zaehlerstaende", "abgelesen_am", "timestamp", True),
        ("abr.rechnungen", "bezahlt_am", "timestamp", False),
        ("dbo.Factures", "date_echeance", "datetime2", False),
    ],
)
def test_a_participle_of_the_tables_own_noun_says_when_a_row_was_made(
    table: str, column: str, kind: str, usable: bool
) -> None:
    found = usable_watermark(SourceTable(table, {"id": "int", column: kind}))
    assert found == (column if usable else None)


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
