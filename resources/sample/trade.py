"""Orders and their lines: seasonal volume, weekdays, growth, states that follow from an order's age."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from resources.sample.people import DAY, Clock, Customer, money
from resources.sample.words import COUNTRIES

_WEEKDAY = (1.02, 0.95, 0.97, 1.05, 1.25, 1.3, 0.8)
_MONTH = (0.88, 0.85, 0.95, 0.98, 1.02, 1.0, 0.9, 0.87, 1.0, 1.08, 1.45, 1.6)
_YEARLY_GROWTH = 0.18
_LINES: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
_LINES_SHARE = (32, 28, 19, 12, 6, 3)
_QUANTITIES: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 10, 12)
_QUANTITIES_SHARE = (52, 20, 10, 6, 4, 3, 2, 2, 1)
_DISCOUNTS = (100, 100, 100, 95, 90, 85)

Order = tuple[int, int | None, str, str, str, str, str]
Line = tuple[int, int, int, int, str, str]


@dataclass(slots=True)
class Trade:
    """Rows to write; an order is (order_id, customer_id, status, currency, order_date, amount, last_modified)."""

    orders: list[Order] = field(default_factory=list[Order])
    lines: list[Line] = field(default_factory=list[Line])


def volume(day: date, start: date) -> float:
    """How busy a day is, 1 on average in the first year."""
    growth = (1 + _YEARLY_GROWTH) ** ((day - start).days / 365)
    return _WEEKDAY[day.weekday()] * _MONTH[day.month - 1] * growth


def orders_by_day(total: int, start: date, days: int) -> list[int]:
    """`total` orders spread over the days by their volume."""
    weights = [volume(start + timedelta(days=n), start) for n in range(days)]
    scale, done, sofar = total / sum(weights), 0, 0.0
    counts: list[int] = []
    for weight in weights:
        sofar += weight * scale
        counts.append(round(sofar) - done)
        done += counts[-1]
    return counts


class Shop:
    """Makes orders of known customers for known products."""

    def __init__(self, random: Random, people: list[Customer], created: list[int], prices: list[int]) -> None:
        self.random, self.people, self.created, self.prices = random, people, created, prices
        self._currency = {country: currency for country, (_, _, currency) in COUNTRIES.items()}

    def sell(self, trade: Trade, first_id: int, count: int, day: int, clock: Clock, now: int) -> None:
        """Add a day's orders with their lines; `day` and `now` (in seconds) count from the clock's start."""
        random = self.random
        buyers = max(1, bisect_left(self.created, day * DAY))
        moments = sorted(day * DAY + min(DAY - 1, max(0, round(random.gauss(54_000, 13_000)))) for _ in range(count))
        sizes = random.choices(_LINES, _LINES_SHARE, k=count)
        quantities = random.choices(_QUANTITIES, _QUANTITIES_SHARE, k=sum(sizes))
        at = 0
        for number, (moment, size) in enumerate(zip(moments, sizes, strict=True)):
            ident = first_id + number
            buyer = self.people[int(buyers * random.random() ** 1.4)]
            cents = self._lines(trade, ident, quantities[at : at + size], clock.stamp(moment))
            at += size
            status, changed = self._progress(moment, now)
            trade.orders.append(
                (
                    ident,
                    buyer[0],
                    status,
                    self._currency[buyer[4]],
                    clock.days[day],
                    money(cents),
                    clock.stamp(changed),
                )
            )

    def _lines(self, trade: Trade, ident: int, quantities: list[int], stamp: str) -> int:
        random, total = self.random, 0
        for number, quantity in enumerate(quantities, 1):
            product = int(len(self.prices) * random.random() ** 1.6)
            cents = self.prices[product] * _DISCOUNTS[int(random.random() * 6)] // 100
            trade.lines.append((ident, number, product + 1, quantity, money(cents), stamp))
            total += cents * quantity
        return total

    def _progress(self, moment: int, now: int) -> tuple[str, int]:
        """The state an order has reached by `now`, and when it did."""
        chance, pace = self.random.random(), self.random.random()
        paid = moment + 600 + int(pace * 7_200)
        if chance < 0.04:
            steps = [("cancelled", moment + 3_600 + int(pace * DAY))]
        else:
            steps = [("paid", paid), ("shipped", paid + DAY // 2 + int(pace * DAY))]
            steps.append(("delivered", steps[-1][1] + DAY + int(pace * 4 * DAY)))
            if chance > 0.97:
                steps.append(("returned", steps[-1][1] + 3 * DAY + int(pace * 10 * DAY)))
        status, changed = "new", moment
        for name, at in steps:
            if at <= now:
                status, changed = name, at
        return status, changed
