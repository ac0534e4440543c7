"""The watermark of a load: the greatest value read, but never one that lies after now.

A row dated in the future must not lift the watermark: all rows that change before that date would be missed. It is
read again with each load instead, until its date has come.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from resources.sources.watermark import from_text, to_text

if TYPE_CHECKING:
    import pyarrow as pa


class HighWater:
    """Takes the watermark column batch by batch; `text` is what the next load reads from."""

    def __init__(self, kind: pa.DataType | None, since: str | None, now: datetime) -> None:
        self._kind = kind
        self._limit = None if kind is None else _limit(kind, now)
        self._high: Any = None if kind is None or since is None else from_text(since, kind)
        self._late = self._empty = 0

    def add(self, column: pa.Array) -> None:
        """Look at the watermarks of a batch."""
        import pyarrow.compute as pc

        self._empty += column.null_count
        if self._limit is not None:
            late = pc.call_function("greater", [column, self._limit])
            if count := int(pc.call_function("sum", [late]).as_py() or 0):
                self._late += count
                column = column.filter(pc.call_function("invert", [late]))
        if len(column) > column.null_count:
            high = pc.call_function("min_max", [column]).as_py()["max"]
            self._high = high if self._high is None else max(self._high, high)

    @property
    def text(self) -> str | None:
        """The watermark as text; None if no row has had one yet."""
        return None if self._high is None else to_text(self._high)

    @property
    def warnings(self) -> list[str]:
        """What a person should know about the watermarks read."""
        found: list[str] = []
        if self._late:
            found.append(f"{self._late} rows are dated after now: they do not lift the watermark")
        if self._empty:
            found.append(f"{self._empty} rows have no watermark: a change of them is seen by a full load only")
        return found

    def predicate(self, column: str, since: str) -> str:
        """DuckDB SQL that is true for rows of a watermark of at least `since`."""
        quoted = '"' + column.replace('"', '""') + '"'
        value = since.replace("'", "''")
        return f"{quoted} >= {_literal(value, self._kind)}"

    def again(self, since: str) -> str:
        """DuckDB SQL that is true for rows of quarantine which a load from `since` on reads again."""
        value = since.replace("'", "''")
        kind = _sql_type(self._kind)
        return f"TRY_CAST(_watermark AS {kind}) >= CAST('{value}' AS {kind})"


def _sql_type(kind: pa.DataType | None) -> str:
    """The DuckDB type in which watermarks of a column compare as the source compares them."""
    import pyarrow.types as pat

    if kind is None or pat.is_string(kind) or pat.is_binary(kind):
        return "VARCHAR"
    if pat.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz is None else "TIMESTAMPTZ"
    if pat.is_decimal(kind):
        return f"DECIMAL(38, {kind.scale})"
    return "DATE" if pat.is_date(kind) else "HUGEINT" if pat.is_integer(kind) else "DOUBLE"


def _limit(kind: pa.DataType, now: datetime) -> pa.Scalar[Any] | None:
    """Now, as the column would say it; None for columns that hold no time."""
    import pyarrow as pa
    import pyarrow.types as pat

    moment = now.astimezone(UTC)
    if pat.is_timestamp(kind):
        return pa.scalar(moment if kind.tz is not None else moment.replace(tzinfo=None), kind)
    if pat.is_date(kind):
        return pa.scalar(date(moment.year, moment.month, moment.day), kind)
    return None


def _literal(value: str, kind: pa.DataType | None) -> str:
    import pyarrow.types as pat

    if kind is None or pat.is_string(kind):
        return f"'{value}'"
    if pat.is_timestamp(kind):
        return f"{'TIMESTAMP' if kind.tz is None else 'TIMESTAMPTZ'} '{value}'"
    if pat.is_date(kind):
        return f"DATE '{value}'"
    if pat.is_binary(kind):
        return f"from_hex('{value.removeprefix('0x')}')"
    return value
