"""Dates written otherwise than in their column, impossible ones, and years that cannot be meant."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_MONTHS = {
    name: number
    for number, long in enumerate(
        (
            *("january", "february", "march", "april", "may", "june", "july"),
            *("august", "september", "october", "november", "december"),
        ),
        start=1,
    )
    for name in (long, long[:3], long[:4])
}
_MONTH = r"(?P<m>[A-Za-z]{3,9})"
_FORMS: tuple[tuple[str, str], ...] = (
    ("y{0}m{0}d", r"(?P<y>\d{{4}}){0}(?P<m>\d{{1,2}}){0}(?P<d>\d{{1,2}})"),
    ("d{0}m{0}y", r"(?P<d>\d{{1,2}}){0}(?P<m>\d{{1,2}}){0}(?P<y>\d{{4}})"),
    ("m{0}d{0}y", r"(?P<m>\d{{1,2}}){0}(?P<d>\d{{1,2}}){0}(?P<y>\d{{4}})"),
)
_READERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    *((form.format(mark), re.compile(text.format(re.escape(mark)))) for form, text in _FORMS for mark in "-/."),
    ("d mon y", re.compile(rf"(?P<d>\d{{1,2}})[ -]{_MONTH}\.?,?[ -](?P<y>\d{{4}})")),
    ("mon d y", re.compile(rf"{_MONTH}\.? (?P<d>\d{{1,2}}),? (?P<y>\d{{4}})")),
    ("ymd", re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)")),
)
_NUMERIC = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")
_TIME = re.compile(r"(?:T|,? +)\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?")
_TODAY_AND_SOME = 2100
_CENTURY = 80


def readings(value: str) -> dict[str, date | None]:
    """Every form that a text may be a date in, with the date; None where its parts are no day of the calendar."""
    found: dict[str, date | None] = {}
    if not 6 <= len(value) <= 20 or not any(char.isdigit() for char in value):
        return found
    for form, pattern in _READERS:
        match = pattern.fullmatch(value)
        if match is None:
            continue
        month = match["m"]
        number = int(month) if month.isdigit() else _MONTHS.get(month.lower())
        if number is not None:
            found[form] = _day(int(match["y"]), number, int(match["d"]))
    return found


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def halves(value: str) -> tuple[str, str]:
    """The day and the time of day as written; no time where there is none."""
    for at in range(6, min(len(value), 21)) if ":" in value else ():
        if value[at] in "T ," and _TIME.fullmatch(value, at):
            return value[:at], value[at:]
    return value, ""


def wrong_dates(column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Dates that break what the column's dates have in common: their form, the calendar, their years."""
    counts = {code: int(count) for code, count in enumerate(column.counts.tolist()) if not missing[code]}
    rows = sum(counts.values())
    sample = [halves(column.values[code])[0] for code in list(counts)[:: max(1, len(counts) // 200)]]
    if rows < 20 or sum(1 for value in sample if readings(value)) < 0.6 * len(sample):
        return
    written_as = {code: halves(column.values[code]) for code in counts}
    read = {code: readings(day) for code, (day, _) in written_as.items()}
    tally: Counter[str] = Counter()
    for code, forms in read.items():
        tally.update({form: counts[code] for form, day in forms.items() if day is not None})
    form, most = tally.most_common(1)[0] if tally else ("", 0)
    if most < 0.6 * rows:
        return
    padded = sum(counts[c] for c, forms in read.items() if form in forms and _padded(written_as[c][0])) > most / 2
    days = {code: day for code, forms in read.items() if (day := forms.get(form)) is not None}
    low, high = _span(days, counts)
    yield from _other_forms(column, read, written_as, form, padded, low)
    for code, day in days.items():
        if not low <= day.year <= high:
            yield of_value(column, code, Sign(0.88, "a year far from all others in this column"))


def _padded(value: str) -> bool:
    return all(len(part) >= 2 for part in re.findall(r"\d+", value))


def _other_forms(
    column: Column,
    read: dict[int, dict[str, date | None]],
    written_as: dict[int, tuple[str, str]],
    form: str,
    padded: bool,
    low: int,
) -> Iterator[Suspect]:
    for code, forms in read.items():
        days = {day for day in forms.values() if day is not None}
        if form in forms:
            if forms[form] is None:
                yield of_value(column, code, Sign(0.93, "no day of the calendar"))
        elif days:
            repair = written(min(days), form, padded)
            repair = repair and repair + written_as[code][1]
            sure = 0.93 if len(days) == 1 and min(days).year >= low else 0.45
            yield of_value(column, code, Sign(0.92, "a date in another form than the column's", repair, sure))
        elif forms or _NUMERIC.fullmatch(written_as[code][0]):
            yield of_value(column, code, Sign(0.85, "no day of the calendar"))


def written(day: date, form: str, padded: bool) -> str | None:
    """A date in one of the numeric forms; None for others."""
    if form == "ymd":
        return f"{day:%Y%m%d}"
    if not re.fullmatch(r"[ymd]([-/.])[ymd]\1[ymd]", form):
        return None
    width = 2 if padded else 1
    parts = {"y": f"{day.year:04d}", "m": f"{day.month:0{width}d}", "d": f"{day.day:0{width}d}"}
    return form[1].join(parts[part] for part in form[::2])


def _span(days: dict[int, date], counts: dict[int, int]) -> tuple[int, int]:
    """The years that may be meant, from those that most rows have."""
    spread = sorted(day.year for code, day in days.items() for _ in range(math.isqrt(counts[code])))
    if len(spread) < 20:
        return 0, 9999
    low, high = spread[len(spread) // 20], spread[-1 - len(spread) // 20]
    inner = spread[len(spread) // 8], spread[-1 - len(spread) // 8]
    if high - low > _CENTURY + 3 * (inner[1] - inner[0]):  # the ends are wrong years themselves
        low, high = inner
    reach = max(10, 2 * (high - low))
    return low - reach, high + reach if high > _TODAY_AND_SOME else min(high + reach, _TODAY_AND_SOME)
