"""Tables of several trades, seeded: a clean day, and the same day with the defects of a real system planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Columns = dict[str, Any]


@dataclass(frozen=True)
class Domain:
    """A process that makes a day's table, its key, and what is planted into which column."""

    make: Callable[[np.random.Generator, int, int], Columns]
    key: str
    plants: dict[str, str]


def _times(rng: np.random.Generator, n: int, days: int, end_day: int) -> np.ndarray:
    end = np.datetime64("2026-11-21T00:00:00", "us") + np.timedelta64(end_day, "D")
    return end - rng.integers(1, days * 86_400, n).astype("timedelta64[s]")


def _pick(rng: np.random.Generator, values: list[str], shares: list[float], n: int) -> np.ndarray:
    return np.array(values, dtype=object)[rng.choice(len(values), n, p=np.array(shares) / sum(shares))]


def _optional(rng: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    values = values.astype(object)
    values[rng.random(len(values)) < share] = None
    return values


def shipping(rng: np.random.Generator, n: int, day: int) -> Columns:
    booked = _times(rng, n, 200, day)
    left = booked + rng.integers(3600, 5 * 86_400, n).astype("timedelta64[s]")
    return {
        "consignment": np.array([f"SHP-{day:02d}{i:07d}" for i in range(n)], dtype=object),
        "carrier": _pick(rng, ["DHL", "UPS", "Fed Ex", "Hermes"], [5, 3, 1, 0.5], n),
        "weight_kg": np.round(rng.lognormal(1.0, 1.2, n), 3),
        "parcels": rng.geometric(0.45, n),
        "contact": np.array([f"u{i}.x@post{i % 13}.example" for i in rng.integers(0, 10**6, n)], dtype=object),
        "booked": booked,
        "departed": np.minimum(left, booked + np.timedelta64(5, "D")),
        "port": _pick(rng, ["DEHAM", "NLRTM", "BEANR", "FRLEH", "ESVLC"], [5, 4, 3, 1, 1], n),
        "remark": _optional(rng, np.array([f"handle {i} with care" for i in range(n)]), 0.3),
    }


def sensors(rng: np.random.Generator, n: int, day: int) -> Columns:
    taken = _times(rng, n, 30, day)
    return {
        "reading_no": np.arange(n) + 10_000_000 * (day + 1),
        "device": np.array([f"s{i:03d}" for i in rng.integers(0, 150, n)], dtype=object),
        "temperature": np.round(rng.normal(20, 8, n), 2),
        "humidity": np.round(rng.beta(4, 3, n) * 100, 1),
        "battery": rng.integers(5, 101, n),
        "taken": taken,
        "received": taken + rng.integers(0, 120, n).astype("timedelta64[s]"),
        "state": _pick(rng, ["ok", "warn", "fault"], [95, 4, 1], n),
        "offset": np.round(rng.normal(0, 1, n), 3),
    }


def people(rng: np.random.Generator, n: int, day: int) -> Columns:
    hired = np.datetime64("2010-01-01", "D") + rng.integers(0, 5800, n).astype("timedelta64[D]")
    return {
        "staff_id": np.arange(n) + 1000,
        "work_mail": np.array([f"p{i}@firm.example" for i in range(n)], dtype=object),
        "grade": _pick(rng, ["A", "A-", "A+", "B", "B+"], [3, 2, 1, 3, 2], n),
        "salary": np.round(rng.normal(52_000, 9_000, n).clip(20_000), -2),
        "bonus": np.where(rng.random(n) < 0.8, 0.0, np.round(rng.exponential(2_000, n), 2)),
        "born": np.datetime64("1965-01-01", "D") + rng.integers(0, 13_000, n).astype("timedelta64[D]"),
        "hired": hired,
        "left_on": _optional(rng, hired + rng.integers(100, 900, n).astype("timedelta64[D]"), 0.7),
        "country": _pick(rng, ["DE", "FR", "PL", "ES"], [6, 2, 1, 1], n),
        "phone": np.array([f"+49 30 {i}" for i in rng.integers(10**6, 10**7, n)], dtype=object),
    }


def payments(rng: np.random.Generator, n: int, day: int) -> Columns:
    made = _times(rng, n, 365, day)
    return {
        "txn": np.arange(n) + 5_000_000,
        "account": rng.integers(1, 30_000, n),
        "value": np.round(rng.lognormal(3.5, 1.1, n), 2),
        "fee": np.round(rng.exponential(0.8, n), 2),
        "unit": _pick(rng, ["EUR", "USD", "GBP"], [6, 3, 1], n),
        "made": made,
        "settled": made + rng.integers(60, 3 * 86_400, n).astype("timedelta64[s]"),
        "iban_like": np.array([f"DE{i:010d}" for i in rng.integers(0, 10**10, n)], dtype=object),
        "due": made + np.timedelta64(30, "D"),
        "items": rng.integers(1, 13, n),
        "note": _optional(rng, np.array([f"ref {i}" for i in range(n)]), 0.06),
    }


DOMAINS = {
    "shipping": Domain(
        shipping,
        "consignment",
        {
            "carrier": "typed",
            "weight_kg": "negative",
            "parcels": "huge",
            "contact": "mail",
            "booked": "future",
            "port": "null",
            "departed": "before",
        },
    ),
    "sensors": Domain(
        sensors, "reading_no", {"temperature": "sentinel", "state": "typed", "taken": "future", "battery": "huge"}
    ),
    "people": Domain(
        people,
        "staff_id",
        {"work_mail": "mail", "salary": "negative", "country": "typed", "hired": "future", "born": "ancient"},
    ),
    "payments": Domain(
        payments,
        "txn",
        {
            "account": "null",
            "value": "negative",
            "unit": "typed",
            "made": "future",
            "items": "huge",
            "iban_like": "code",
        },
    ),
}


def dirty(
    domain: Domain, columns: Columns, rng: np.random.Generator, share: float
) -> tuple[Columns, dict[str, set[int]]]:
    """The columns with each plant in `share` of the rows, and the rows it hit by column."""
    n = len(next(iter(columns.values())))
    made, hit = dict(columns), dict[str, set[int]]()
    for name, plant in domain.plants.items():
        rows = rng.choice(n, max(3, int(n * share)), replace=False)
        made[name] = _plant(plant, made, name, rows, rng)
        hit[name] = set(rows.tolist())
    return made, hit


def _plant(plant: str, columns: Columns, name: str, rows: np.ndarray, rng: np.random.Generator) -> Any:
    values = columns[name].copy()
    if plant == "null":
        values = values.astype(object)
        values[rows] = None
    elif plant == "negative":
        values[rows] = -np.abs(values[rows]) - 0.01
    elif plant == "huge":
        values[rows] = rng.integers(5_000, 90_000, len(rows))
    elif plant == "sentinel":
        values[rows] = -999.0
    elif plant == "typed":
        values[rows] = [v.lower() if v != v.lower() else f"{v.title()}." for v in values[rows]]
    elif plant == "mail":
        values[rows] = [v.replace("@", " at ") for v in values[rows]]
    elif plant == "code":
        values[rows] = [v[:6] for v in values[rows]]
    elif plant == "future":
        values[rows] = np.datetime64("2027-08-01")
    elif plant == "ancient":
        values[rows] = np.datetime64("1800-01-01")
    elif plant == "before":
        values[rows] = columns["booked"][rows] - np.timedelta64(4, "D")
    return values


def table(columns: Columns) -> pa.Table:
    """The columns as Arrow."""
    return pa.table({name: pa.array(list(v) if v.dtype == object else v) for name, v in columns.items()})
