"""Any column as text, so that one value has one pseudonym in every table, whatever type its column has there."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from assets.kinds.masking.arrow import pc

_EXACT = float(2**53)  # beyond, a float does not hold every whole number


def is_text(kind: pa.DataType) -> bool:
    return pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind)


def is_bytes(kind: pa.DataType) -> bool:
    return (
        pat.is_binary(kind) or pat.is_large_binary(kind) or pat.is_fixed_size_binary(kind) or pat.is_binary_view(kind)
    )


def is_number(kind: pa.DataType) -> bool:
    return pat.is_integer(kind) or pat.is_floating(kind) or pat.is_decimal(kind)


def is_list(kind: pa.DataType) -> bool:
    return (
        pat.is_list(kind)
        or pat.is_large_list(kind)
        or pat.is_fixed_size_list(kind)
        or pat.is_list_view(kind)
        or pat.is_large_list_view(kind)
    )


def as_text(array: pa.Array) -> pa.Array:
    """The values as text (binary as bytes), null where null. Not for nested types.

    7, 7.0 and 7.00 are "7": an id is the same whether a source calls it integer, float or decimal. Dates and times are
    ISO text, times with a zone in UTC. Text stays as it is: case and blanks are part of a value.
    """
    kind = array.type
    if pat.is_string(kind) or pat.is_large_string(kind) or pat.is_binary(kind) or pat.is_large_binary(kind):
        return array
    if pat.is_string_view(kind):
        return array.cast(pa.large_string())
    if is_bytes(kind):
        return array.cast(pa.large_binary())
    if pat.is_floating(kind):
        return _float_text(array.cast(pa.float64()))
    if pat.is_decimal(kind):
        found = array.cast(pa.string())
        return pc.replace_substring_regex(found, r"^(-?\d+)\.0+$|^(-?\d+\.\d*?)0+$", r"\1\2") if kind.scale else found
    if pat.is_duration(kind):
        return array.cast(pa.int64()).cast(pa.string())
    if pat.is_timestamp(kind) or pat.is_time(kind):
        return _time_text(array)
    return array.cast(pa.string())


def _float_text(array: pa.Array) -> pa.Array:
    whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), _EXACT))
    numbers = pc.if_else(whole, array, 0.0).cast(pa.int64())
    return pc.if_else(whole, numbers.cast(pa.string()), array.cast(pa.string()))


def _time_text(array: pa.Array) -> pa.Array:
    """Without a fraction of zeros: a moment has one text whether it is kept in milli- or microseconds."""
    zone = pat.is_timestamp(array.type) and array.type.tz
    plain: Any = array.cast(pa.timestamp(array.type.unit)) if zone else array
    found = pc.replace_substring_regex(plain.cast(pa.string()), r"(\.\d*?)0+$", r"\1")
    found = pc.replace_substring_regex(found, r"\.$", "")
    return pc.binary_join_element_wise(found, pa.scalar("Z"), "") if zone else found
