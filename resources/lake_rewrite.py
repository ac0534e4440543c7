"""Copy-on-write: which files of a table a change touches, and what remains of them.

Delta files are never changed: a file with rows to go is replaced by one without them. DuckDB does the comparing,
with a memory limit and room to spill.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.core.errors import LakeError, SchemaMismatch
from resources.lake_files import DataFile
from resources.lake_log import Snapshot
from resources.lake_scan import equal, parquet

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs

Sink = Callable[[Iterable["pa.RecordBatch"]], list[DataFile]]
MEMORY = "192MB"
_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class MergePlan:
    """Files to take out, files with what stays of them, the rows to write (None: as staged), and the counts."""

    gone: list[str]
    keep: list[DataFile]
    fresh: list[DataFile] | None
    updated: int
    unchanged: int


@contextmanager
def engine() -> Generator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own, bounded in memory, that spills to a temporary directory."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="adp-") as spill:
        config: dict[str, Any] = {
            "memory_limit": MEMORY,
            "temp_directory": spill,
            "threads": 2,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(":memory:", config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def dataset(
    files: pafs.FileSystem, written: Sequence[DataFile], schema: pa.Schema, partition_by: Sequence[str]
) -> pads.Dataset:
    """Written files as a dataset, before any commit names them."""
    import pyarrow.dataset as pads

    form = parquet(files)
    fragments: list[Any] = []
    for file in written:
        guarantee: Any = None
        for name in partition_by:
            known = equal(name, file.partition[name], schema)
            guarantee = known if guarantee is None else guarantee & known
        fragments.append(form.make_fragment(file.path, filesystem=files, partition_expression=guarantee))
    return pads.FileSystemDataset(fragments, schema, form, files)


def require_unique(rows: pads.Dataset, on: Sequence[str], where: str) -> None:
    """SchemaMismatch if two rows share a key."""
    with engine() as db:
        _want(db, rows, on, where)


def _want(db: duckdb.DuckDBPyConnection, rows: pads.Dataset, on: Sequence[str], where: str) -> None:
    """Keep the keys of the new rows in `wanted`; SchemaMismatch if two rows share one."""
    names = ", ".join(quoted(name) for name in on)
    _offer(db, "fresh", rows, on)
    db.execute("CREATE TEMP TABLE wanted AS SELECT * FROM fresh")
    doubled = _number(db, f"SELECT count(*) FROM (SELECT 1 FROM wanted GROUP BY {names} HAVING count(*) > 1)")
    if doubled:
        raise SchemaMismatch(
            f"{doubled} keys stand on more than one of the new rows", where=where, fix="deduplicate the rows first"
        )


def without(base: Snapshot, predicate: str, sink: Sink) -> tuple[list[str], list[DataFile]]:
    """Files that hold rows for which `predicate` is true, and new files with their other rows."""
    import duckdb

    gone: list[str] = []
    with engine() as db:
        try:
            for fragment, only in _single(base, None):
                db.register("t", only)
                if _number(db, f"SELECT count(*) FROM t WHERE {predicate}"):
                    gone.append(fragment.path)
        except (duckdb.ParserException, duckdb.BinderException) as error:
            raise LakeError(
                f"the predicate cannot be evaluated: {str(error).splitlines()[0]}", where=base.where, fix="correct it"
            ) from error
        except duckdb.ConversionException:  # its words quote the value
            what = "the predicate cannot be evaluated: a value is not of the type that it asks for"
            raise LakeError(what, where=base.where, fix="cast with TRY_CAST in it") from None
        keep = sink(_rest(db, base, gone, f"SELECT * FROM t WHERE ({predicate}) IS NOT TRUE")) if gone else []
    return gone, keep


def sieved(
    base: Snapshot,
    keep: Callable[[pa.RecordBatch], pa.RecordBatch],
    sink: Sink,
    remove: Callable[[Iterable[DataFile]], None],
) -> tuple[list[str], list[DataFile]]:
    """Files of which `keep` leaves rows out, and new files with their other rows."""
    gone: list[str] = []
    fresh: list[DataFile] = []
    for fragment, only in _single(base, None):
        lost = 0

        def rest(only: pads.Dataset = only) -> Iterator[pa.RecordBatch]:
            nonlocal lost
            for batch in only.to_batches(batch_size=_ROWS, batch_readahead=2, fragment_readahead=1):
                good = keep(batch)
                lost += batch.num_rows - good.num_rows
                yield good

        written = sink(rest())
        if lost:
            gone.append(fragment.path)
            fresh += written
        else:
            remove(written)
    return gone, fresh


def amended(
    base: Snapshot,
    change: Callable[[pa.RecordBatch], pa.RecordBatch | None],
    sink: Sink,
    remove: Callable[[Iterable[DataFile]], None],
) -> tuple[list[str], list[DataFile]]:
    """Files of which `change` gives other rows for a batch (None: as it is), and new files in their place."""
    gone: list[str] = []
    fresh: list[DataFile] = []
    for fragment, only in _single(base, None):
        changed = False

        def rows(only: pads.Dataset = only) -> Iterator[pa.RecordBatch]:
            nonlocal changed
            for batch in only.to_batches(batch_size=_ROWS, batch_readahead=2, fragment_readahead=1):
                other = change(batch)
                changed |= other is not None
                yield batch if other is None else other

        written = sink(rows())
        if changed:
            gone.append(fragment.path)
            fresh += written
        else:
            remove(written)
    return gone, fresh


def merged(base: Snapshot, rows: pads.Dataset, on: Sequence[str], ignore: Sequence[str], sink: Sink) -> MergePlan:
    """What a merge of `rows` by the key `on` takes out of the table and puts in."""
    with engine() as db:
        _want(db, rows, on, base.where)
        matched, touched = 0, list[str]()
        for fragment, only in _single(base, _key_range(rows, on[0])):
            _offer(db, "t", only, on)
            if found := _number(db, f"SELECT count(*) FROM t SEMI JOIN wanted k ON {_same('t', 'k', on)}"):
                matched, touched = matched + found, [*touched, fragment.path]
        unchanged = _unchanged(db, base, touched, rows, on, ignore) if touched else 0
        fresh: list[DataFile] | None = None
        if unchanged:
            _offer(db, "fresh", rows)
            fresh = sink(_batches(db, f"SELECT f.* FROM fresh f ANTI JOIN same k ON {_same('f', 'k', on)}"))
            db.execute(f"CREATE TEMP TABLE changed AS SELECT * FROM wanted w ANTI JOIN same k ON {_same('w', 'k', on)}")
        else:
            db.execute("CREATE TEMP VIEW changed AS SELECT * FROM wanted")
        gone: list[str] = []
        for fragment, only in _single(base, None, set(touched)):
            _offer(db, "t", only, on)
            if _number(db, f"SELECT count(*) FROM t SEMI JOIN changed k ON {_same('t', 'k', on)}"):
                gone.append(fragment.path)
        query = f"SELECT t.* FROM t ANTI JOIN changed k ON {_same('t', 'k', on)}"
        keep = sink(_rest(db, base, gone, query)) if gone else []
    return MergePlan(gone, keep, fresh, matched - unchanged, unchanged)


def _unchanged(
    db: duckdb.DuckDBPyConnection,
    base: Snapshot,
    touched: Sequence[str],
    rows: pads.Dataset,
    on: Sequence[str],
    ignore: Sequence[str],
) -> int:
    """Keep in `same` the keys of rows that the table holds already, value for value; their number."""
    compared = [name for name in rows.schema.names if name not in ignore]
    others = [name for name in compared if name not in on]
    equal = f" AND {_same('f', 't', others)}" if others else ""
    keys = ", ".join(f"f.{quoted(name)}" for name in on)
    _offer(db, "t", _subset(base.dataset(), set(touched)), compared)
    db.execute(f"CREATE TEMP TABLE known AS SELECT t.* FROM t SEMI JOIN wanted k ON {_same('t', 'k', on)}")
    _offer(db, "fresh", rows, compared)
    db.execute(f"CREATE TEMP TABLE same AS SELECT {keys} FROM fresh f JOIN known t ON {_same('f', 't', on)}{equal}")
    return _number(db, "SELECT count(*) FROM same")


def _same(one: str, two: str, names: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{quoted(name)} IS NOT DISTINCT FROM {two}.{quoted(name)}" for name in names)


def _key_range(rows: pads.Dataset, name: str) -> Any:
    """A filter that leaves out files whose statistics cannot match the first key column; None if it cannot be told."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads
    import pyarrow.types as pat

    kind = rows.schema.field(name).type
    if pat.is_nested(kind) or pat.is_binary(kind) or pat.is_boolean(kind) or pat.is_floating(kind):
        return None
    low: Any = None
    high: Any = None
    for batch in rows.to_batches(columns=[name], batch_readahead=2, fragment_readahead=1):
        column = batch.column(0)
        if column.null_count:
            return None
        if len(column):
            bounds = pc.call_function("min_max", [column]).as_py()
            low = bounds["min"] if low is None else min(low, bounds["min"])
            high = bounds["max"] if high is None else max(high, bounds["max"])
    if low is None:
        return None
    return (pads.field(name) >= pa.scalar(low, kind)) & (pads.field(name) <= pa.scalar(high, kind))


