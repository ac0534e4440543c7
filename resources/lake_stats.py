"""File statistics as the Delta log has them: JSON of row count, least and greatest values, null counts."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_TEXT = 64
_EXACT = 15


def statistics(metadata: pq.FileMetaData, schema: pa.Schema) -> str:
    """The `stats` of an add action; a column whose bounds cannot be told exactly in JSON has none."""
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for index in range(metadata.num_columns):
        path = metadata.schema.column(index).path
        if path not in schema.names:  # a leaf of a nested column: its path is no column's name
            continue
        parts: list[Any] = [_column(metadata, group, index) for group in range(metadata.num_row_groups)]
        bounds = _bounds(parts)
        if bounds is None:
            continue
        low, high = _bound(bounds[0], upper=False), _bound(bounds[1], upper=True)
        if low is not None and high is not None:
            least[path], greatest[path] = low, high
            if all(part.has_null_count for part in parts):  # without bounds, delta-rs reads it as: nothing is here
                nulls[path] = sum(part.null_count for part in parts)
    return json.dumps(
        {"numRecords": metadata.num_rows, "minValues": least, "maxValues": greatest, "nullCount": nulls},
        allow_nan=False,
    )


def _column(metadata: pq.FileMetaData, group: int, index: int) -> Any:
    """Statistics of a column in a row group, or None."""
    return metadata.row_group(group).column(index).statistics


def _bounds(parts: list[Any]) -> tuple[Any, Any] | None:
    """Least and greatest value over the row groups that have any; None if one does not say."""
    if any(part is None for part in parts):
        return None
    filled = [part for part in parts if part.num_values]
    if not filled or not all(part.has_min_max for part in filled):
        return None
    return min(part.min for part in filled), max(part.max for part in filled)


def _bound(value: object, *, upper: bool) -> object | None:
    """A bound as JSON, widened where it must be shortened; None where it cannot be told."""
    if isinstance(value, bool | bytes):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value if len(value) <= _TEXT else None
    if isinstance(value, datetime):
        return _moment(value, upper=upper)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= _EXACT:
        return float(value)
    return None


def _moment(value: datetime, *, upper: bool) -> str | None:
    """Milliseconds, rounded outwards: readers expect no finer bounds."""
    rest = value.microsecond % 1000
    try:
        value = value - timedelta(microseconds=rest) + timedelta(milliseconds=1 if upper and rest else 0)
    except OverflowError:
        return None
    text = value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text + "Z" if value.tzinfo is not None else text


def partition_text(value: object) -> str | None:
    """A partition value as the Delta log writes it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)
