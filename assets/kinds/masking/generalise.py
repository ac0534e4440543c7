"""Values made coarser: the start of a period, the band of a number, the first characters of a text."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from assets.kinds.masking.arrow import pc
from assets.kinds.masking.values import is_number, is_text

_EXACT = float(2**53)


def generalised(array: Any, granularity: str | float) -> pa.Array:
    """By period (year, quarter, month, decade) or number; types stay. What cannot be made coarser so becomes null."""
    kind = array.type
    if isinstance(granularity, str):
        if pat.is_date(kind) or pat.is_timestamp(kind):
            return _period(array, granularity)
        return _text_period(array, granularity) if is_text(kind) else pa.nulls(len(array), kind)
    if is_number(kind):
        return _band(array, granularity)
    return _prefix(array, int(granularity)) if is_text(kind) else pa.nulls(len(array), kind)


def _period(array: Any, period: str) -> pa.Array:
    if period != "decade":
        return pc.floor_temporal(array, unit=period)
    years: Any = pc.year(array)
    decades: Any = pc.multiply(pc.divide(years, 10), 10)
    text = pc.binary_join_element_wise(pc.ascii_lpad(decades.cast(pa.string()), 4, "0"), pa.scalar("-01-01"), "")
    start: Any = text.cast(pa.date32())
    if not pat.is_timestamp(array.type):
        return start.cast(array.type)
    plain = start.cast(pa.timestamp(array.type.unit))
    return pc.assume_timezone(plain, array.type.tz) if array.type.tz else plain


def _text_period(array: Any, period: str) -> pa.Array:
    """Dates that are kept as ISO text."""
    day = pc.utf8_slice_codeunits(array.cast(pa.string()), 0, 10)
    dates: Any = pc.strptime(day, format="%Y-%m-%d", unit="s", error_is_null=True)
    return _period(dates.cast(pa.date32()), period).cast(pa.string()).cast(array.type)


def _band(array: Any, width: float) -> pa.Array:
    """The lower end of the number's band; null where a float is no number or too large to tell."""
    numbers: Any = array.cast(pa.float64(), safe=False)
    low: Any = pc.multiply(pc.floor(pc.divide(numbers, width)), width)
    known = pc.and_(pc.is_finite(low), pc.less(pc.abs(low), _EXACT))
    low = pc.if_else(known, low, None)
    if pat.is_integer(array.type):
        least = {"int8": -128.0, "int16": -(2.0**15), "int32": -(2.0**31)}.get(str(array.type), -_EXACT)
        least = 0.0 if pat.is_unsigned_integer(array.type) else least
        low = pc.if_else(pc.greater_equal(low, least), pc.floor(low), None)
    if pat.is_decimal(array.type):
        return _decimal(low, array.type)
    return low.cast(array.type)


def _decimal(low: Any, kind: pa.DataType) -> pa.Array:
    fits = pc.less(pc.abs(low), 10.0 ** (kind.precision - kind.scale))
    return pc.if_else(fits, pc.round(low, kind.scale), None).cast(kind, safe=False)


def _prefix(array: Any, length: int) -> pa.Array:
    """The first characters; the others are stars, so that `12345` is `123**`. A text no longer than that is hidden."""
    array = array.cast(pa.large_string()) if pat.is_string_view(array.type) else array
    size = pc.utf8_length(array)
    hidden: Any = pc.subtract(size, length)
    short = pc.less_equal(hidden, 0)
    stars = pc.binary_repeat(pa.scalar("*", array.type), pc.if_else(short, size, hidden))
    start = pc.utf8_slice_codeunits(array, 0, length)
    return pc.if_else(short, stars, pc.binary_join_element_wise(start, stars, pa.scalar("", array.type)))
