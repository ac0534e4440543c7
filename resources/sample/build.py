"""Build the sample, and let a further day pass in it."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

from agents.core.errors import ConfigError
from resources.sample.defects import CUSTOMERS, LINES, ORDERS, Planter
from resources.sample.people import DAY, Clock, customers, products
from resources.sample.report import SampleReport, load, planted_file, save
from resources.sample.trade import Shop, Trade, orders_by_day

PRODUCTS = "sales.products"
_FULL = {CUSTOMERS: 50_000, ORDERS: 500_000, PRODUCTS: 2_000}
_ORDER_DAYS = 3 * 365
_LEAD_DAYS = 2 * 365  # customers who came before the first order
_SCHEMA = f"""
CREATE TABLE "{CUSTOMERS}" (customer_id bigint NOT NULL PRIMARY KEY, full_name nvarchar(100), email nvarchar(200),
  phone nvarchar(40), country char(2), created_at datetime2, last_modified datetime2);
CREATE TABLE "{PRODUCTS}" (product_id int NOT NULL PRIMARY KEY, product_name nvarchar(100), category nvarchar(40),
  list_price decimal(12, 2), active bit, last_modified datetime2);
CREATE TABLE "{ORDERS}" (order_id bigint NOT NULL, customer_id bigint, status nvarchar(20), currency nvarchar(10),
  order_date date, amount decimal(12, 2), last_modified datetime2);
CREATE TABLE "{LINES}" (order_id bigint NOT NULL, line_no int NOT NULL, product_id int, quantity int,
  unit_price decimal(12, 2), modified_at datetime2);
