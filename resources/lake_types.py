"""Arrow types as Delta stores them: every column either keeps its values exactly or becomes text; nothing is cut.

unsigned             the next larger signed integer; uint64 a decimal(20, 0)
timestamp            microseconds; with a zone UTC, without one as it is
time, interval       text (ISO)                duration     microseconds as an integer
decimal              up to 38 digits; wider    text
dictionary, views    their values              null         text
union, empty struct  JSON text                 extension    its storage (UUID: text)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core.errors import SchemaMismatch

if TYPE_CHECKING:
    import pyarrow as pa

DECIMAL_DIGITS = 38


def delta_schema(schema: pa.Schema, where: str = "") -> pa.Schema:
    """The schema a Delta table has for rows of `schema`; SchemaMismatch if two names differ in case only."""
    import pyarrow as pa

    seen: dict[str, str] = {}
    for name in schema.names:
        if not name:
            raise SchemaMismatch("a column has no name", where=where, fix="give the column a name at the source")
        if (other := seen.setdefault(name.casefold(), name)) is not name:
            raise SchemaMismatch(
                f"columns {other!r} and {name!r} have the same name (Delta ignores case)",
                where=where,
                fix="rename one of them at the source, or read through a view",
            )
    return pa.schema([pa.field(field.name, delta_type(field.type)) for field in schema])


def delta_type(kind: pa.DataType) -> pa.DataType:
    """The Arrow type under which Delta stores values of `kind`."""
    import pyarrow as pa
    import pyarrow.types as pat

    if isinstance(kind, pa.BaseExtensionType):
        return pa.string() if kind.extension_name == "arrow.uuid" else delta_type(kind.storage_type)
    if pat.is_dictionary(kind) or pat.is_run_end_encoded(kind):
        return delta_type(kind.value_type)
    if pat.is_nested(kind):
        return _nested(kind)
    return _scalar(kind)


def _nested(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa
    import pyarrow.types as pat

    if pat.is_map(kind):
        return pa.map_(delta_type(kind.key_type), delta_type(kind.item_type))
    if pat.is_struct(kind):
        fields = [pa.field(field.name, delta_type(field.type)) for field in kind.fields]
        return pa.struct(fields) if fields else pa.string()
    if pat.is_union(kind):
        return pa.string()
    return pa.list_(pa.field("element", delta_type(kind.value_type)))


def _scalar(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa
    import pyarrow.types as pat

    if pat.is_decimal(kind):
        return _decimal(kind)
    if pat.is_timestamp(kind):
        return pa.timestamp("us", None if kind.tz is None else "UTC")
    if pat.is_unsigned_integer(kind):
        return {8: pa.int16(), 16: pa.int32(), 32: pa.int64()}.get(kind.bit_width, pa.decimal128(20, 0))
    if pat.is_binary(kind) or pat.is_large_binary(kind) or pat.is_fixed_size_binary(kind) or pat.is_binary_view(kind):
        return pa.binary()
    if pat.is_date(kind):
        return pa.date32()
    if pat.is_duration(kind):
        return pa.int64()
    if pat.is_float16(kind):
        return pa.float32()
    if pat.is_integer(kind) or pat.is_floating(kind) or pat.is_boolean(kind):
        return kind
    return pa.string()


def _decimal(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    digits = kind.precision - min(kind.scale, 0)
    scale = max(kind.scale, 0)
    digits = max(digits, scale)
    return pa.decimal128(digits, scale) if digits <= DECIMAL_DIGITS else pa.string()


def unify(table: pa.Schema, rows: pa.Schema) -> pa.Schema:
    """The table's columns, wider where the rows are wider, then the columns that only the rows have."""
    import pyarrow as pa

    names = {field.name.casefold(): field for field in rows}
    fields = [
        pa.field(known.name, wider(known.type, names[known.name.casefold()].type) or known.type)
        if known.name.casefold() in names
        else known
        for known in table
    ]
    known_names = {field.name.casefold() for field in table}
    return pa.schema([*fields, *(field for field in rows if field.name.casefold() not in known_names)])


