"""A load in a process of its own, of a source that grows day by day: what `test_kill_ingest` kills."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from agents.core.errors import WriteConflict
from agents.core.subject import Hasher
from assets.kinds.away import Away
from assets.kinds.landing import land
from assets.kinds.spec import Source, Table
from resources.lake import Lake
from resources.sources.stream import BatchStream

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SCHEMA = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("v", pa.string())])
ERASED = "3-77"  # who was erased, and is still at the source
HASHER = Hasher(b"key of the tests")
Row = dict[str, object]


def source_rows(days: int, *, keyed: bool) -> list[Row]:
    """What the source holds after so many days: new and changed rows, duplicates, rows without a key, bad values."""
    events: list[Row] = []
    for day in range(days):
        at = START + dt.timedelta(days=day)
        for n in range(400):
            value = "bad" if n % 50 == 0 else f"{day}-{n}"
            events.append({"id": day * 400 + n, "at": at + dt.timedelta(minutes=n // 4), "v": value})
        if day:
            late = at + dt.timedelta(hours=10)
            events += [{"id": (day - 1) * 400 + n * 7, "at": late, "v": f"changed {day}"} for n in range(20)]
        events.append({"id": None, "at": at, "v": "no key"})
    if not keyed:
        return events
    current = {row["id"]: row for row in events if row["id"] is not None}
    return [*current.values(), *(row for row in events if row["id"] is None), *list(current.values())[::97]]


def reader(rows: list[Row], schema: pa.Schema = SCHEMA, chunk: int = 128) -> Callable[[str | None], BatchStream]:
    """A source of these rows, with the watermark `at`."""

    def read(since: str | None) -> BatchStream:
        table = pa.Table.from_pylist(rows, schema=schema)
        if since is not None:
            kind = schema.field("at").type
            table = table.filter(pc.field("at") >= pa.scalar(dt.datetime.fromisoformat(since), kind))
        return BatchStream(table.schema, iter(table.to_batches(max_chunksize=chunk)))

    return read


def split(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """Rows whose value is bad go to quarantine."""
    broken = pc.call_function("equal", [batch.column("v"), pa.scalar("bad")]).fill_null(False)
    bad = batch.filter(broken)
    texts = [pa.array([text] * bad.num_rows, pa.string()) for text in ("good_v", "v is bad")]
    marked = pa.RecordBatch.from_arrays([*bad.columns, *texts], names=[*bad.schema.names, "_rule", "_reason"])
    return batch.filter(pc.call_function("invert", [broken])), marked


def spec(*, keyed: bool) -> Table:
    """The table of the tests."""
    source = Source("shop", "orders", "incremental", "at")
    return Table("orders", "bronze", source=source, key=("id",) if keyed else ())


def away(marks: Mapping[str, str]) -> Away:
    """Who must not land."""
    return Away({"v": [(HASHER, frozenset({HASHER.hash_of(ERASED)}))]})


def run(root: str, days: int, keyed: bool, pipe: Connection) -> None:
    """Load once; says when it begins and how it ended."""
    tempfile.tempdir = str(Path(root).parent)  # what a killed process leaves goes with the test's folder
    rows = source_rows(days, keyed=keyed)
    pipe.send("begins")
    try:
        lake, table = Lake({"dev": root}), spec(keyed=keyed)
        done = land(lake, reader(rows), table, "dev", run_id="run", split=split, now=NOW, away=away)
    except WriteConflict:
        pipe.send("conflict")
        return
    counted = done.rows_landed + done.rows_quarantined + done.rows_away
    pipe.send("landed" if counted == done.rows_read else "miscounted")