def _single(base: Snapshot, within: Any, only: set[str] | None = None) -> Iterator[tuple[Any, pads.Dataset]]:
    """Each file of the table as a dataset of its own, those left out that cannot match."""
    import pyarrow.dataset as pads

    whole = base.dataset()
    for fragment in whole.get_fragments(within) or ():
        if only is None or fragment.path in only:
            yield fragment, pads.FileSystemDataset([fragment], whole.schema, whole.format, whole.filesystem)


def _subset(whole: Any, paths: set[str]) -> pads.Dataset:
    import pyarrow.dataset as pads

    chosen = [fragment for fragment in whole.get_fragments() if fragment.path in paths]
    return pads.FileSystemDataset(chosen, whole.schema, whole.format, whole.filesystem)


def _rest(db: duckdb.DuckDBPyConnection, base: Snapshot, gone: Sequence[str], query: str) -> Iterator[pa.RecordBatch]:
    """What stays of the files that go."""
    for _, only in _single(base, None, set(gone)):
        _offer(db, "t", only)
        yield from _batches(db, query)


def _offer(db: duckdb.DuckDBPyConnection, name: str, rows: pads.Dataset, columns: Sequence[str] | None = None) -> None:
    """Give DuckDB rows to scan once, few at a time: left to itself it has a dataset read far ahead."""
    chosen = None if columns is None else list(columns)
    scanner = rows.scanner(columns=chosen, batch_size=_ROWS, batch_readahead=2, fragment_readahead=1)
    db.register(name, scanner.to_reader())


def _batches(db: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    reader: pa.RecordBatchReader = db.sql(query).to_arrow_reader(_ROWS)
    yield from reader


def _number(db: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(db.execute(query).fetchall()[0][0])
