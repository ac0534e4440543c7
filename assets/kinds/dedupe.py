"""One row for each key: what happens to the rows of a load that share one.

The row with the latest watermark lands. A row of an earlier watermark is an earlier version: it is superseded, as if
it had landed in an earlier load. A row of the same watermark is a duplicate: it goes to quarantine (`duplicate_key`),
and which of them lands is decided by their content, not by the order in which the source gave them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.kinds.quarantine import DUPLICATE, Rejects, rows_as_json
from resources.lake_files import DataFile
from resources.lake_rewrite import engine, quoted
from resources.lake_write import Write

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as pads

NO_KEY = "null_key"
_ROWS = 65_536


class Ascending:
    """Whether a key only ever rose: then it is unique, and nothing need be remembered or looked up."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self.holds = len(key) == 1
        self._key = key
        self._last: Any = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Look at the next batch of keys; none of them is null."""
        import pyarrow.types as pat

        if not self.holds or not batch.num_rows:
            return
        column = batch.column(batch.schema.get_field_index(self._key[0]))
        if not pat.is_integer(column.type):
            self.holds = False
            return
        values = column.to_numpy(zero_copy_only=False)
        rising = bool((values[1:] > values[:-1]).all())
        self.holds = rising and (self._last is None or int(values[0]) > self._last)
        self._last = int(values[-1])


def without_null_keys(batch: pa.RecordBatch, key: Sequence[str]) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """The rows that have a whole key, and the others with `_rule` and `_reason`."""
    import pyarrow.compute as pc

    columns = [batch.column(batch.schema.get_field_index(name)) for name in key]
    if not any(column.null_count for column in columns):
        return batch, None
    whole: Any = columns[0].is_valid()
    for column in columns[1:]:
        whole = pc.call_function("and", [whole, column.is_valid()])
    bad = batch.filter(pc.call_function("invert", [whole]))
    return batch.filter(whole), marked(bad, NO_KEY, f"no value in key column {' or '.join(key)}")


def marked(batch: pa.RecordBatch, rule: str, reason: str) -> pa.RecordBatch:
    """The batch with the two columns that quarantine wants."""
    import pyarrow as pa

    texts = [pa.repeat(pa.scalar(text, pa.string()), batch.num_rows) for text in (rule, reason)]
    return pa.RecordBatch.from_arrays([*batch.columns, *texts], names=[*batch.schema.names, "_rule", "_reason"])


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows that did not land: earlier versions, and duplicates that went to quarantine."""

    superseded: int = 0
    duplicates: int = 0


def settle(write: Write, key: tuple[str, ...], watermark: str | None, rejects: Rejects) -> Settled:
    """Leave one row for each key among the rows put into `write`; the duplicates go to `rejects`."""
    names = ", ".join(quoted(name) for name in key)
    with engine() as db:
        db.register("rows", write.scan())
        db.execute(f"CREATE TEMP TABLE doubled AS SELECT {names} FROM rows GROUP BY {names} HAVING count(*) > 1")
        if not db.execute("SELECT count(*) FROM doubled").fetchall()[0][0]:
            return Settled()
        losers = _losers(db, write, key, watermark)
    affected = [file for file in write.staged() if file.path in losers]
    counts = {DUPLICATE: 0, "": 0}
    parts = {file.path: part for file, part in write.parts()}
    write.replace(affected, _winners(affected, parts, losers, rejects, counts, key))
    return Settled(counts[""], counts[DUPLICATE])


Losers = dict[str, tuple[Any, Any]]  # file -> its rows that lose (ascending), and which of them are duplicates


