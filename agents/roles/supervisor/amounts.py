"""Money and spans of time in plain words: `$1.5k a month`, `18 months`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.roles.supervisor.reading import Reading

_NUMBER = r"\d[\d.,]*"
_DOLLAR = r"(?:usd|us dollars?|dollars?|bucks)"
_OTHER = r"(?:€|£|¥|₹|eur|euros?|gbp|pounds?|sterling|chf|francs?|yen|jpy|inr|rupees?|cad|aud|sek|nok|pln|zloty)"
_SCALE = r"(?: ?(?P<{0}>k|m|thousand|million|grand|hundred)\b)?"
_MONEY = re.compile(
    rf"(?:\$|us\$|\busd) ?(?P<a>{_NUMBER}[km]?)\b{_SCALE.format('sa')}(?: {_DOLLAR}\b)?"
    rf"|\b(?P<b>{_NUMBER}[km]?)\b{_SCALE.format('sb')} ?(?:\$|{_DOLLAR}\b)"
)
_FOREIGN = re.compile(
    rf"(?:€|£|¥|₹|\b(?:eur|gbp|chf|cad|aud|inr|jpy)\b) ?\d[\d.,]*|\b\d[\d.,]*[km]? ?(?:k |thousand |grand "
    rf")?{_OTHER}(?!\w)"
)
_BARE = re.compile(
    rf"\b(?:budget|cost|costs|spend|spending|bill|cap|limit)\b(?: \w+){{0,5}}? "
    rf"(?P<a>{_NUMBER}[km]?)\b{_SCALE.format('sa')}"
    rf"(?! ?(?:%|percent|days?|weeks?|rows?|minutes?|hours?))(?= (?:a|per|each|every|monthly)\b|$| ?[.,;!])"
)
_UPTO = re.compile(
    rf"\b(?:under|below|at most|less than|more than|exceed(?:ing)?|within|max(?:imum)?(?: of)?|up to) "
    rf"(?P<a>{_NUMBER}[km]?)\b"
    rf"{_SCALE.format('sa')}(?= ?(?:a|per|each|every|/|,)? ?(?:month|mo|year|annum)\b)"
)
_PERIOD = re.compile(
    r" ?(?:an?|per|each|every|/|,)? ?(?P<unit>month|year|week|day|annum|mo|yr|monthly|yearly|annually|weekly|daily|"
    r"annual)\b"
)
_MORE_THAN = re.compile(
    r"(?:(?<!no )(?<!not )(?:more|greater|higher|larger|bigger) than|(?<!not )(?<!n't )\b(?:over|above|exceeds?|"
    r"exceeding|worth))(?: \w+)? ?$"
)
_NEVER = re.compile(r"\b(?:never|not|n't|cannot|mustn't|don't|shouldn't|can't)\b(?: \w+){0,5} ?$")
_LIMITED = re.compile(
    r"\b(?:budget|cost|costs|spend|spending|bill|under|below|less than|no more than|not more than|max(?:imum)?|at "
    r"most|within|cap|"
    r"capped|limit|limited|up to|exceed|cheaper than|beyond|ceiling|stay|price)\b"
)
_PER_MONTH = {"year": 1 / 12, "annum": 1 / 12, "yr": 1 / 12, "yearly": 1 / 12, "annually": 1 / 12, "annual": 1 / 12,
              "week": 52 / 12, "weekly": 52 / 12, "day": 365 / 12, "daily": 365 / 12}  # fmt: skip
_SPAN = re.compile(
    r"\b(?P<n>\d+|an?|one|half an?|couple of) ?-?(?P<unit>days?|weeks?|months?|years?|yrs?|quarters?|decades?)\b"
)
_UNIT_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365, "q": 90}


@dataclass(frozen=True, slots=True)
class Money:
    """A budget in USD a month, or why it could not be read."""

    usd_a_month: float | None
    problem: str | None = None


def find_budget(reading: Reading) -> Money | None:
    """The budget the goal names, its words claimed."""
    for match, where in reading.find(_FOREIGN):
        reading.claim(where, "money")
        return Money(None, f"Budgets are in USD a month. How much is {match.group().strip()!r} in USD?")
    found: list[float] = []
    for pattern in (_MONEY, _BARE, _UPTO):
        for match, _ in reading.find(pattern):
            before = reading.flat[max(0, match.start() - 60) : match.start()]
            if _MORE_THAN.search(before) and not _NEVER.search(before):
                return Money(
                    None, f"Is {match.group().strip()!r} a monthly limit? Conditions on amounts cannot be planned."
                )
            context = before + " " + reading.flat[match.start() : match.end() + 40]
            if not _LIMITED.search(context):
                return Money(None, f"What is {match.group().strip()!r}: a limit in USD a month?")
            start = match.start() if pattern is _MONEY else match.start("a")
            found.append(_monthly(reading, match, start))
        if found:
            break
    if len(set(found)) > 1:
        return Money(None, f"Which is the monthly budget: {' or '.join(f'{amount:g}' for amount in found)} USD?")
    return Money(found[0]) if found else None


def _monthly(reading: Reading, match: re.Match[str], start: int) -> float:
    groups = {name: value for name, value in match.groupdict().items() if value}
    amount = number(groups.get("a") or groups.get("b") or "0")
    scale = groups.get("sa") or groups.get("sb") or ""
    amount *= {"k": 1e3, "thousand": 1e3, "grand": 1e3, "m": 1e6, "million": 1e6, "hundred": 100}.get(scale, 1)
    end, factor = match.end(), 1.0
    period = _PERIOD.match(reading.flat, end)
    if period:
        end, factor = period.end(), _PER_MONTH.get(period["unit"], 1.0)
    elif re.search(r"\b(?:yearly|annual|annually)\b", reading.flat[max(0, start - 40) : start]):
        factor = 1 / 12
    reading.claim(reading.covered(start, end), "money")
    return round(amount * factor, 2)


def number(text: str) -> float:
    """`12,000`, `1.5k`, `12.000` (thousands, as three digits follow), `2m`."""
    text = text.rstrip(".,")
    scale = {"k": 1e3, "m": 1e6}.get(text[-1:], 1)
    digits = text.rstrip("km")
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        digits = digits.replace(",", "").replace(".", "")
    elif digits.count(".") > 1 or ("," in digits and "." in digits):
        cut = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:cut]) + "." + digits[cut + 1 :]
    return float(digits.replace(",", ".")) * scale


def find_days(reading: Reading, start: int, end: int) -> tuple[int, range] | None:
    """The first span of time between two offsets, in days: a year has 365, a month 30."""
    for match in _SPAN.finditer(reading.flat, start, end):
        said = match["n"]
        count = (
            float(said) if said.isdigit() else 0.5 if said.startswith("half") else 2 if said.startswith("couple") else 1
        )
        days = count * (3650 if match["unit"].startswith("dec") else _UNIT_DAYS[match["unit"][0]])
        return int(days), reading.covered(*match.span())
    return None
