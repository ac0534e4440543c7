"""Years of dates in the ways people write them, to tell births from other days."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MONTHS = (
    r"(?:jan|feb|mar|apr|may|mai|maj|mei|jun|jul|aug|sep|oct|okt|nov|dec|dez|des|ene|abr|ago|dic|fev|fév|avr|juin|juil|aou|aoû|"
    r"déc|set|out|gen|mag|giu|lug|ott|mrt|maa|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru|oca|şub|nis|haz|tem|ağu|eyl|eki|kas|ara|"
    r"янв|фев|мар|апр|мая|май|июн|июл|авг|сен|окт|ноя|дек)\w*\.?"
)
# Years: of people who were born that late there are also some who are that old.
_LATELY, _OLD = 3, 75
_YEAR_FIRST = re.compile(
    r"((?:18|19|20)\d\d)[-/.年 ]?(\d{1,2})[-/.月 ]?(\d{1,2})[日.]?(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?)?\Z"
)
_YEAR_LAST = re.compile(r"(\d{1,2})\.?[-/. ](\d{1,2})\.?[-/. ]((?:18|19|20)?\d\d)\.?\Z")
_DAY_WORD = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?[-/. ]*(?:de |of )?({_MONTHS})[-/., ]*(?:de )?((?:18|19|20)?\d\d)\Z", re.I
)
_WORD_DAY = re.compile(rf"({_MONTHS})[-/. ]*(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]+((?:18|19|20)?\d\d)\Z", re.I)


def year_of(value: str, this_year: int) -> int | None:
    """The year of a text that is a day and nothing else; None for all others. Two digits are taken for the past."""
    if not 6 <= len(value) <= 30:
        return None
    if found := _YEAR_FIRST.match(value):
        year, month, day = (int(part) for part in found.groups())
        return year if 1 <= month <= 12 and 1 <= day <= 31 else None
    if found := _YEAR_LAST.match(value):
        one, two = int(found[1]), int(found[2])
        if not (1 <= min(one, two) <= 12 and max(one, two) <= 31):
            return None
        return _full(found[3], this_year)
    if found := _DAY_WORD.match(value) or _WORD_DAY.match(value):
        return _full(found[3], this_year)
    return None


def _full(year: str, this_year: int) -> int:
    number = int(year)
    if len(year) == 4:
        return number
    return number + (2000 if number <= this_year % 100 else 1900)


def like_births(years: Sequence[int], this_year: int, *, named: bool) -> bool:
    """Whether the years spread as births of living people do: over a generation and more, few of them recent.

    `named` says that the column's name asks for births; then a narrow spread (a school's) is one too.
    """
    if not years:
        return False
    ordered = sorted(years)
    low, middle, high = (ordered[int(len(ordered) * part)] for part in (0.02, 0.5, 0.98))
    if high > this_year or low < 1890 or ordered[0] < 1850:
        return False
    if named:
        return True
    if high >= this_year - _LATELY and low > this_year - _OLD:
        return False  # what goes on to this day and began a while ago: a registry's own days, not everybody's births
    return len(ordered) >= 5 and high - low >= 25 and 1935 <= middle <= this_year - 15 and low <= 1985
