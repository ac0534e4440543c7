"""Watermarks as text and back, exactly.

integer      -42
decimal      12.50
date         2026-01-31
timestamp    2026-01-31T23:59:59.000001          without a zone
             2026-01-31T23:59:59.000001+00:00    with a zone, in UTC
binary       0x00000000000007d1                  SQL Server's rowversion
text         as it is
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from agents.core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

Watermark = int | float | Decimal | date | datetime | bytes | str


def to_text(value: object) -> str:
    """The text of a watermark's value; `from_text` gives the same value back."""
    if isinstance(value, bool):
        raise SourceError("a boolean cannot be a watermark", fix="choose a column of numbers, dates or timestamps")
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC)
        return moment.replace(fold=0).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int | Decimal | str):
        return str(value)
    raise SourceError(f"{type(value).__name__} cannot be a watermark", fix="choose a column of numbers or timestamps")


def from_text(text: str, kind: pa.DataType) -> Watermark:
    """The value behind a watermark's text, of the Python type that `kind` (Arrow) has; SourceError if it is none."""
    import pyarrow.types as pat

    try:
        if pat.is_integer(kind):
            return int(text)
        if pat.is_floating(kind):
            return float(text)
        if pat.is_decimal(kind):
            return Decimal(text)
        if pat.is_date(kind):
            return date.fromisoformat(text[:10])
        if pat.is_timestamp(kind):
            return _moment(text, aware=kind.tz is not None)
        if pat.is_binary(kind) or pat.is_large_binary(kind) or pat.is_fixed_size_binary(kind):
            return bytes.fromhex(text.removeprefix("0x"))
    except (ValueError, InvalidOperation):
        raise SourceError(
            f"the stored watermark is no {kind}", fix="read the table in full once; the next watermark is stored anew"
        ) from None
    if pat.is_boolean(kind):
        raise SourceError("a boolean cannot be a watermark", fix="choose a column of numbers, dates or timestamps")
    return text


def _moment(text: str, *, aware: bool) -> datetime:
    """A timestamp; one whose zone appeared or went since it was stored is taken as UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=UTC if aware else None)
