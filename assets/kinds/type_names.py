"""Names of column types, as Delta has them: `long`, `decimal(10,2)`, `array<string>`, `struct<a:long>`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_WHOLE = ("byte", "short", "integer", "long")
_NAMES = {
    "int8": "byte", "int16": "short", "int32": "integer", "int64": "long", "float": "float", "double": "double",
    "bool": "boolean", "string": "string", "large_string": "string", "binary": "binary", "large_binary": "binary",
    "date32[day]": "date",
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_DIGITS = {"byte": 3, "short": 5, "integer": 10, "long": 19}
NAMES = frozenset({*_NAMES.values(), "timestamp", "timestamp_ntz"})


def type_name(kind: pa.DataType) -> str:
    """The name of an Arrow type as a lake table holds it."""
    import pyarrow as pa

    if isinstance(kind, pa.Decimal128Type | pa.Decimal256Type):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, pa.TimestampType):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    if isinstance(kind, pa.MapType):
        return f"map<{type_name(kind.key_type)},{type_name(kind.item_type)}>"
    if isinstance(kind, pa.ListType | pa.LargeListType | pa.FixedSizeListType):
        return f"array<{type_name(kind.value_type)}>"
    if isinstance(kind, pa.StructType):
        fields = [kind.field(n) for n in range(kind.num_fields)]
        return f"struct<{','.join(f'{field.name}:{type_name(field.type)}' for field in fields)}>"
    return _NAMES.get(str(kind), str(kind))


def arrow_type(name: str) -> pa.DataType:
    """An Arrow type with this name; of nested ones only that they are."""
    import pyarrow as pa

    if found := _DECIMAL.fullmatch(name):
        return pa.decimal128(int(found[1]), int(found[2]))
    nested = {"array": pa.list_(pa.string()), "map": pa.map_(pa.string(), pa.string()), "struct": pa.struct([])}
    plain = {
        "byte": pa.int8(), "short": pa.int16(), "integer": pa.int32(), "long": pa.int64(), "float": pa.float32(),
        "double": pa.float64(), "boolean": pa.bool_(), "binary": pa.binary(), "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"), "timestamp_ntz": pa.timestamp("us"),
    }  # fmt: skip
    return nested.get(name.partition("<")[0]) or plain.get(name, pa.string())


def known(name: str) -> bool:
    """Whether it can be the name of a type."""
    return name in NAMES or bool(_DECIMAL.fullmatch(name) or re.fullmatch(r"(array|map|struct)<.+>", name))


def holds(wide: str, narrow: str) -> bool:
    """Whether every value of one type is one of the other, so that who reads it loses nothing."""
    if wide == narrow:
        return True
    if wide in _WHOLE and narrow in _WHOLE:
        return _WHOLE.index(wide) > _WHOLE.index(narrow)
    if wide == "double":
        return narrow in ("float", "byte", "short", "integer")
    outer, inner = _DECIMAL.fullmatch(wide), _DECIMAL.fullmatch(narrow)
    if outer and (inner or narrow in _DIGITS):
        whole, scale = int(outer[1]) - int(outer[2]), int(outer[2])
        if inner:
            return whole >= int(inner[1]) - int(inner[2]) and scale >= int(inner[2])
        return whole >= _DIGITS[narrow]
    return False
