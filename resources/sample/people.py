"""Customers and products of the sample."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from random import Random

from resources.sample.words import COUNTRIES, EMAIL_DOMAINS, FIRST, GOODS, LAST, STYLES

DAY = 86_400
Customer = tuple[int, str, str, str | None, str, str, str]
Product = tuple[int, str, str, str, int, str]


class Clock:
    """Seconds since `start` as text, fast."""

    def __init__(self, start: date, days: int) -> None:
        self.start = start
        self.days = [(start + timedelta(days=n)).isoformat() for n in range(days + 1)]
        self._times = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY)]

    def stamp(self, second: int) -> str:
        """`YYYY-MM-DD HH:MM:SS`, as the source writes it."""
        day, rest = divmod(second, DAY)
        return f"{self.days[day]} {self._times[rest]}"


def ascii_of(name: str) -> str:
    """A name as an address spells it."""
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ł", "l"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalpha())


def customers(random: Random, first_id: int, created: list[int], clock: Clock) -> list[Customer]:
    """One customer for each moment of `created` (ascending seconds), ids ascending from `first_id`."""
    weights = [share for share, _, _ in COUNTRIES.values()]
    countries = random.choices(list(COUNTRIES), weights, k=len(created))
    firsts, lasts = random.choices(FIRST, k=len(created)), random.choices(LAST, k=len(created))
    folded = {name: ascii_of(name) for name in (*FIRST, *LAST)}
    made: list[Customer] = []
    for number, (second, country, first, last) in enumerate(zip(created, countries, firsts, lasts, strict=True)):
        ident = first_id + number
        email = f"{folded[first]}.{folded[last]}{ident}@{EMAIL_DOMAINS[ident % 3]}"
        phone = None if random.random() < 0.08 else f"{COUNTRIES[country][1]}{random.randrange(1000):03}"
        stamp = clock.stamp(second)
        made.append((ident, f"{first} {last}", email, phone, country, stamp, stamp))
    return made


def products(random: Random, count: int, stamp: str) -> tuple[list[Product], list[int]]:
    """Products and their prices in cents."""
    kinds = [(category, item) for category, items in GOODS.items() for item in items]
    made: list[Product] = []
    prices: list[int] = []
    for ident in range(1, count + 1):
        category, item = kinds[random.randrange(len(kinds))]
        cents = max(199, min(149_900, round(random.lognormvariate(3.3, 0.9) * 100) // 10 * 10 + 9))
        name = f"{STYLES[random.randrange(len(STYLES))]} {item} {ident:04}"
        made.append((ident, name, category, money(cents), int(random.random() < 0.93), stamp))
        prices.append(cents)
    return made, prices


def money(cents: int) -> str:
    """Cents as a decimal text; the column's type makes it a number."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
