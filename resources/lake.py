"""The lake: Delta tables by `TableId`, one root for each environment (a path or an `abfss://` URI)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from agents.core.catalog import LAYERS, TableId
from agents.core.errors import LakeError, TableNotFound
from resources.lake_log import Snapshot, commit_properties, delta_errors
from resources.lake_paths import Paths
from resources.lake_purge import Footprint, footprint, forget, remove
from resources.lake_types import delta_schema
from resources.lake_write import Place, Write, batches_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

Guard = Callable[[TableId, str], None]
NO_MARKS: Mapping[str, str] = {}


class Lake:
    """Reads and writes Delta tables; nothing is opened before the first call.

    Every write is one commit, which also carries the table's marks; on any error the table is as it was.
    `guard(table, operation)` is called before each write, for every environment whose root holds the table's
    storage path, and may raise.
    """

    def __init__(
        self,
        roots: Mapping[str, str],
        *,
        storage_options: Mapping[str, str] | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._paths = Paths(dict(roots), dict(storage_options) if storage_options else None)
        self._guard = guard

    def uri(self, table: TableId) -> str:
        """Where the table is stored."""
        return self._paths.uri(table)

    def exists(self, table: TableId) -> bool:
        """Whether the table has a first commit."""
        return self.snapshot(table) is not None

    def snapshot(self, table: TableId, version: int | None = None) -> Snapshot | None:
        """The newest version, or the one asked for; None if there is no such table."""
        from deltalake import DeltaTable

        uri = self.uri(table)
        if not self._paths.has_log(table):
            return None
        try:
            with delta_errors(str(table)):
                delta = DeltaTable(uri, version=version, storage_options=self._paths.options)
        except TableNotFound:
            return None
        return Snapshot(str(table), delta, self._paths.files(table), delta.version())

    def _open(self, table: TableId, version: int | None = None) -> Snapshot:
        snapshot = self.snapshot(table, version)
        if snapshot is None:
            raise TableNotFound(
                "no such table in the lake", where=str(table), fix="materialize it first, or correct its name"
            )
        return snapshot

    def schema(self, table: TableId) -> pa.Schema:
        """The table's columns."""
        return self._open(table).schema

    def version(self, table: TableId) -> int:
        """The newest version's number."""
        return self._open(table).version

    def rows(self, table: TableId) -> int:
        """Row count from the log; scanned only where a foreign writer left no statistics."""
        import pyarrow as pa

        snapshot = self._open(table)
        counts = pa.table(snapshot.delta.get_add_actions()).column("num_records").to_pylist()
        return snapshot.dataset().count_rows() if None in counts else sum(counts)

    def size(self, table: TableId) -> tuple[int, int]:
        """Number of files and their bytes."""
        import pyarrow as pa

        sizes = pa.table(self._open(table).delta.get_add_actions()).column("size_bytes").to_pylist()
        return len(sizes), sum(sizes)

    def dataset(self, table: TableId, *, version: int | None = None) -> pads.Dataset:
        """An Arrow dataset of the table; DuckDB and polars scan it with filters and columns pushed down."""
        return self._open(table, version).dataset()

    def read(
        self, table: TableId, *, columns: Sequence[str] | None = None, version: int | None = None
    ) -> pa.RecordBatchReader:
        """The rows as record batches, in bounded memory."""
        dataset = self.dataset(table, version=version)
        return dataset.scanner(
            columns=None if columns is None else list(columns), batch_readahead=2, fragment_readahead=1
        ).to_reader()

    def marks(self, table: TableId) -> dict[str, str]:
        """The platform's metadata in force (watermark, run id); empty for a table that is not there."""
        snapshot = self.snapshot(table)
        return {} if snapshot is None else dict(snapshot.marks)

    def tables(self, environment: str) -> list[TableId]:
        """All tables of an environment."""
        found = [
            TableId(environment, layer, name) for layer in LAYERS for name in self._paths.folders(environment, layer)
        ]
        return sorted(table for table in found if self._paths.has_log(table))

    def write(
        self,
        table: TableId,
        schema: pa.Schema,
        operation: str,
        *,
        partition_by: Sequence[str] = (),
        whole: bool = False,
        base: Snapshot | Literal["newest"] | None = "newest",
    ) -> Write:
        """A write of rows of `schema`: a context manager that takes batches, then commits once.

        `whole` says that the rows will replace the table, so that their schema need not fit its. `base` is the
        snapshot on which the rows depend: WriteConflict at the commit if the table has moved on since.
        """
        self.check(table, operation)
        place = Place(
            table=table,
            uri=self.uri(table),
            options=self._paths.options,
            files=self._paths.files(table, create=True),
            check=lambda what: self.check(table, what),
        )
        start = self.snapshot(table) if base == "newest" else base
        return Write(place, start, delta_schema(schema, str(table)), tuple(partition_by), whole=whole)

    def append(
        self,
        table: TableId,
        batches: Any,
        *,
        marks: Mapping[str, str] = NO_MARKS,
        partition_by: Sequence[str] = (),
    ) -> int:
        """Add rows; makes the table if there is none. New columns are taken, missing ones become null."""
        with batches_of(batches) as (schema, rows), self.write(table, schema, "append", partition_by=partition_by) as w:
            w.put_all(rows)
            return w.append(marks)

    def overwrite(
        self,
        table: TableId,
        batches: Any,
        *,
        predicate: str | None = None,
        marks: Mapping[str, str] = NO_MARKS,
        partition_by: Sequence[str] = (),
    ) -> int:
        """Replace all rows and the schema, or only the rows for which `predicate` (DuckDB SQL) is true."""
        with (
            batches_of(batches) as (schema, rows),
            self.write(table, schema, "overwrite", partition_by=partition_by, whole=predicate is None) as w,
        ):
            w.put_all(rows)
            return w.overwrite(marks) if predicate is None else w.replace_where(predicate, marks)

    def merge(
        self,
        table: TableId,
        batches: Any,
        *,
        on: Sequence[str],
        marks: Mapping[str, str] = NO_MARKS,
        partition_by: Sequence[str] = (),
    ) -> int:
        """Update rows by key and insert the others; makes the table if there is none; keys must be unique."""
        with batches_of(batches) as (schema, rows), self.write(table, schema, "merge", partition_by=partition_by) as w:
            w.put_all(rows)
            return w.merge(tuple(on), marks).version

    def delete(self, table: TableId, predicate: str, *, marks: Mapping[str, str] = NO_MARKS) -> int:
        """Remove the rows for which `predicate` (DuckDB SQL) is true; the version afterwards."""
        schema = self._open(table).schema
        with self.write(table, schema, "delete") as w:
            return w.replace_where(predicate, marks)

    def restore(self, table: TableId, version: int, *, marks: Mapping[str, str] = NO_MARKS) -> int:
        """Make the table what it was at `version`, its marks with it: the watermark belongs to the rows."""
        self.check(table, "restore")
        base = self._open(table)
        if version == base.version:
            return version
        if not 0 <= version < base.version:
            raise LakeError(f"there is no version {version}", where=str(table), fix=f"the newest is {base.version}")
        former = self._open(table, version)
        properties = commit_properties({**former.marks, **marks}, "restore", base.version + 1)
        with delta_errors(str(table)):
            base.delta.restore(version, commit_properties=properties)
        return self.version(table)

    def history(self, table: TableId, limit: int | None = 20) -> list[dict[str, Any]]:
        """Commit infos, newest first."""
        with delta_errors(str(table)):
            return self._open(table).delta.history(limit)

    def optimize(
        self, table: TableId, *, z_order: Sequence[str] | None = None, marks: Mapping[str, str] = NO_MARKS
    ) -> int:
        """Compact small files, or sort by `z_order`; the rows stay the same. The version afterwards."""
        self.check(table, "optimize")
        base = self._open(table)
        properties = base.properties(marks, "optimize")
        with delta_errors(str(table)):
            if z_order:
                base.delta.optimize.z_order(list(z_order), commit_properties=properties)
            else:
                base.delta.optimize.compact(commit_properties=properties)
        return self.version(table)

    def vacuum(self, table: TableId, *, keep_hours: int = 168, marks: Mapping[str, str] = NO_MARKS) -> list[str]:
        """Delete files that no version of the last `keep_hours` needs, and those that a killed writer left."""
        self.check(table, "vacuum")
        base = self._open(table)
        with delta_errors(str(table)):
            return base.delta.vacuum(
                retention_hours=keep_hours,
                dry_run=False,
                enforce_retention_duration=False,
                commit_properties=base.properties(marks, "vacuum"),
                full=True,
            )

    def purge(self, table: TableId) -> int:
        """Make the newest version the only one: former files and commits are deleted. The version afterwards.

        What a writer is at work on is left alone, and so are files that one left within the last hour.
        """
        self.check(table, "vacuum")
        for full, hours in ((False, 0), (True, 1)):
            with delta_errors(str(table)):
                self._open(table).delta.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=full)
        base = self._open(table)  # the marks must stand in the one commit that stays
        with delta_errors(str(table)):
            base.delta.alter.set_table_properties({}, commit_properties=base.properties({}, "purge"))
        return forget(self._open(table))

    def footprint(self, table: TableId) -> Footprint:
        """Which files lie in the table's folder, and which of them its newest version names."""
        return footprint(self._open(table))

    def drop(self, table: TableId) -> int:
        """Delete the table with all its files and versions; the number of files."""
        self.check(table, "delete")
        return remove(self._open(table))

    def check(self, table: TableId, operation: str) -> None:
        """Ask the guard, for every environment whose root holds this table's storage path."""
        if self._guard is not None:
            for name in self._paths.canonical(table):
                self._guard(name, operation)