CREATE TABLE _adp_keys (table_name text NOT NULL, column_name text NOT NULL, position int NOT NULL);
INSERT INTO _adp_keys VALUES ('{ORDERS}', 'order_id', 1), ('{LINES}', 'order_id', 1), ('{LINES}', 'line_no', 2);
"""
_INDEXES = f"""
CREATE INDEX orders_by_id ON "{ORDERS}" (order_id);
CREATE INDEX orders_by_change ON "{ORDERS}" (last_modified);
CREATE INDEX customers_by_change ON "{CUSTOMERS}" (last_modified);
CREATE INDEX lines_by_change ON "{LINES}" (modified_at);
"""


def create_sample(path: Path, *, seed: int = 7, today: date | None = None, scale: float = 1.0) -> SampleReport:
    """A sales system in a SQLite file, complete up to the day before `today`; the same seed and day give the same rows.

    At scale 1: 50,000 customers, 500,000 orders, about 1.2 million order lines, 2,000 products. A file already there is
    replaced once the new one is whole. The planted defects are in the report, which is also written beside the file.
    """
    if not 0 < scale <= 100:
        raise ConfigError("the scale must lie above 0 and up to 100", where="create_sample")
    collected = gc.isenabled()
    gc.disable()  # millions of rows and no cycles among them: collecting would take longer than making them
    try:
        return _create(path, seed, today or date.today(), scale)
    finally:
        if collected:
            gc.enable()


def _create(path: Path, seed: int, today: date, scale: float) -> SampleReport:
    random = Random(seed)
    end = today - timedelta(days=1)
    days = _LEAD_DAYS + _ORDER_DAYS
    clock = Clock(end - timedelta(days=days - 1), days + 1)
    created = _arrivals(random, max(20, round(_FULL[CUSTOMERS] * scale)), days)
    people = customers(random, 1, created, clock)
    goods, prices = products(random, max(20, round(_FULL[PRODUCTS] * min(scale, 5))), clock.stamp(0))
    trade = Trade()
    shop = Shop(random, people, created, prices)
    start = clock.start + timedelta(days=_LEAD_DAYS)
    counts = orders_by_day(max(200, round(_FULL[ORDERS] * scale)), start, _ORDER_DAYS)
    for number, count in enumerate(counts):
        shop.sell(trade, 100_001 + len(trade.orders), count, _LEAD_DAYS + number, clock, days * DAY - 1)
    defects = Planter(random, trade, today, scale).all(people)
    tables: dict[str, Sequence[tuple[int | str | None, ...]]] = {
        CUSTOMERS: people,
        PRODUCTS: goods,
        ORDERS: trade.orders,
        LINES: trade.lines,
    }
    _write_new(path, tables)
    report = SampleReport(path, seed, end, {name: len(rows) for name, rows in tables.items()}, 0, defects)
    save(report, [])
    return report


def _arrivals(random: Random, count: int, days: int) -> list[int]:
    """Moments when customers came: more of them lately, nobody on the last day."""
    return sorted(int(random.random() ** 0.7 * (days - 1) * DAY) for _ in range(count))


def _write_new(path: Path, tables: Mapping[str, Sequence[tuple[int | str | None, ...]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    db = sqlite3.connect(part, isolation_level=None)
    try:
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        db.execute("BEGIN")
        for name, rows in tables.items():
            _insert(db, name, rows)
        db.execute("COMMIT")
        db.executescript(_INDEXES)
    finally:
        db.close()
    planted_file(path).unlink(missing_ok=True)
    part.replace(path)


def _insert(db: sqlite3.Connection, name: str, rows: Sequence[tuple[int | str | None, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)


def next_day(path: Path, *, seed: int, defects: bool = False) -> SampleReport:
    """One further day in a sample: new customers, orders and lines, and earlier orders that moved on.

    The day is clean unless `defects`. Orders that carry a planted defect are not touched again.
    """
    earlier = load(path)
    day = earlier[-1].day + timedelta(days=1)
    random = Random(f"{seed}/{day.isoformat()}")
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        db.execute("BEGIN IMMEDIATE")
        report = _Day(db, random, path, seed, day, earlier).pass_by(defects)
        db.execute("COMMIT")
    finally:
        db.close()
    save(report, earlier)
    return report


class _Day:
    """A day's changes, inside one transaction."""

    def __init__(
        self, db: sqlite3.Connection, random: Random, path: Path, seed: int, day: date, earlier: list[SampleReport]
    ) -> None:
        self.db, self.random, self.path, self.seed, self.day, self.earlier = db, random, path, seed, day, earlier
        self.clock = Clock(day, 1)

    def pass_by(self, defects: bool) -> SampleReport:
        """Write the day and report it."""
        updated = self._move_on()
        (last,) = self.db.execute(f'SELECT max(customer_id) FROM "{CUSTOMERS}"').fetchone()
        known = self.db.execute(f'SELECT * FROM "{CUSTOMERS}"').fetchall()
        moments = sorted(int(self.random.random() * DAY) for _ in range(max(2, len(known) // 1_200)))
        people = customers(self.random, last + 1, moments, self.clock)
        trade = self._sell(known)
        share = min(1.0, len(trade.orders) / 600) / 100  # about one order in forty
        planter = Planter(self.random, trade, self.day + timedelta(days=1), share, least=1)
        planted = planter.all(people) if defects else ()
        tables: dict[str, Sequence[tuple[int | str | None, ...]]] = {
            CUSTOMERS: people,
            ORDERS: trade.orders,
            LINES: trade.lines,
        }
        for name, rows in tables.items():
            _insert(self.db, name, rows)
        counts = {name: len(rows) for name, rows in tables.items()}
        return SampleReport(self.path, self.seed, self.day, counts, updated, planted)

    def _sell(self, known: list[tuple[int, str, str, str | None, str, str, str]]) -> Trade:
        prices = [
            round(float(price) * 100)
            for (price,) in self.db.execute(f'SELECT list_price FROM "{PRODUCTS}" ORDER BY product_id')
        ]
        start = self.earlier[0].day - timedelta(days=_ORDER_DAYS - 1)
        days = _ORDER_DAYS + len(self.earlier)
        total = self.earlier[0].rows[ORDERS]
        count = max(5, orders_by_day(round(total * days / _ORDER_DAYS), start, days)[-1])
        (last,) = self.db.execute(f'SELECT max(order_id) FROM "{ORDERS}"').fetchone()
        trade = Trade()
        shop = Shop(self.random, known, [-1] * len(known), prices)
        shop.sell(trade, last + 1, count, 0, self.clock, DAY - 1)
        return trade

    def _move_on(self) -> int:
        """Open orders become shipped or delivered; the day's changes are younger than all before."""
        keep = {key for report in self.earlier for d in report.defects if d.table == ORDERS for (key, *_) in d.keys}
        rows = self.db.execute(
            f"""SELECT order_id, status FROM "{ORDERS}" WHERE status IN ('new', 'paid', 'shipped')
            AND last_modified >= ? ORDER BY order_id""",
            ((self.day - timedelta(days=14)).isoformat(),),
        ).fetchall()
        following = {"new": "paid", "paid": "shipped", "shipped": "delivered"}
        changes = [
            (following[status], self.clock.stamp(int(self.random.random() * DAY)), ident)
            for ident, status in rows
            if ident not in keep and self.random.random() < 0.6
        ]
        self.db.executemany(f'UPDATE "{ORDERS}" SET status = ?, last_modified = ? WHERE order_id = ?', changes)
        return len(changes)