def wider(known: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The least type that holds all values of both without loss; None if there is none but text."""
    import pyarrow as pa
    import pyarrow.types as pat

    if known.equals(other):
        return known
    if pat.is_integer(known) and pat.is_integer(other):
        return known if known.bit_width >= other.bit_width else other
    if pat.is_floating(known) and pat.is_floating(other):
        return pa.float64()
    if pat.is_date(known) and pat.is_timestamp(other):
        return other
    if pat.is_timestamp(known) and pat.is_date(other):
        return known
    numbers = [kind for kind in (known, other) if pat.is_integer(kind) or pat.is_decimal(kind)]
    if len(numbers) == 2:
        return _wider_decimal(*(_as_decimal(kind) for kind in numbers))
    small = [kind for kind in (known, other) if pat.is_integer(kind) and kind.bit_width <= 32]
    if small and (pat.is_floating(known) or pat.is_floating(other)):
        return pa.float64()
    return None


def _as_decimal(kind: pa.DataType) -> tuple[int, int]:
    """Digits before and after the point."""
    import pyarrow.types as pat

    if pat.is_decimal(kind):
        return kind.precision - kind.scale, kind.scale
    return {8: 3, 16: 5, 32: 10}.get(kind.bit_width, 19), 0


def _wider_decimal(one: tuple[int, int], two: tuple[int, int]) -> pa.DataType | None:
    import pyarrow as pa

    whole, scale = max(one[0], two[0]), max(one[1], two[1])
    return pa.decimal128(whole + scale, scale) if whole + scale <= DECIMAL_DIGITS else None


def has_naive_timestamps(schema: pa.Schema) -> bool:
    """Whether a column, or a part of one, is a timestamp without a zone (a Delta feature of its own)."""
    return any(_naive(field.type) for field in schema)


def _naive(kind: pa.DataType) -> bool:
    import pyarrow.types as pat

    if pat.is_timestamp(kind):
        return kind.tz is None
    return pat.is_nested(kind) and any(_naive(kind.field(n).type) for n in range(kind.num_fields))


def conform(batch: pa.RecordBatch, target: pa.Schema, where: str) -> pa.RecordBatch:
    """The batch as `target`: columns by name (case ignored), null where missing; SchemaMismatch for a lossy cast."""
    import pyarrow as pa

    if batch.schema.equals(target):
        return batch
    index = {name.casefold(): n for n, name in enumerate(batch.schema.names)}
    columns: list[pa.Array] = []
    for field in target:
        n = index.get(field.name.casefold())
        if n is None:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(n)
        try:
            columns.append(cast(convert(column, delta_type(column.type)), field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SchemaMismatch(
                f"column {field.name!r} has values of {column.type} that do not fit {field.type}",
                where=where,
                fix="cast the column, or quarantine the rows that do not fit",
            ) from error
    return pa.RecordBatch.from_arrays(columns, schema=target)


def cast(column: pa.Array, target: pa.DataType) -> pa.Array:
    """A stored column as another stored type; raises ArrowInvalid where a value would change."""
    import pyarrow as pa
    import pyarrow.types as pat

    if column.type.equals(target):
        return column
    result = column.cast(target)
    if pat.is_date(target) and pat.is_timestamp(column.type):
        back = result.cast(column.type)
        if not back.equals(column):
            raise pa.ArrowInvalid("a timestamp with a time of day is no date")
    return result


def convert(column: pa.Array, target: pa.DataType) -> pa.Array:
    """A column as its `delta_type`; nanoseconds below a microsecond are dropped, an unreadable value raises."""
    import pyarrow as pa
    import pyarrow.types as pat

    kind = column.type
    if kind.equals(target):
        return column
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return pa.array([None if value is None else str(value) for value in column.to_pylist()], target)
        return convert(column.storage, target)
    if pat.is_dictionary(kind):
        return convert(column.dictionary_decode(), target)
    if pat.is_run_end_encoded(kind):
        return convert(_plain(column), target)
    if pat.is_timestamp(kind):
        return column.cast(target, safe=not (pat.is_timestamp(target) and kind.unit == "ns"))
    if pat.is_duration(kind):
        return column.cast(pa.duration("us"), safe=kind.unit != "ns").cast(pa.int64())
    if pat.is_nested(kind) and not kind.equals(target):
        return _convert_nested(column, target)
    if pat.is_string(target) and (pat.is_decimal(kind) or pat.is_interval(kind)):
        return pa.array([None if value is None else _text(value) for value in column.to_pylist()], target)
    return column.cast(target)


def _plain(column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.call_function("run_end_decode", [column])


def _convert_nested(column: pa.Array, target: pa.DataType) -> pa.Array:
    import pyarrow as pa
    import pyarrow.types as pat

    if pat.is_string(target):
        return pa.array([None if value is None else _text(value) for value in column.to_pylist()], target)
    if pat.is_struct(target):
        children = [convert(child, field.type) for child, field in zip(column.flatten(), target.fields, strict=True)]
        return pa.StructArray.from_arrays(children, fields=target.fields, mask=column.is_null())
    if pat.is_list(target) and not pat.is_map(column.type):
        plain = column.cast(pa.list_(column.type.value_type))
        values = convert(plain.flatten(), target.value_type)
        return pa.ListArray.from_arrays(_offsets(plain), values, type=target)
    return column.cast(target)


def _offsets(column: pa.Array) -> pa.Array:
    """Offsets into the flattened values, null where the list is null."""
    import numpy as np
    import pyarrow as pa

    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype("int32")
    mask = np.append(column.is_null().to_numpy(zero_copy_only=False), False)
    return pa.array(offsets, mask=mask)


def _text(value: object) -> str:
    import json

    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
