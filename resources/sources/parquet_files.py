"""Parquet, one row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agents.core.errors import SourceError
from resources.sources.file_format import Part

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


class ParquetPart(Part):
    """A Parquet file."""

    def schema(self, *, whole: bool) -> pa.Schema:
        """The file's own schema in the lake's types."""
        import pyarrow as pa

        with self._file() as file:
            return pa.schema([pa.field(field.name, _lake_type(field.type)) for field in file.schema_arrow])

    def batches(self, schema: pa.Schema, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Every row."""
        import pyarrow as pa

        try:
            with self._file() as file:
                for batch in file.iter_batches(batch_rows):
                    held = {name: batch.column(n) for n, name in enumerate(batch.schema.names)}
                    arrays = [
                        _cast(held[field.name], field.type) if field.name in held else pa.nulls(len(batch), field.type)
                        for field in schema
                    ]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except (pa.ArrowException, OSError):
            raise self._broken() from None

    def estimate(self) -> int | None:
        """The exact number, from the file's end."""
        try:
            with self._file() as file:
                return int(file.metadata.num_rows)
        except SourceError:
            return None

    def _file(self) -> pq.ParquetFile:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self.filesystem.open(self.path, "rb"), pre_buffer=False)
        except (pa.ArrowException, OSError):
            raise self._broken() from None

    def _broken(self) -> SourceError:
        return SourceError("it is no sound Parquet file", where=self.where, fix="deliver it again; it may be cut off")


def _lake_type(kind: pa.DataType) -> pa.DataType:
    """The lake has no unsigned numbers, no times of day, no nanoseconds, no dictionaries."""
    import pyarrow as pa
    import pyarrow.types as pat

    if pat.is_dictionary(kind):
        return _lake_type(kind.value_type)
    if pat.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if pat.is_time(kind) or pat.is_large_string(kind) or pat.is_null(kind) or pat.is_duration(kind):
        return pa.string()
    if pat.is_large_binary(kind) or pat.is_fixed_size_binary(kind):
        return pa.binary()
    unsigned = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64()}
    if kind == pa.uint64():
        return pa.decimal128(20, 0)
    return pa.float32() if pat.is_float16(kind) else unsigned.get(kind, kind)


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """Nanoseconds are cut to microseconds; everything else is exact."""
    import pyarrow as pa

    if array.type == kind:
        return array
    if pa.types.is_duration(array.type):
        array = array.cast(pa.int64())
    return array.cast(kind, safe=not pa.types.is_timestamp(kind))
