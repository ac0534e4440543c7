"""Clean invented records of things and people, with the irregularities that real ones have."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from benchmarks.cells.words import FAMILY, GIVEN, STATES, Table, add, digits, person, skewed, title, word, words


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
        add(table, cells)
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
        add(table, cells)
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
        add(table, cells)
    return table
