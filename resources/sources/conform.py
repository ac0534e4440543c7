"""Make what a driver gives into exactly the types that were promised; what no type can hold is null and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING, Any

from agents.core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_PRECISION = 38
UNBOUND = (MAX_PRECISION, 18)  # a decimal without declared digits: 20 before the point, 18 behind, as Spark reads it
_MICROS_PER_DAY = 86_400_000_000
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, what every reader of the lake can show


_UNBOUND_TEXT = r"^-?\d{1,20}(\.\d{1,18})?$"


@dataclass(frozen=True, slots=True)
class Item:
    """One column of a read: its name, the SQL that yields it, the Arrow type it is given out as."""

    name: str
    sql: str
    arrow: pa.DataType


class Conformer:
    """Turns a driver's batches into the promised schema, and counts what it could not keep."""

    def __init__(self, items: list[Item], where: str) -> None:
        import pyarrow as pa

        self.schema = pa.schema([pa.field(item.name, item.arrow) for item in items])
        self.warnings: list[str] = []
        self._where = where
        self._lost: Counter[tuple[str, str]] = Counter()

    def all(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Every batch, conformed; `warnings` is complete after the last one."""
        for batch in batches:
            yield self.one(batch)
        self.warnings += [
            f"{column}: {count} values read as null, {why}" for (column, why), count in self._lost.items()
        ]

    def one(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of the promised schema."""
        import pyarrow as pa

        arrays = [self._column(batch.column(n), field) for n, field in enumerate(self.schema)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _column(self, array: Any, field: pa.Field) -> pa.Array:
        import pyarrow as pa
        import pyarrow.types as pat

        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        kind = field.type
        try:
            if pat.is_decimal(kind) and pat.is_string(array.type):
                return self._decimals(array, field)
            if array.type != kind:
                array = array.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise SourceError(
                f"column {field.name!r} holds a value that is no {kind}",
                where=self._where,
                fix="correct the value at the source, or ingest a view of the table that casts the column to text",
                column=field.name,
            ) from None
        if pat.is_timestamp(kind):
            return self._bounded(
                array, field, pa.int64(), _FIRST_DAY * _MICROS_PER_DAY, (_LAST_DAY + 1) * _MICROS_PER_DAY
            )
        if pat.is_date32(kind):
            return self._bounded(array, field, pa.int32(), _FIRST_DAY, _LAST_DAY + 1)
        return array

    def _bounded(self, array: pa.Array, field: pa.Field, raw: pa.DataType, low: int, high: int) -> pa.Array:
        """Moments outside the years 1 to 9999 (and an engine's infinity) become null."""
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers = array.view(raw)
        ends = pc.call_function("min_max", [numbers]).as_py()
        if ends["min"] is None or (ends["min"] >= low and ends["max"] < high):
            return array
        good = pc.call_function(
            "and", [pc.call_function("greater_equal", [numbers, low]), pc.call_function("less", [numbers, high])]
        )
        kept = pc.call_function("if_else", [good, array, pa.scalar(None, array.type)])
        self._lost[(field.name, "outside the years 1 to 9999")] += kept.null_count - array.null_count
        return kept

    def _decimals(self, array: pa.Array, field: pa.Field) -> pa.Array:
        """Decimals from their text: all at once, and one by one where a batch holds what a decimal cannot."""
        import pyarrow as pa

        # Arrow's cast wraps around in silence where a number is too large; declared digits cannot be exceeded.
        declared = (field.type.precision, field.type.scale) != UNBOUND
        try:
            if declared or _all_match(array, _UNBOUND_TEXT):
                return array.cast(field.type)
        except pa.ArrowInvalid:
            pass  # a NaN or a rounding is found below, one by one
        return pa.array([self._decimal(text, field) for text in array.to_pylist()], field.type)

    def _decimal(self, text: str | None, field: pa.Field) -> Decimal | None:
        if text is None:
            return None
        kind = field.type
        with localcontext(prec=2 * MAX_PRECISION):
            try:
                number = Decimal(text).quantize(Decimal(1).scaleb(-kind.scale))
            except InvalidOperation:
                number = Decimal("NaN")
        if number.is_finite() and number.adjusted() < kind.precision - kind.scale:
            return number
        what = "not a number or infinite" if not Decimal(text).is_finite() else f"more digits than {kind} holds"
        self._lost[(field.name, what)] += 1
        return None


def _all_match(array: pa.Array, pattern: str) -> bool:
    import pyarrow.compute as pc

    matches = pc.call_function("match_substring_regex", [array], pc.MatchSubstringOptions(pattern))
    return pc.call_function("all", [matches]).as_py() is not False


def decimal_type(precision: int | None, scale: int | None) -> pa.DataType:
    """Decimal of those digits; text where they are more than a decimal can hold; 38, 18 where none are declared."""
    import pyarrow as pa

    if precision is None:
        return pa.decimal128(*UNBOUND)
    scale = scale or 0
    precision = precision - scale if scale < 0 else max(precision, scale)
    return pa.decimal128(precision, max(scale, 0)) if precision <= MAX_PRECISION else pa.string()
