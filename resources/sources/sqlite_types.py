"""Which Arrow type a SQLite column's values really have, and the values in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resources.sources.introspect import Column, TableInfo

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Fit:
    """The Arrow type a column is read as, and how: `plain`, `parse` (text to a moment), `decimal`, `bool` or `text`."""

    arrow: pa.DataType
    how: str = "plain"


_INTEGERS = (
    "int",
    "integer",
    "bigint",
    "smallint",
    "tinyint",
    "mediumint",
    "int2",
    "int4",
    "int8",
    "serial",
    "bigserial",
)
_REALS = ("real", "float", "double", "double precision", "float4", "float8")
_DECIMALS = ("decimal", "numeric", "dec", "number", "money", "smallmoney")
_STAMPS = ("datetime", "datetime2", "smalldatetime", "timestamp", "timestamp without time zone")
_ZONED = ("datetimeoffset", "timestamptz", "timestamp with time zone")
_BOOLEANS = ("bool", "boolean", "bit")
_BLOBS = ("blob", "binary", "varbinary", "image", "bytea", "rowversion")
_MAX_DIGITS = 38
_BIG = "1e15"  # beyond it a double has no fraction to speak of
_BREACHES_AT_ONCE = 200  # SQLite takes expressions 1,000 deep
_CHECKED_AT_ONCE = 65_536


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def family(column: Column) -> str:
    """What the declared type promises."""
    kind = column.type.removeprefix("unsigned ").removesuffix(" unsigned")
    for name, kinds in (
        ("integer", _INTEGERS),
        ("real", _REALS),
        ("decimal", _DECIMALS),
        ("date", ("date",)),
        ("stamp", _STAMPS),
        ("zoned", _ZONED),
        ("boolean", _BOOLEANS),
        ("blob", _BLOBS),
    ):
        if kind in kinds:
            return name
    return "text"


def fits(db: sqlite3.Connection, table: TableInfo, condition: str, values: tuple[object, ...]) -> dict[str, Fit]:
    """For each column the type that holds for all rows of the condition, found before the first row is read."""
    rows = _Rows(db, f"FROM {quoted(table.parts[-1])}", condition, values)
    breaches = {column.name: _breach(column) for column in table.columns}
    all_breaches = list(breaches.values())
    groups = [all_breaches[n : n + _BREACHES_AT_ONCE] for n in range(0, len(all_breaches), _BREACHES_AT_ONCE)]
    sound = not any(rows.any(" OR ".join(group)) for group in groups)
    found: dict[str, Fit] = {}
    for column in table.columns:
        good = sound or not rows.any(breaches[column.name])
        found[column.name] = _declared(column) if good else _by_values(rows.classes(column))
    moments = [column for column in table.columns if found[column.name].how == "parse"]
    return found | _moment_fits(rows, moments)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows to be read, for questions about them. The connection gives texts as bytes."""

    db: sqlite3.Connection
    source: str
    condition: str
    values: tuple[object, ...]

    def any(self, breach: str) -> bool:
        """Is there a row of which it is true."""
        where = f"{self.condition} AND ({breach})" if self.condition else f" WHERE {breach}"
        return self.db.execute(f"SELECT 1 {self.source}{where} LIMIT 1", self.values).fetchone() is not None

    def classes(self, column: Column) -> set[str]:
        """The storage classes in a column: integer, real, text, blob, null."""
        rows = self.db.execute(
            f"SELECT DISTINCT typeof({quoted(column.name)}) {self.source}{self.condition}", self.values
        )
        return {name.decode() for (name,) in rows}

    def cells(self, columns: list[Column]) -> sqlite3.Cursor:
        """Some columns of all rows."""
        names = ", ".join(quoted(column.name) for column in columns)
        return self.db.execute(f"SELECT {names} {self.source}{self.condition}", self.values)


def _breach(column: Column) -> str:
    """True of a value that is not what the column declares. Numbers sort before all texts, texts before blobs."""
    name = quoted(column.name)
    match family(column):
        case "integer":
            return f"{name} >= '' OR typeof({name}) = 'real'"
        case "real":
            return f"{name} >= ''"
        case "decimal":
            return f"{name} >= '' OR {_imprecise(column, name)}"
        case "boolean":
            return f"{name} >= '' OR {name} NOT IN (0, 1)"
        case "blob":
            return f"{name} < x''"
        case _:
            return f"{name} >= x'' OR typeof({name}) IN ('integer', 'real')"


