"""Clean invented tables of offices and shops, with the irregularities that real ones have."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from benchmarks.cells.words import Table, add, digits, person, skewed, title, word, words


def permits(rng: Random, rows: int) -> Table:
    """Open data of a city: codes with their texts, dates that follow each other, money, many optional cells."""
    kinds = [
        (
            f"{rng.choice('ABCDE')}{rng.randint(10, 99)}",
            title(rng, words(rng, 40), 2, 5).upper(),
            f"{rng.randint(1, 40) * 5}.00",
        )
        for _ in range(25)
    ]
    wards = [(str(n + 1), person(rng), f"{rng.randint(100, 999)} {word(rng).capitalize()} Street") for n in range(20)]
    table: Table = {
        n: []
        for n in (
            "permit",
            "kind_code",
            "kind",
            "fee",
            "ward",
            "councillor",
            "office",
            "opened",
            "closed",
            "status",
            "value",
            "lat",
            "lon",
            "inspector",
        )
    }
    inspectors = [person(rng) for _ in range(15)]
    for number in range(rows):
        kind, ward = kinds[skewed(rng, 25)], wards[skewed(rng, 20)]
        opened = date(2015, 1, 1) + timedelta(days=rng.randint(0, 2500))
        done = rng.random() < 0.8
        cells = (
            f"BP-{2015 + number % 8}-{number:06d}",
            kind[0],
            kind[1],
            kind[2],
            ward[0],
            ward[1],
            ward[2],
            opened.isoformat(),
            (opened + timedelta(days=rng.randint(1, 200))).isoformat() if done else "",
            "Closed" if done else rng.choice(("Open", "Open", "Suspended")),
            f"{rng.lognormvariate(9, 1.3):.2f}",
            f"{rng.uniform(41.6, 42.1):.5f}",
            f"{-rng.uniform(87.5, 87.9):.5f}",
            rng.choice(inspectors),
        )
        add(table, cells)
    return table


def products(rng: Random, rows: int) -> Table:
    """A stock list: numbers with a unit, prices, suppliers with their own facts."""
    suppliers = [
        (
            f"S{digits(rng, 3)}",
            f"{word(rng).capitalize()} {rng.choice(('Ltd', 'GmbH', 'Inc', 'SA'))}",
            rng.choice(("DE", "US", "FR", "CN", "IT")),
            f"+{rng.randint(1, 49)} {digits(rng, 3)} {digits(rng, 6)}",
        )
        for _ in range(max(6, rows // 25))
    ]
    categories = words(rng, 9)
    table: Table = {
        n: []
        for n in (
            "sku",
            "name",
            "category",
            "weight",
            "price",
            "currency",
            "stock",
            "supplier",
            "supplier_name",
            "country",
            "phone",
            "restocked",
        )
    }
    names = words(rng, 200)
    money = {"DE": "EUR", "FR": "EUR", "IT": "EUR", "US": "USD", "CN": "CNY"}
    for number in range(rows):
        supplier = suppliers[skewed(rng, len(suppliers))]
        category = rng.choice(categories)
        cells = (
            f"{category[:2].upper()}-{number:05d}",
            f"{rng.choice(names).capitalize()} {rng.choice(names)} {rng.randint(1, 20)}",
            category,
            f"{rng.uniform(0.1, 40):.1f} kg",
            f"{rng.lognormvariate(3, 0.9):.2f}",
            money[supplier[2]],
            str(rng.randint(0, 500)),
            *supplier,
            (date(2024, 1, 1) + timedelta(days=rng.randint(0, 600))).strftime("%d.%m.%Y"),
        )
        add(table, cells)
    return table


def staff(rng: Random, rows: int) -> Table:
    """Employees: e-mail from the name, a department has one site and head."""
    teams = [
        (w.capitalize(), f"{person(rng)}", f"{digits(rng, 5)} {word(rng).capitalize()}", f"CC{digits(rng, 4)}")
        for w in words(rng, 14)
    ]
    table: Table = {
        n: []
        for n in (
            "number",
            "name",
            "email",
            "team",
            "head",
            "site",
            "cost_centre",
            "hired",
            "grade",
            "salary",
            "hours",
            "phone",
        )
    }
    for number in range(rows):
        name, team, grade = person(rng), teams[skewed(rng, 14)], rng.randint(1, 9)
        cells = (
            f"{10_000 + number}",
            name,
            f"{name.lower().replace(' ', '.')}@{'example.com' if rng.random() < 0.9 else 'example.org'}",
            *team,
            (date(2001, 1, 1) + timedelta(days=rng.randint(0, 8500))).isoformat(),
            f"G{grade}",
            str(28_000 + grade * 7_000 + rng.randint(-3000, 3000)),
            rng.choice(("38.5", "38.5", "38.5", "20", "30")),
            "" if rng.random() < 0.3 else f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}",
        )
        add(table, cells)
    return table


def quotes(rng: Random, rows: int) -> Table:
    """What several sources report of the same things: they should agree, but for their errors."""
    sources, things = words(rng, 15), max(3, rows // 15)
    table: Table = {n: [] for n in ("row", "source", "symbol", "open", "close", "volume", "trend")}
    facts = [
        (
            f"{word(rng, 1).upper()}{n}",
            f"{rng.uniform(5, 300):.2f}",
            f"{rng.uniform(5, 300):.2f}",
            str(rng.randint(10, 90_000) * 100),
            rng.choice(("up", "down", "flat")),
        )
        for n in range(things)
    ]
    for fact in facts:
        for source in sources:
            add(table, (str(len(table["row"]) + 1), source, *fact))
    return table
