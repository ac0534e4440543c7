"""Rows as lines of JSON and back, every value exactly: what quarantine keeps of a row that fits no table.

text, numbers    as JSON has them; an integer beyond 64 bits, a decimal, NaN and infinity as text
date, timestamp  ISO 8601                   binary  base64
list, struct     as JSON has them           map     a list of [key, value]
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pyarrow as pa

Decode = Callable[[Any], Any]


def rows_as_json(batch: pa.RecordBatch, leave_out: frozenset[str] = frozenset()) -> list[str]:
    """Each row as one line of JSON, without the columns in `leave_out`."""
    import orjson

    names = [name for name in batch.schema.names if name not in leave_out]
    columns = [_values(batch.column(batch.schema.get_field_index(name))) for name in names]
    return [
        orjson.dumps(dict(zip(names, row, strict=True))).decode()
        for row in (zip(*columns, strict=True) if columns else ())
    ]


def _values(column: pa.Array) -> list[Any]:
    import pyarrow.types as pat

    plain = pat.is_boolean(column.type) or pat.is_string(column.type) or pat.is_int64(column.type)
    values = column.to_pylist()
    return values if plain or pat.is_int32(column.type) else [as_json(value) for value in values]


def as_json(value: Any) -> Any:
    """A value as JSON has it; text where JSON has none or would round."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in cast("Sequence[Any]", value)]
    return str(value)


def typed_rows(lines: Sequence[str], schema: pa.Schema) -> tuple[pa.RecordBatch, dict[int, str]]:
    """Rows of `schema` from their JSON, and why the rows that do not fit it do not: by row, null in every column.

    Columns are found whatever their case; one that a row lacks is null, one that the schema lacks is left out.
    """
    import orjson
    import pyarrow as pa

    decoders = [(field.name.casefold(), field.name, decoder(field.type)) for field in schema]
    columns: list[list[Any]] = [[] for _ in decoders]
    failed: dict[int, str] = {}
    for number, line in enumerate(lines):
        loaded = orjson.loads(line)
        row = {key.casefold(): value for key, value in cast("Mapping[str, Any]", loaded).items()}
        for column, (folded, name, decode) in zip(columns, decoders, strict=True):
            value = row.get(folded)
            try:
                column.append(None if value is None else decode(value))
            except (ValueError, TypeError, OverflowError, InvalidOperation):
                failed.setdefault(number, f"{name}: the value is no {schema.field(name).type}")
                column.append(None)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema), failed


def decoder(kind: pa.DataType) -> Decode:
    """Takes a JSON value that is not null to a Python value of an Arrow type; raises where it has none."""
    import pyarrow as pa
    import pyarrow.types as pat

    if isinstance(kind, pa.MapType):
        key, item = decoder(kind.key_type), decoder(kind.item_type)
        return lambda value: [(key(_there(k)), _or_null(item, v)) for k, v in _sequence(value)]
    if isinstance(kind, pa.StructType):
        inner = {kind.field(n).name: decoder(kind.field(n).type) for n in range(kind.num_fields)}
        return lambda value: {name: _or_null(decode, _mapping(value).get(name)) for name, decode in inner.items()}
    if isinstance(kind, pa.ListType | pa.LargeListType | pa.FixedSizeListType):
        element = decoder(kind.value_type)
        return lambda value: [_or_null(element, item) for item in _sequence(value)]
    if isinstance(kind, pa.Decimal128Type | pa.Decimal256Type):
        return lambda value: _decimal(value, kind.precision, kind.scale)
    if isinstance(kind, pa.TimestampType):
        aware = kind.tz is not None
        return lambda value: _moment(value, aware)
    if pat.is_integer(kind):
        low, high = _limits(kind)
        return lambda value: _integer(value, low, high)
    for matches, decode in _SIMPLE.items():
        if getattr(pat, matches)(kind):
            return decode
    raise TypeError(f"no JSON form is known of {kind}")


def _or_null(decode: Decode, value: Any) -> Any:
    return None if value is None else decode(value)


def _there(value: Any) -> Any:
    if value is None:
        raise ValueError("a key of a map is never null")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("not a mapping")
    return cast("Mapping[str, Any]", value)


def _sequence(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return cast("Sequence[Any]", value)


def _limits(kind: pa.DataType) -> tuple[int, int]:
    import pyarrow.types as pat

    bits = kind.bit_width
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if pat.is_signed_integer(kind) else (0, 2**bits - 1)


def _integer(value: Any, low: int, high: int) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if number is None and isinstance(value, float) and value.is_integer():
        number = int(value)
    if number is None and isinstance(value, str):
        number = int(value)
    if number is None or not low <= number <= high:
        raise ValueError("not an integer of this width")
    return number


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    return float(value)


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    number = Decimal(str(value))
    digits, exponent = number.as_tuple().digits, number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("not finite")
    fits = number == 0 or (number.adjusted() + 1 <= precision - scale)
    if not fits or (-exponent > scale and any(digits[len(digits) + exponent + scale :])):
        raise ValueError("not a decimal of this precision")
    return number


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError("not text")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("not a boolean")


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _moment(value: Any, aware: bool) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=UTC if aware else None)


def _day(value: Any) -> date:
    moment = datetime.fromisoformat(value)
    if moment.time() != time():
        raise ValueError("not a whole day")
    return moment.date()


_SIMPLE: Mapping[str, Decode] = {
    "is_boolean": _boolean,
    "is_floating": _float,
    "is_string": _text,
    "is_large_string": _text,
    "is_binary": _bytes,
    "is_large_binary": _bytes,
    "is_fixed_size_binary": _bytes,
    "is_date": _day,
    "is_null": lambda _: None,
}
