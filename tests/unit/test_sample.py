"""The sample sales system: its shape, its planted defects, its next day."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from agents.core.errors import ConfigError
from resources.sample import SampleReport, create_sample, next_day
from resources.sources import Sources

TODAY = date(2026, 3, 10)
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[a-z]+$")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    return create_sample(tmp_path_factory.mktemp("sample") / "sales.db", today=TODAY, scale=0.02)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def keys(made: SampleReport, name: str) -> set[tuple[int, ...]]:
    return set(made.defect(name).keys)


def test_sizes_follow_the_scale(made: SampleReport) -> None:
    assert made.rows["sales.customers"] == 1000
    assert made.rows["sales.products"] == 40
    assert made.rows["sales.orders"] - 10_000 == made.defect("duplicate_row").count + made.defect("duplicate_id").count
    assert 2.3 < made.rows["sales.order_lines"] / 10_000 < 2.5


def test_the_same_seed_and_day_give_the_same_rows(tmp_path: Path) -> None:
    one = create_sample(tmp_path / "1.db", today=TODAY, scale=0.005)
    two = create_sample(tmp_path / "2.db", today=TODAY, scale=0.005)
    other = create_sample(tmp_path / "3.db", today=TODAY, scale=0.005, seed=8)
    assert one.defects == two.defects
    sql = 'SELECT * FROM "sales.orders"'
    assert rows(one.path, sql) == rows(two.path, sql) != rows(other.path, sql)


def test_the_planted_defects_are_exactly_those_in_the_rows(made: SampleReport) -> None:
    orders = 'SELECT order_id FROM "sales.orders" WHERE '
    found = {
        "null_customer": rows(made.path, orders + "customer_id IS NULL"),
        "negative_amount": rows(made.path, orders + "amount < 0"),
        "currency_variant": rows(made.path, orders + "currency NOT IN ('EUR', 'USD', 'GBP', 'CHF')"),
        "orphan_customer": rows(made.path, orders + 'customer_id NOT IN (SELECT customer_id FROM "sales.customers")'),
        "future_order": rows(made.path, orders + f"order_date >= '{TODAY}'"),
        "late_update": rows(made.path, orders + "julianday(date(last_modified)) - julianday(order_date) >= 60"),
        "implausible_quantity": rows(
            made.path, 'SELECT order_id, line_no FROM "sales.order_lines" WHERE quantity NOT BETWEEN 1 AND 12'
        ),
    }
    emails = rows(made.path, 'SELECT customer_id, email FROM "sales.customers"')
    found["broken_email"] = [(ident,) for ident, email in emails if not EMAIL.match(str(email))]
    for name, bad in found.items():
        assert set(bad) == keys(made, name), name
    ids = Counter(rows(made.path, 'SELECT order_id FROM "sales.orders"'))
    assert {key for key, count in ids.items() if count > 1} == keys(made, "duplicate_row") | keys(made, "duplicate_id")
    whole = Counter(rows(made.path, 'SELECT * FROM "sales.orders"'))
    assert {(row[0],) for row, count in whole.items() if count > 1} == keys(made, "duplicate_row")


def test_no_row_carries_two_defects(made: SampleReport) -> None:
    named = [key for d in made.defects if d.table.startswith("sales.order") for key in {k[0] for k in d.keys}]
    assert len(named) == len(set(named))


def test_all_else_holds_together(made: SampleReport) -> None:
    touched = {key[0] for defect in made.defects for key in defect.keys}
    sums = rows(
        made.path,
        """SELECT o.order_id FROM "sales.orders" o JOIN "sales.order_lines" l USING (order_id) GROUP BY o.order_id
        HAVING abs(o.amount - sum(l.quantity * l.unit_price)) > 0.001""",
    )
    assert {row[0] for row in sums} <= touched
    early = """SELECT o.order_id FROM "sales.orders" o JOIN "sales.customers" c USING (customer_id)
      WHERE date(c.created_at) > o.order_date"""
    assert rows(made.path, early) == []
    lost = 'SELECT 1 FROM "sales.order_lines" WHERE product_id NOT IN (SELECT product_id FROM "sales.products")'
    assert rows(made.path, lost) == []
    assert rows(made.path, f"SELECT 1 FROM \"sales.orders\" WHERE last_modified >= '{TODAY}'") == []


def test_volume_has_seasons_and_weekdays(made: SampleReport) -> None:
    by_month = dict(rows(made.path, "SELECT strftime('%m', order_date), count(*) FROM \"sales.orders\" GROUP BY 1"))
    assert int(str(by_month["12"])) > 1.3 * int(str(by_month["08"]))


def test_the_planner_sees_a_sql_server(made: SampleReport, tmp_path: Path) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text(f"connections: [{{name: sqlserver-sales, kind: sqlserver, url: '{made.path}', stand_in: sqlite}}]")
    connection = Sources(file, lambda name: None).catalog().connections["sqlserver-sales"]
    assert connection.kind == "sqlserver"
    assert sorted(connection.tables) == ["sales.customers", "sales.order_lines", "sales.orders", "sales.products"]
    orders = connection.tables["sales.orders"]
    assert orders.key == ("order_id",)
    assert orders.rows == made.rows["sales.orders"]
    assert orders.columns["last_modified"] == "datetime2"
    with Sources(file, lambda name: None).read("sqlserver-sales", "sales.orders") as stream:
        assert [str(kind) for kind in stream.schema.types] == [
            "int64", "int64", "string", "string", "date32[day]", "decimal128(12, 2)", "timestamp[us]",
        ]  # fmt: skip
        assert sum(batch.num_rows for batch in stream) == made.rows["sales.orders"]


def test_the_next_day_is_clean_and_younger_than_all_before(tmp_path: Path) -> None:
    made = create_sample(tmp_path / "sales.db", today=TODAY, scale=0.02)
    before = str(rows(made.path, 'SELECT max(last_modified) FROM "sales.orders"')[0][0])
    old = rows(made.path, 'SELECT max(order_id) FROM "sales.orders"')[0][0]
    day = next_day(made.path, seed=1)
    assert (day.day, day.defects) == (TODAY, ())
    changed = rows(made.path, f"SELECT * FROM \"sales.orders\" WHERE last_modified > '{before}'")
    assert len(changed) == day.rows["sales.orders"] + day.updated
    assert day.updated > 0
    fresh = [row for row in changed if int(str(row[0])) > int(str(old))]
    assert len(fresh) == day.rows["sales.orders"]
    assert all(row[4] == str(TODAY) and float(str(row[5])) > 0 and row[1] for row in fresh)
    wrong = {key[0] for defect in made.defects for key in defect.keys if defect.table == "sales.orders"}
    assert not wrong & {row[0] for row in changed}


def test_a_next_day_with_defects_reports_them(tmp_path: Path) -> None:
    made = create_sample(tmp_path / "sales.db", today=TODAY, scale=0.02)
    day = next_day(made.path, seed=1, defects=True)
    names = {defect.name for defect in day.defects}
    assert {"null_customer", "duplicate_id", "negative_amount", "broken_email", "future_order"} <= names
    nulls = rows(made.path, 'SELECT order_id FROM "sales.orders" WHERE customer_id IS NULL')
    assert set(nulls) == keys(made, "null_customer") | set(day.defect("null_customer").keys)
    again = next_day(made.path, seed=1)
    assert (again.day - day.day).days == 1


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="scale"):
        create_sample(tmp_path / "x.db", scale=0)
    with pytest.raises(ConfigError, match="no sample"):
        next_day(tmp_path / "x.db", seed=1)
    assert list(tmp_path.iterdir()) == []