def _imprecise(column: Column, name: str) -> str:
    """A number with more digits than declared, on either side of the point."""
    precision, scale = _digits(column)
    if precision is None or precision > _MAX_DIGITS:
        return "FALSE"
    shifted = f"{name} * 1e{scale}"
    limit = f"1e{precision - scale}"
    fraction = f"abs({shifted}) < {_BIG} AND abs({shifted} - round({shifted})) > 1e-3"
    return f"{name} <= -{limit} OR {name} >= {limit} OR ({fraction})"


def _digits(column: Column) -> tuple[int | None, int]:
    if "money" in column.type:
        return 19, 4
    return column.precision, column.scale or 0


def _declared(column: Column) -> Fit:
    """The type the column declares; for moments it is found when they are parsed."""
    import pyarrow as pa

    match family(column):
        case "integer":
            return Fit(pa.int64())
        case "real":
            return Fit(pa.float64())
        case "boolean":
            return Fit(pa.bool_(), "bool")
        case "blob":
            return Fit(pa.binary())
        case "date" | "stamp" | "zoned":
            return Fit(pa.string(), "parse")
        case "decimal":
            precision, scale = _digits(column)
            decimal = precision is not None and precision <= _MAX_DIGITS
            return Fit(pa.decimal128(precision, scale), "decimal") if decimal else Fit(pa.float64())
        case _:
            return Fit(pa.string())


def _moment_fits(rows_read: _Rows, columns: list[Column]) -> dict[str, Fit]:
    """Columns of moments, parsed once by the parser that will read them: the first type that takes all, else text."""
    import pyarrow as pa

    if not columns:
        return {}
    left = {column.name: _moment_types(column) for column in columns}
    cursor = rows_read.cells(columns)
    while any(left.values()) and (rows := cursor.fetchmany(_CHECKED_AT_ONCE)):
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            array = texts(cells)
            while left[column.name] and not _parses(array, left[column.name][0]):
                left[column.name].pop(0)
    return {name: Fit(types[0], "parse") if types else Fit(pa.string()) for name, types in left.items()}


def _moment_types(column: Column) -> list[pa.DataType]:
    import pyarrow as pa

    naive, zoned = pa.timestamp("us"), pa.timestamp("us", "UTC")
    return {"date": [pa.date32()], "stamp": [naive, zoned], "zoned": [zoned, naive]}[family(column)]


def _parses(array: pa.Array, kind: pa.DataType) -> bool:
    import pyarrow as pa

    try:
        array.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _by_values(classes: set[str]) -> Fit:
    """The type that holds what is there, whatever was declared."""
    import pyarrow as pa

    if classes & {"text", "blob"}:
        return Fit(pa.binary()) if not classes & {"text", "integer", "real"} else Fit(pa.string(), "text")
    return Fit(pa.float64() if "real" in classes else pa.int64())


def to_array(values: list[Any], fit: Fit) -> pa.Array:
    """The values as the type that `fits` found for them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if fit.how == "parse":
        return pc.cast(texts(values), fit.arrow)
    if fit.how == "decimal":
        return pc.cast(pa.array(values, pa.float64()), pa.decimal128(_MAX_DIGITS, fit.arrow.scale), safe=False).cast(
            fit.arrow
        )
    if fit.how == "bool":
        return pc.cast(pa.array(values, pa.int8()), pa.bool_())
    if fit.how == "text":
        return pa.array([_as_text(value) for value in values], pa.string())
    return texts(values) if pa.types.is_string(fit.arrow) else pa.array(values, fit.arrow)


def texts(values: Sequence[Any]) -> pa.Array:
    """Bytes as text; what is not UTF-8 is taken as Windows-1252, as old programs wrote it."""
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return pa.array([_decoded(value) for value in values], pa.string())


def _decoded(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _as_text(value: object) -> str | None:
    """A column of mixed values as text; its blobs are read as the text they may be."""
    if value is None:
        return None
    return _decoded(value) if isinstance(value, bytes) else str(value)
