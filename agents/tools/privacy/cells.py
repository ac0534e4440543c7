"""A column's cells as texts, whatever its type: what a person would read there."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from agents.core.errors import SourceError
from resources.personal import Pieces

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

    Dataset: TypeAlias = pa.Table | pads.Dataset | Pieces

BATCH_ROWS = 65_536


def count_rows(data: Dataset) -> int:
    """How many rows there are, from metadata where a file has some."""
    import pyarrow as pa

    with _readable():
        if isinstance(data, Pieces):
            return data.count_rows()
        return data.num_rows if isinstance(data, pa.Table) else data.count_rows()


def batches(data: Dataset) -> Iterator[pa.RecordBatch]:
    """The rows in pieces of one size, in order, however they are stored: memory is bounded by the piece.

    Raises SourceError for rows that cannot be read, without what Arrow says of them: it repeats the row.
    """
    with _readable():
        yield from _pieces(data)


@contextmanager
def _readable() -> Generator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(
            f"a row cannot be read ({type(error).__name__})",
            where="the scanned data",
            fix="check that every row has the header's columns and each column values of one kind",
        ) from None


def _pieces(data: Dataset) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    if isinstance(data, Pieces):
        yield from data.to_batches()
        return
    if isinstance(data, pa.Table):
        for start in range(0, data.num_rows, BATCH_ROWS):
            yield from data.slice(start, BATCH_ROWS).combine_chunks().to_batches()
        return
    held: list[pa.RecordBatch] = []
    rows = 0
    scanner = data.scanner(batch_size=BATCH_ROWS, batch_readahead=1, fragment_readahead=1, use_threads=False)
    for batch in scanner.to_batches():
        held.append(batch)
        rows += batch.num_rows
        if rows >= BATCH_ROWS:
            yield from pa.Table.from_batches(held).combine_chunks().to_batches()
            held, rows = [], 0
    if rows:
        yield from pa.Table.from_batches(held).combine_chunks().to_batches()


def texts(column: pa.Array) -> pa.Array | None:
    """The cells as texts, null where there is no value; None for a type that holds no text or number.

    Numbers are written as an id would be: without a sign of a float where the value is whole.
    """
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = column.type
    if kinds.is_dictionary(kind):
        return texts(column.dictionary_decode())
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind):
        return column.cast(pa.large_string())
    if kinds.is_integer(kind) or kinds.is_date(kind) or kinds.is_timestamp(kind):
        return column.cast(pa.large_string())
    if kinds.is_floating(kind) or kinds.is_decimal(kind):
        return _numbers(column)
    if kinds.is_nested(kind) or kinds.is_binary(kind) or kinds.is_large_binary(kind):
        return _nested(column)
    return None


def is_number(kind: pa.DataType) -> bool:
    """Whether a type's own values are numbers: it keeps no leading zero."""
    import pyarrow.types as kinds

    return kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind)


def _numbers(column: pa.Array) -> pa.Array:
    """Whole numbers as digits; the others as they are written."""
    import pyarrow as pa
    import pyarrow.types as kinds

    pc: Any = import_module("pyarrow.compute")  # its functions are made as it is imported; stubs know none
    if kinds.is_decimal(column.type):
        return pc.replace_substring_regex(column.cast(pa.large_string()), r"\.0+$", "")
    wide = column.cast(pa.float64())
    exact = pc.and_(pc.equal(wide, pc.floor(wide)), pc.less(pc.abs(wide), 2.0**53))
    whole = pc.if_else(pc.fill_null(exact, False), wide, pa.scalar(None, pa.float64())).cast(pa.int64())
    finite = pc.if_else(pc.is_finite(wide), wide, pa.scalar(None, pa.float64()))
    return pc.coalesce(whole.cast(pa.large_string()), finite.cast(pa.large_string()))


def _nested(column: pa.Array) -> pa.Array:
    """Lists and records as JSON, bytes as the text they may be."""
    import orjson
    import pyarrow as pa

    def written(value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()

    return pa.array([written(value.as_py()) for value in column], pa.large_string())


def _plain(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
