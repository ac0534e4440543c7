"""One write to a table: rows go to files first, then one commit makes them the table's."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agents.core.catalog import TableId
from agents.core.errors import SchemaMismatch, WriteConflict
from resources import lake_rewrite as rewrite
from resources.lake_files import DataFile, FileWriter
from resources.lake_log import (
    Snapshot,
    add_columns,
    add_naive_timestamps,
    commit_properties,
    create,
    delta_errors,
    exchange,
    replace_all,
)
from resources.lake_types import conform, has_naive_timestamps, unify

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: rows that were new, rows that changed, rows that were there already."""

    version: int
    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a write goes, and whom it asks."""

    table: TableId
    uri: str
    options: dict[str, str] | None
    files: pafs.FileSystem
    check: Callable[[str], None]

    def after(self, base: Snapshot) -> Snapshot:
        """The snapshot one version later; WriteConflict if somebody else committed meanwhile."""
        from deltalake import DeltaTable

        with delta_errors(str(self.table)):
            delta = DeltaTable(self.uri, storage_options=self.options)
        if delta.version() != base.version + 1:
            raise WriteConflict(
                "somebody else committed to this table first", where=str(self.table), fix="run it again"
            )
        return Snapshot(str(self.table), delta, self.files, delta.version())


class Write:
    """Takes batches, then commits once; leaving it without a commit removes its files.

    Unless the whole table is replaced, the rows take the table's shape: columns they lack become null, columns that
    only they have are added to the table, and wider types widen it. A value that cannot be cast without loss raises
    SchemaMismatch. A change of the table's schema is a commit of its own before the rows' one: it changes no row,
    so a kill in between harms nothing.
    """

    def __init__(
        self, place: Place, base: Snapshot | None, schema: pa.Schema, partition_by: tuple[str, ...], *, whole: bool
    ) -> None:
        self.table, self.base = place.table, base
        where = str(place.table)
        self.schema = schema if base is None or whole else unify(base.schema, schema)
        self.partition_by = base.partition_by if base is not None else _partitions(partition_by, schema, where)
        self._place = place
        self._writer = FileWriter(place.files, where, self.schema, self.partition_by)
        self._extra: list[FileWriter] = []
        self._staged: list[DataFile] | None = None
        self._gone: list[str] = []
        self._committed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if not self._committed:
            for writer in (self._writer, *self._extra):
                writer.discard()

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return self._writer.rows

    def put(self, batch: pa.RecordBatch) -> None:
        """Take a batch of the schema that was announced."""
        self._writer.write(conform(batch, self.schema, str(self.table)))

    def put_all(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Take all batches."""
        for batch in batches:
            self.put(batch)

    def staged(self) -> list[DataFile]:
        """The files that hold the rows; no more can be put."""
        if self._staged is None:
            self._staged = self._writer.close()
        return self._staged

    def scan(self) -> pads.Dataset:
        """The rows put so far, as they will be in the table."""
        return rewrite.dataset(self._place.files, self.staged(), self.schema, self.partition_by)

    def parts(self) -> Iterator[tuple[DataFile, pads.Dataset]]:
        """The rows put so far, file by file."""
        for file in self.staged():
            yield file, rewrite.dataset(self._place.files, [file], self.schema, self.partition_by)

    def replace(self, files: Sequence[DataFile], batches: Iterable[pa.RecordBatch]) -> None:
        """Write `batches` instead of some of the staged files."""
        gone = {file.path for file in files}
        fresh = self._rest(batches)
        self._staged = [*(file for file in self.staged() if file.path not in gone), *fresh]
        self._writer.remove(files)

    def append(self, marks: Mapping[str, str]) -> int:
        """Commit: the rows are added to the table."""
        if self.base is None:
            return self._create(marks, "append")
        return self._exchange(self._evolved(self.base, marks), [], self.staged(), marks, "append")

    def overwrite(self, marks: Mapping[str, str]) -> int:
        """Commit: the rows are the table, their schema is its schema."""
        if self.base is None:
            return self._create(marks, "overwrite")
        self._place.check("overwrite")
        staged = self.staged()
        base = _with_features(self._place, self.base, self.schema, marks)
        replace_all(base, self.schema, staged, base.properties(marks, "overwrite"))
        self._committed = True
        return base.version + 1

    def replace_where(self, predicate: str, marks: Mapping[str, str]) -> int:
        """Commit: the rows stand in place of those for which `predicate` is true."""
        fresh = self.staged()
        if self.base is None:
            return self._create(marks, "replace")
        base = self._evolved(self.base, marks)
        gone, keep = rewrite.without(base, predicate, self._rest)
        return self._exchange(base, gone, [*fresh, *keep], marks, "replace")

    def sieve(self, keep: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        """Pass all rows of the table through `keep`, which leaves some out; files that lose none stay as they are."""
        if self.base is not None:
            self._gone, self._staged = rewrite.sieved(self.base, keep, self._rest, self._writer.remove)

    def amend(self, change: Callable[[pa.RecordBatch], pa.RecordBatch | None]) -> None:
        """Put other rows in the place of some, as `change` gives them; `sieved` commits it."""
        if self.base is not None:
            self._gone, self._staged = rewrite.amended(self.base, change, self._rest, self._writer.remove)

    def sieved(self, marks: Mapping[str, str]) -> int:
        """Commit what `sieve` or `amend` found: the table without the rows that were left out, or with others."""
        if self.base is None:
            return self._create(marks, "sweep")
        return self._exchange(self.base, self._gone, self.staged(), marks, "sweep")

    def merge(self, on: tuple[str, ...], marks: Mapping[str, str], *, ignore: Sequence[str] = ()) -> Merged:
        """Commit: rows with a known key replace that row, others are added.

        Rows that differ from the table's in no column but `ignore` are not written again.
        """
        fresh = self.staged()
        where = str(self.table)
        missing = [name for name in on if name not in self.schema.names]
        if missing or not on:
            raise SchemaMismatch(f"no key column {', '.join(missing)}", where=where, fix="correct the key")
        if self.base is None:
            rewrite.require_unique(self.scan(), on, where)
            return Merged(self._create(marks, "merge"), self.rows, 0, 0)
        base = self._evolved(self.base, marks)
        plan = rewrite.merged(base, self.scan(), on, ignore, self._rest)
        if plan.fresh is not None:
            self._writer.remove(fresh)
            fresh = plan.fresh
        version = self._exchange(base, plan.gone, [*fresh, *plan.keep], marks, "merge")
        rows = sum(file.rows for file in fresh)
        return Merged(version, rows - plan.updated, plan.updated, plan.unchanged)

    def _rest(self, batches: Iterable[pa.RecordBatch]) -> list[DataFile]:
        """Write further rows for the same commit."""
        writer = FileWriter(self._place.files, str(self.table), self.schema, self.partition_by)
        self._extra.append(writer)
        for batch in batches:
            writer.write(conform(batch, self.schema, str(self.table)))
        return writer.close()

    def _evolved(self, base: Snapshot, marks: Mapping[str, str]) -> Snapshot:
        """The table with this write's schema; its rows are rewritten only where a type becomes wider."""
        if base.schema.equals(self.schema):
            return base
        self._place.check("evolve")
        base = _with_features(self._place, base, self.schema, {})
        if list(self.schema)[: len(base.schema)] == list(base.schema):
            add_columns(base, self.schema)
        else:
            files = self._rest(base.dataset().to_batches(batch_readahead=2, fragment_readahead=1))
            replace_all(base, self.schema, files, base.properties({}, "widen"))
        return self._place.after(base)

    def _create(self, marks: Mapping[str, str], operation: str) -> int:
        self._place.check(operation)
        staged = self.staged()
        properties = commit_properties(marks, operation, 0)
        create(self._place.uri, self._place.options, self.schema, staged, self.partition_by, properties)
        self._committed = True
        return 0

    def _exchange(
        self, base: Snapshot, gone: Sequence[str], files: Sequence[DataFile], marks: Mapping[str, str], operation: str
    ) -> int:
        self._place.check(operation)
        exchange(base, gone, files, base.properties(marks, operation))
        self._committed = True
        return base.version + 1


def _with_features(place: Place, base: Snapshot, schema: pa.Schema, marks: Mapping[str, str]) -> Snapshot:
    """The table with the Delta features that the schema needs."""
    if not has_naive_timestamps(schema) or has_naive_timestamps(base.schema):
        return base
    add_naive_timestamps(base)
    return place.after(base)


def _partitions(names: tuple[str, ...], schema: pa.Schema, where: str) -> tuple[str, ...]:
    if missing := [name for name in names if name not in schema.names]:
        raise SchemaMismatch(f"no column {', '.join(missing)} to partition by", where=where, fix="correct partition_by")
    if names and len(names) == len(schema.names):
        raise SchemaMismatch("every column is a partition column", where=where, fix="leave one out of partition_by")
    return names


@contextmanager
def batches_of(rows: Any) -> Generator[tuple[pa.Schema, Iterable[pa.RecordBatch]]]:
    """Schema and batches of whatever holds Arrow rows; SchemaMismatch if neither rows nor schema are there."""
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        yield rows.schema, rows.to_batches()
        return
    if isinstance(rows, pa.RecordBatch):
        yield rows.schema, [rows]
        return
    if (schema := getattr(rows, "schema", None)) is None and hasattr(rows, "__arrow_c_stream__"):
        rows = pa.RecordBatchReader.from_stream(rows)
        schema = rows.schema
    if isinstance(schema, pa.Schema):
        yield schema, rows
        return
    batches = iter(rows)
    first = next(batches, None)
    if first is None:
        raise SchemaMismatch("no rows and no schema were given", where="lake", fix="pass a pyarrow.Table of zero rows")
    yield first.schema, chain([first], batches)
