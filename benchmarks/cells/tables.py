"""Clean invented tables of several kinds, each with the irregularities that real ones have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from benchmarks.cells.words import FAMILY, GIVEN, STATES, digits, person, skewed, title, word, words

Table = dict[str, list[str]]
"""Columns of equal length, every cell text."""


def articles(rng: Random, rows: int) -> Table:
    """Bibliographic records: a journal has one abbreviation, number and country."""
    vocabulary = words(rng, 900)
    journals = [
        (
            f"Journal of {' '.join(w.capitalize() for w in words(rng, rng.randint(1, 3)))}",
            f"J {word(rng, 1).capitalize()} {word(rng, 1).capitalize()}",
            f"{digits(rng, 4)}-{digits(rng, 3)}{rng.choice('0123456789X')}",
            rng.choice(("eng", "eng", "eng", "fre", "ger", "spa")),
        )
        for _ in range(max(8, rows // 6))
    ]
    table: Table = {
        n: []
        for n in (
            "id",
            "title",
            "language",
            "journal",
            "abbrev",
            "issn",
            "volume",
            "issue",
            "created",
            "pages",
            "authors",
        )
    }
    for number in range(rows):
        journal = journals[skewed(rng, len(journals))]
        first = rng.randint(1, 2000)
        made = date(1995, 1, 1) + timedelta(days=rng.randint(0, 8000))
        cells = (
            str(30_000 + number),
            title(rng, vocabulary, 5, 16),
            journal[3],
            journal[0],
            journal[1],
            journal[2],
            str(rng.randint(1, 90)),
            "" if rng.random() < 0.2 else str(rng.randint(1, 12)),
            f"{made.month}/{made.day}/{made:%y}",
            f"{first}-{first + rng.randint(1, 20)}",
            "; ".join(person(rng) for _ in range(rng.randint(1, 6))),
        )
        _add(table, cells)
    return table


def films(rng: Random, rows: int) -> Table:
    """Films: lists in cells, long texts, heavy-tailed counts, optional cells."""
    vocabulary = words(rng, 1200)
    directors = [person(rng) for _ in range(max(5, rows // 3))]
    table: Table = {
        n: []
        for n in (
            "id",
            "name",
            "year",
            "released",
            "director",
            "cast",
            "language",
            "country",
            "duration",
            "rating",
            "votes",
            "genre",
            "plot",
        )
    }
    languages = {
        "USA": "English",
        "UK": "English",
        "France": "French",
        "India": "Hindi",
        "Japan": "Japanese",
        "Germany": "German",
    }
    genres = ("Drama", "Comedy", "Thriller", "Action", "Crime", "Horror", "Romance", "Documentary", "Sci-Fi")
    for number in range(rows):
        made = date(1950, 1, 1) + timedelta(days=int(25_000 * rng.random() ** 0.5))
        country = rng.choice(("USA",) * 8 + tuple(languages))
        cells = (
            f"tt{number * 37 + 100_000:07d}",
            title(rng, vocabulary, 1, 5).title(),
            str(made.year),
            f"{made.day} {made:%B} {made.year} ({country})",
            directors[skewed(rng, len(directors))],
            ",".join(person(rng) for _ in range(rng.randint(2, 8))),
            languages[country] if rng.random() < 0.9 else f"{languages[country]},{rng.choice(('Spanish', 'Italian'))}",
            country,
            f"{max(45, int(rng.gauss(105, 18)))} min",
            f"{min(9.9, max(1.0, rng.gauss(6.3, 1.2))):.1f}",
            str(int(rng.lognormvariate(8, 2)) + 5),
            ",".join(sorted(rng.sample(genres, rng.randint(1, 3)))),
            "" if rng.random() < 0.12 else title(rng, vocabulary, 15, 40) + ".",
        )
        _add(table, cells)
    return table


def persons(rng: Random, rows: int) -> Table:
    """People and their tax: a zip code has one city and state, exemptions follow the marital status."""
    places = [(digits(rng, 5), word(rng, 2).upper(), rng.choice(STATES)) for _ in range(max(12, rows // 8))]
    codes = {state: [digits(rng, 3) for _ in range(rng.randint(1, 3))] for state in STATES}
    rates = {state: (f"{rng.uniform(1, 8):.2f}", str(rng.randint(0, 40) * 100)) for state in STATES}
    table: Table = {
        n: []
        for n in (
            "first",
            "last",
            "gender",
            "area",
            "phone",
            "city",
            "state",
            "zip",
            "marital",
            "child",
            "salary",
            "rate",
            "single_ex",
            "child_ex",
        )
    }
    for _ in range(rows):
        zip_code, city, state = places[skewed(rng, len(places))]
        married, child = rng.random() < 0.5, rng.random() < 0.4
        cells = (
            rng.choice(GIVEN),
            rng.choice(FAMILY),
            rng.choice("MF"),
            rng.choice(codes[state]),
            f"{digits(rng, 3)}-{digits(rng, 4)}",
            city,
            state,
            zip_code,
            "M" if married else "S",
            "Y" if child else "N",
            str(rng.randint(1, 200) * 500),
            rates[state][0],
            "0" if married else rates[state][1],
            str(int(rates[state][1]) // 2) if child else "0",
        )
        _add(table, cells)
    return table


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
        _add(table, cells)
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
        _add(table, cells)
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
        _add(table, cells)
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
            _add(table, (str(len(table["row"]) + 1), source, *fact))
    return table


def _add(table: Table, cells: tuple[str, ...]) -> None:
    for column, cell in zip(table.values(), cells, strict=True):
        column.append(cell)


KINDS: dict[str, Callable[[Random, int], Table]] = {
    kind.__name__: kind for kind in (articles, films, persons, permits, products, staff, quotes)
}
