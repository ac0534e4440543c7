"""Quarantine: rows that break a rule, kept beside their table with the rule, the reason and the load.

One quarantine table for each table, all of one schema; a row is there once however often it is read again.
"""

from __future__ import annotations

import base64
import hashlib
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agents.core.catalog import TableId
from agents.core.errors import WriteConflict
from assets.kinds.evolution import INGESTED_AT, SOURCE
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from resources.lake import Lake

Splitter = Callable[["pa.RecordBatch"], tuple["pa.RecordBatch", "pa.RecordBatch | None"]]
_OWN = {"_rule", "_reason", INGESTED_AT, SOURCE}
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: rows looked at, rows moved to quarantine, the table's version afterwards."""

    rows_checked: int
    rows_quarantined: int
    version: int


def quarantine_id(table: TableId) -> TableId:
    """The quarantine table of a table; its name holds the layer, so that two layers never meet."""
    return TableId(table.environment, "quarantine", f"{table.layer}_{table.name}")


def quarantine_schema() -> pa.Schema:
    """The columns of every quarantine table; `row` is the row as JSON, values that JSON lacks as text."""
    import pyarrow as pa

    texts = [pa.field(name, pa.string()) for name in ("_rule", "_reason", "_batch", "_run_id")]
    moment = pa.field("_quarantined_at", pa.timestamp("us", "UTC"))
    return pa.schema([*texts, moment, pa.field("_row_hash", pa.string()), pa.field("row", pa.string())])


def quarantined(lake: Lake, table: TableId) -> int:
    """How many rows of a table are in quarantine."""
    place = quarantine_id(table)
    return lake.rows(place) if lake.exists(place) else 0


class Rejects:
    """Rows on their way to quarantine, on disk, however many there are."""

    def __init__(self, run_id: str, now: datetime) -> None:
        self.counts: Counter[str] = Counter()
        self._run_id, self._now = run_id, now
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __len__(self) -> int:
        return self.counts.total()

    def add(self, bad: pa.RecordBatch, batch: str) -> None:
        """Take rows that carry `_rule` and `_reason`; `batch` says which part of the load they came with."""
        import pyarrow as pa

        if not bad.num_rows:
            return
        rules = bad.column(bad.schema.get_field_index("_rule")).to_pylist()
        self.counts.update(str(rule) for rule in rules)
        rows = rows_as_json(bad)
        hashes = [hashlib.blake2b(row.encode(), digest_size=16).hexdigest() for row in rows]
        count = len(rows)
        values: list[list[object]] = [
            rules,
            bad.column(bad.schema.get_field_index("_reason")).to_pylist(),
            [batch] * count,
            [self._run_id] * count,
            [self._now] * count,
            list[object](hashes),
            list[object](rows),
        ]
        schema = quarantine_schema()
        arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
        self._file().write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))

    def _file(self) -> pq.ParquetWriter:
        import pyarrow.parquet as pq

        if self._writer is None:
            self._folder = tempfile.TemporaryDirectory(prefix="adp-rejects-")
            self._writer = pq.ParquetWriter(Path(self._folder.name) / "rows.parquet", quarantine_schema())
        return self._writer

    def write(self, lake: Lake, table: TableId) -> int:
        """Put the rows into the table's quarantine, except those that are there already; how many were new."""
        if self._writer is None or self._folder is None:
            return 0
        self._writer.close()
        place = quarantine_id(table)
        for attempt in range(_TRIES):
            before = lake.rows(place) if lake.exists(place) else 0
            try:
                self._insert(lake, place, Path(self._folder.name))
            except WriteConflict:
                if attempt == _TRIES - 1:
                    raise
                continue
            return (lake.rows(place) if lake.exists(place) else 0) - before
        return 0

    def _insert(self, lake: Lake, place: TableId, folder: Path) -> None:
        """One insert-only commit; equal rows are told apart by their number, so that none is lost or doubled."""
        import pyarrow.dataset as pads

        names = ", ".join(f'f."{name}"' for name in quarantine_schema().names if name != "_row_hash")
        numbered = (
            "SELECT * EXCLUDE (_row_hash), _row_hash || ':' || "
            "row_number() OVER (PARTITION BY _row_hash ORDER BY _rule) AS _row_hash FROM fresh"
        )
        with engine() as db, lake.write(place, quarantine_schema(), "append") as write:
            db.register("fresh", pads.dataset(folder, format="parquet"))
            known = ""
            if write.base is not None:
                db.register("known", write.base.dataset())
                known = " ANTI JOIN known k ON f._row_hash = k._row_hash"
            write.put_all(db.sql(f'SELECT {names}, f."_row_hash" FROM ({numbered}) f{known}').to_arrow_reader(16_384))
            if write.rows:
                write.append({"run_id": self._run_id})


def sweep(lake: Lake, table: TableId, split: Splitter, run_id: str, now: datetime) -> Swept:
    """Move rows of a table that break the rules in `split` to its quarantine; the table keeps its marks.

    Quarantine is written first and takes a row once, so a kill at any moment neither loses nor doubles a row.
    """
    with Rejects(run_id, now) as rejects, lake.write(table, lake.schema(table), "sweep") as write:
        checked = 0

        def keep(batch: pa.RecordBatch) -> pa.RecordBatch:
            nonlocal checked
            checked += batch.num_rows
            good, bad = split(batch)
            if bad is not None:
                rejects.add(bad, "sweep")
            return good

        write.sieve(keep)
        version = write.base.version if write.base else 0
        if len(rejects):
            rejects.write(lake, table)
            version = write.sieved({"run_id": run_id})
    return Swept(checked, len(rejects), version)


def rows_as_json(batch: pa.RecordBatch) -> list[str]:
    """Each row as one line of JSON: the source's columns, every value exactly."""
    import orjson

    names = [name for name in batch.schema.names if name not in _OWN]
    columns = [_values(batch.column(batch.schema.get_field_index(name))) for name in names]
    return [
        orjson.dumps(dict(zip(names, row, strict=True))).decode()
        for row in (zip(*columns, strict=True) if columns else ())
    ]


def _values(column: pa.Array) -> list[Any]:
    import pyarrow.types as pat

    plain = pat.is_boolean(column.type) or pat.is_string(column.type) or pat.is_int64(column.type)
    values = column.to_pylist()
    return values if plain or pat.is_int32(column.type) else [_json(value) for value in values]


def _json(value: Any) -> Any:
    """A value as JSON has it; text where JSON has none or would round."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return str(value)
