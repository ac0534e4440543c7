"""The defects of a real system, planted into rows before they are written; no row gets two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from resources.sample.people import Customer
from resources.sample.report import Defect
from resources.sample.trade import Order, Trade
from resources.sample.words import CURRENCY_VARIANTS

# How many of 500,000 orders (of 50,000 customers for the addresses).
_COUNTS = {
    "null_customer": 150,
    "duplicate_row": 200,
    "duplicate_id": 100,
    "negative_amount": 250,
    "broken_email": 300,
    "late_update": 800,
    "currency_variant": 400,
    "orphan_customer": 120,
    "future_order": 60,
    "implausible_quantity": 80,
}
_LATE_AFTER_DAYS = 60
_UNKNOWN_CUSTOMER = 9_000_000
ORDERS, LINES, CUSTOMERS = "sales.orders", "sales.order_lines", "sales.customers"
_BREAKS: tuple[Callable[[str], str], ...] = (
    lambda email: email.replace("@", ""),
    lambda email: email.replace("@", "@@"),
    lambda email: email.replace(".", " ", 1),
    lambda email: email.split("@")[0] + "@",
    lambda email: email.rsplit(".", 1)[0],
    lambda email: email.replace("@", " at "),
)


Fits = Callable[[Order], bool]


def _any(order: Order) -> bool:
    return True


class Planter:
    """Changes rows in place and remembers which."""

    def __init__(self, random: Random, trade: Trade, today: date, scale: float, least: int = 3) -> None:
        self.random, self.trade, self.today, self.scale, self.least = random, trade, today, scale, least
        self.found: list[Defect] = []
        self._free = list(range(len(trade.orders)))
        random.shuffle(self._free)

    def count(self, name: str) -> int:
        """How many of a defect to plant at this scale."""
        return max(self.least, round(_COUNTS[name] * self.scale))

    def all(self, people: list[Customer]) -> tuple[Defect, ...]:
        """Plant every defect."""
        self._nulls()
        self._negative()
        self._variants()
        self._orphans()
        self._future()
        self._quantities()
        self._late()
        self._emails(people)
        self._duplicates()
        return tuple(defect for defect in self.found if defect.keys)

    def _take(self, name: str, fits: Fits = _any) -> list[int]:
        taken: list[int] = []
        kept: list[int] = []
        wanted = self.count(name)
        while self._free and len(taken) < wanted:
            index = self._free.pop()
            (taken if fits(self.trade.orders[index]) else kept).append(index)
        self._free = kept + self._free
        return sorted(taken)

    def _change(self, name: str, column: str, what: str, change: Callable[[Order], Order], fits: Fits = _any) -> None:
        indexes = self._take(name, fits)
        for index in indexes:
            self.trade.orders[index] = change(self.trade.orders[index])
        keys = tuple((self.trade.orders[index][0],) for index in indexes)
        self.found.append(Defect(name, ORDERS, column, what, ("order_id",), keys, name != "late_update"))

    def _nulls(self) -> None:
        what = "no customer, though every order needs one"
        self._change("null_customer", "customer_id", what, lambda o: (o[0], None, *o[2:]))

    def _negative(self) -> None:
        self._change("negative_amount", "amount", "below zero", lambda o: (*o[:5], f"-{o[5]}", o[6]))

    def _variants(self) -> None:
        def retyped(order: Order) -> Order:
            return (*order[:3], CURRENCY_VARIANTS[order[0] % len(CURRENCY_VARIANTS)], *order[4:])

        what = f"EUR typed as {', '.join(repr(variant) for variant in CURRENCY_VARIANTS)}"
        self._change("currency_variant", "currency", what, retyped, fits=lambda o: o[3] == "EUR")

    def _orphans(self) -> None:
        what = "a customer who is in no row of sales.customers"
        self._change(
            "orphan_customer", "customer_id", what, lambda o: (o[0], _UNKNOWN_CUSTOMER + o[0] % 100_000, *o[2:])
        )

    def _future(self) -> None:
        def later(order: Order) -> Order:
            return (*order[:4], (self.today + timedelta(days=20 + order[0] % 400)).isoformat(), *order[5:])

        self._change("future_order", "order_date", "a day that has not come", later)

    def _late(self) -> None:
        """True rows that changed long after the order: an incremental load by order_date misses them."""
        end = self.today - timedelta(days=1)

        def touched(order: Order) -> Order:
            made = date.fromisoformat(order[4])
            room = max(0, (end - made).days - _LATE_AFTER_DAYS)
            day = made + timedelta(days=_LATE_AFTER_DAYS + self.random.randrange(room + 1))
            return (*order[:2], "returned", *order[3:6], f"{day.isoformat()} {order[6][11:]}")

        old = (end - timedelta(days=_LATE_AFTER_DAYS)).isoformat()
        what = f"changed {_LATE_AFTER_DAYS} days or more after the order"
        self._change("late_update", "last_modified", what, touched, fits=lambda o: o[4] <= old)

    def _quantities(self) -> None:
        taken = {self.trade.orders[index][0] for index in self._take("implausible_quantity")}
        keys: list[tuple[int, ...]] = []
        for index, line in enumerate(self.trade.lines):
            if line[1] == 1 and line[0] in taken:
                huge = 10_000 + self.random.randrange(90_000)
                self.trade.lines[index] = (*line[:3], huge, *line[4:])
                keys.append((line[0], line[1]))
        what = "ten thousand or more of one article"
        self.found.append(Defect("implausible_quantity", LINES, "quantity", what, ("order_id", "line_no"), tuple(keys)))

    def _emails(self, people: list[Customer]) -> None:
        chosen = sorted(self.random.sample(range(len(people)), min(len(people), self.count("broken_email"))))
        for number, index in enumerate(chosen):
            one = people[index]
            people[index] = (*one[:2], _BREAKS[number % len(_BREAKS)](one[2]), *one[3:])
        keys = tuple((people[index][0],) for index in chosen)
        self.found.append(Defect("broken_email", CUSTOMERS, "email", "no e-mail address", ("customer_id",), keys))

    def _duplicates(self) -> None:
        """Rows delivered twice, and ids given twice with another state."""
        rows, ids = self._take("duplicate_row"), self._take("duplicate_id")
        copies = [self.trade.orders[index] for index in rows]
        twins = [_twin(self.trade.orders[index]) for index in ids]
        self.trade.orders += copies + twins
        for name, made, what in (
            ("duplicate_row", copies, "the same row twice"),
            ("duplicate_id", twins, "the same id twice, with another state and amount"),
        ):
            self.found.append(Defect(name, ORDERS, "order_id", what, ("order_id",), tuple((o[0],) for o in made)))


def _twin(order: Order) -> Order:
    whole, _, cents = order[5].partition(".")
    status = "cancelled" if order[2] != "cancelled" else "paid"
    return (*order[:2], status, *order[3:5], f"{int(whole) + 10}.{cents}", order[6])