def _losers(db: duckdb.DuckDBPyConnection, write: Write, key: tuple[str, ...], watermark: str | None) -> Losers:
    """The rows that lose against another row of their key."""
    import pyarrow as pa

    fields = [write.schema.field(name) for name in key]
    mark = write.schema.field(watermark).type if watermark else pa.int8()
    keys = [pa.field(f"k{n}", field.type) for n, field in enumerate(fields)]
    place = [pa.field("mark", mark), pa.field("file", pa.int64()), pa.field("row", pa.int64())]
    schema = pa.schema([*keys, *place])
    reader = pa.RecordBatchReader.from_batches(schema, _addressed(write, key, watermark, schema))
    db.register("addressed", reader)
    same = " AND ".join(f"a.k{n} IS NOT DISTINCT FROM d.{quoted(name)}" for n, name in enumerate(key))
    db.execute(f"CREATE TEMP TABLE rivals AS SELECT a.* FROM addressed a SEMI JOIN doubled d ON {same}")
    contents = pa.schema([("file", pa.int64()), ("row", pa.int64()), ("content", pa.string())])
    rivals = _by_file(db.execute("SELECT file, row, true AS duplicate FROM rivals ORDER BY file, row").fetchnumpy())
    db.register("contents", pa.RecordBatchReader.from_batches(contents, _contents(write, rivals, contents)))
    by = ", ".join(f"k{n}" for n in range(len(key)))
    order = f"PARTITION BY {by} ORDER BY mark DESC NULLS LAST, content, file, row"
    found = db.execute(
        f"SELECT * FROM (SELECT file, row, mark IS NOT DISTINCT FROM first_value(mark) OVER ({order}) AS duplicate "
        f"FROM rivals JOIN contents USING (file, row) QUALIFY row_number() OVER ({order}) > 1) ORDER BY file, row"
    ).fetchnumpy()
    paths = [file.path for file in write.staged()]
    return {paths[number]: rows for number, rows in _by_file(found).items()}


def _by_file(found: dict[str, Any]) -> dict[int, tuple[Any, Any]]:
    """Rows of each file, and their flags, from columns that are sorted by both."""
    import numpy as np

    numbers, starts = np.unique(found["file"], return_index=True)
    parts = zip(np.split(found["row"], starts[1:]), np.split(found["duplicate"], starts[1:]), strict=True)
    return {int(number): part for number, part in zip(numbers, parts, strict=True)}


def _addressed(
    write: Write, key: tuple[str, ...], watermark: str | None, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Key and watermark of every row, with the number of its file and of itself in the file."""
    import numpy as np
    import pyarrow as pa

    wanted = [*key, *([watermark] if watermark else [])]
    for number, (_, part) in enumerate(write.parts()):
        for start, batch in _numbered(part, wanted):
            columns = [batch.column(batch.schema.get_field_index(name)) for name in key]
            rows = batch.num_rows
            mark = batch.column(batch.schema.get_field_index(watermark)) if watermark else pa.nulls(rows, pa.int8())
            place = [pa.array(np.full(rows, number)), pa.array(np.arange(start, start + rows))]
            yield pa.RecordBatch.from_arrays([*columns, mark, *place], schema=schema)


def _contents(write: Write, rivals: dict[int, tuple[Any, Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """A digest of the whole row for each rival."""
    import numpy as np
    import pyarrow as pa

    for number, (_, part) in enumerate(write.parts()):
        if number not in rivals:
            continue
        wanted = rivals[number][0]
        for start, batch in _numbered(part):
            rows = wanted[(wanted >= start) & (wanted < start + batch.num_rows)]
            if len(rows):
                texts = rows_as_json(batch.take(pa.array(rows - start)))
                digests = [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]
                yield pa.RecordBatch.from_arrays(
                    [pa.array(np.full(len(rows), number)), pa.array(rows), pa.array(digests)], schema=schema
                )


def _winners(
    files: Sequence[DataFile],
    parts: dict[str, pads.Dataset],
    losers: Losers,
    rejects: Rejects,
    counts: dict[str, int],
    key: tuple[str, ...],
) -> Iterator[pa.RecordBatch]:
    """The rows of `files` that land; duplicates are handed to quarantine on the way."""
    import numpy as np
    import pyarrow as pa

    reason = f"another row of the load has the same {', '.join(key)}"
    for file in files:
        rows, duplicate = losers[file.path]
        for start, batch in _numbered(parts[file.path]):
            low, high = np.searchsorted(rows, (start, start + batch.num_rows))
            here, flags = rows[low:high] - start, duplicate[low:high].astype(bool)
            keep = np.ones(batch.num_rows, dtype=bool)
            keep[here] = False
            counts[DUPLICATE] += int(flags.sum())
            counts[""] += int((~flags).sum())
            rejects.add(marked(batch.take(pa.array(here[flags], pa.int64())), DUPLICATE, reason), "keys")
            yield batch.filter(pa.array(keep))


def _numbered(part: pads.Dataset, columns: list[str] | None = None) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batches of one file in their order, each with the number of its first row."""
    start = 0
    for batch in part.to_batches(columns=columns, batch_size=_ROWS, batch_readahead=2, fragment_readahead=1):
        yield start, batch
        start += batch.num_rows
