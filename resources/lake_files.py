"""Parquet files of a Delta table, written before the commit that names them.

A file that no commit names does not exist for readers: a writer may die at any moment and leaves only files for vacuum.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from agents.core.errors import StorageFailed
from resources.lake_stats import partition_text, statistics

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.fs as pafs
    import pyarrow.parquet as pq

FILE_BYTES = 128 << 20
GROUP_BYTES = 32 << 20
OPEN_PARTITIONS = 32
_SAMPLE = 20_000
_DISTINCT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class DataFile:
    """A written file: `path` relative to the table, and what the log says of it."""

    path: str
    size: int
    rows: int
    partition: Mapping[str, str | None]
    stats: str


@dataclass(slots=True)
class _Open:
    path: str
    partition: dict[str, str | None]
    sink: Any
    writer: pq.ParquetWriter
    metadata: list[pq.FileMetaData]
    pending: list[pa.RecordBatch] = field(default_factory=list)
    pending_bytes: int = 0
    rows: int = 0


@contextmanager
def storage(where: str) -> Generator[None]:
    """Turn what a full, read-only or forbidden storage says into StorageFailed."""
    try:
        yield
    except OSError as error:
        raise storage_failed(str(error), where) from error


def storage_failed(text: str, where: str) -> StorageFailed:
    """The error for a refusal of the storage, with what to do about it."""
    low = text.lower()
    if "find missing file" in low:
        return StorageFailed(
            "files of that version were vacuumed", where=where, fix="choose a newer version; nothing was changed"
        )
    for words, what, fix in (
        (
            ("no space", "os error 28", "file too large", "os error 27", "quota"),
            "the storage is full",
            "free space or move the lake",
        ),
        (("read-only", "os error 30"), "the storage is read-only", "mount it writable"),
        (
            ("permission denied", "os error 13", "forbidden", "403", "unauthorized", "401", "operation not permitted"),
            "the storage does not permit it",
            "give this process the right to write there",
        ),
    ):
        if any(word in low for word in words):
            return StorageFailed(what, where=where, fix=f"{fix}; nothing was changed")
    return StorageFailed(f"the storage failed: {_first_line(text)}", where=where, fix="nothing was changed; try again")


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else "no reason given"


class FileWriter:
    """Writes batches of one schema to Parquet files of about `file_bytes`, one at a time for each partition."""

    def __init__(
        self, files: pafs.FileSystem, where: str, schema: pa.Schema, partition_by: tuple[str, ...] = ()
    ) -> None:
        import pyarrow as pa

        self.schema, self.partition_by, self.where = schema, partition_by, where
        self.stored = pa.schema([column for column in schema if column.name not in partition_by])
        self.done: list[DataFile] = []
        self.rows = 0
        self._made: list[str] = []
        self._files = files
        self._open: dict[tuple[str | None, ...], _Open] = {}
        self._dictionary: list[str] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch of the schema; StorageFailed when the storage refuses."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        if self._dictionary is None:
            self._dictionary = _repetitive(batch.select(self.stored.names))
        with storage(self.where):
            if not self.partition_by:
                self._take((), {}, batch)
                return
            for values, part in _partitioned(batch, self.partition_by):
                self._take(tuple(values.values()), values, part.select(self.stored.names))

    def close(self) -> list[DataFile]:
        """Finish all files and say what they are."""
        with storage(self.where):
            for key in list(self._open):
                self._finish(key)
        return self.done

    def discard(self) -> None:
        """Remove what was written; for a write that failed."""
        import pyarrow as pa

        for file in self._open.values():
            for part in (file.writer, file.sink):
                with suppress(OSError, pa.ArrowException):
                    part.close()
        self._open, self.done = {}, []
        self._delete(self._made)

    def remove(self, files: Iterable[DataFile]) -> None:
        """Delete written files that no commit will name; what cannot be deleted is left to vacuum."""
        self._delete(file.path for file in files)

    def _delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            with suppress(OSError):
                self._files.delete_file(path)

    def _take(self, key: tuple[str | None, ...], values: dict[str, str | None], batch: pa.RecordBatch) -> None:
        file = self._open.get(key)
        if file is None:
            if len(self._open) >= OPEN_PARTITIONS:
                self._finish(next(iter(self._open)))
            file = self._open[key] = self._start(values)
        file.pending.append(batch)
        file.pending_bytes += batch.nbytes
        if file.pending_bytes >= GROUP_BYTES:
            self._flush(file)
            if file.sink.tell() >= FILE_BYTES:
                self._finish(key)

    def _start(self, values: dict[str, str | None]) -> _Open:
        import pyarrow.parquet as pq

        path = f"part-{uuid.uuid4()}.zstd.parquet"
        self._made.append(path)
        sink = self._files.open_output_stream(path)
        metadata: list[pq.FileMetaData] = []
        writer = pq.ParquetWriter(
            sink,
            self.stored,
            compression="zstd",
            compression_level=1,
            use_dictionary=cast(bool, self._dictionary or False),  # a list of names is taken too
            coerce_timestamps="us",
            store_schema=False,
        )
        return _Open(path, values, sink, writer, metadata)

    def _flush(self, file: _Open) -> None:
        import pyarrow as pa

        if file.pending:
            table = pa.Table.from_batches(file.pending, schema=self.stored)
            file.writer.write_table(table, row_group_size=max(table.num_rows, 1))
            file.rows += table.num_rows
            file.pending, file.pending_bytes = [], 0

    def _finish(self, key: tuple[str | None, ...]) -> None:
        file = self._open[key]
        self._flush(file)
        file.writer.close()
        size = file.sink.tell()
        file.sink.close()
        del self._open[key]
        stats = statistics(file.writer.writer.metadata, self.stored) if file.writer.writer else "{}"
        self.done.append(DataFile(file.path, size, file.rows, file.partition, stats))


def _repetitive(batch: pa.RecordBatch) -> list[str]:
    """Columns that repeat values enough for a dictionary, judged by the first rows (trying all costs half the time)."""
    import pyarrow.types as pat

    sample = batch.slice(0, _SAMPLE)
    limit = max(sample.num_rows * _DISTINCT_SHARE, 1)
    flat = (column for column in sample.schema if not (pat.is_nested(column.type) or pat.is_boolean(column.type)))
    return [column.name for column in flat if len(sample.column(column.name).unique()) <= limit]


def _partitioned(batch: pa.RecordBatch, by: tuple[str, ...]) -> Iterator[tuple[dict[str, str | None], pa.RecordBatch]]:
    """The batch split by the values of its partition columns."""
    import pyarrow as pa

    codes = [batch.column(name).dictionary_encode("encode") for name in by]
    table = pa.table([code.indices for code in codes], names=[str(n) for n in range(len(by))])
    indexed = table.append_column("row", pa.array(range(batch.num_rows), pa.int64()))
    for group in indexed.group_by(table.column_names).aggregate([("row", "list")]).to_pylist():
        values = {name: partition_text(codes[n].dictionary[group[str(n)]].as_py()) for n, name in enumerate(by)}
        yield values, batch.take(pa.array(group["row_list"], pa.int64()))


def now_millis() -> int:
    """Milliseconds since 1970, as the Delta log has its times."""
    return time.time_ns() // 1_000_000
