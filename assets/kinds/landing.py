"""Landing: rows of a source become rows of a lake table, none lost and none doubled, whenever the process dies.

A load reads everything from the table's watermark on, the watermark included, and commits rows and new watermark at
once. What it read is then replaced in the table rather than added: by key, or without a key by watermark range. So a
load that died before its commit left nothing, and one that is repeated finds its own rows and changes nothing.
Quarantine is written before that commit: of the rows that the source was asked for again it keeps those that are
still bad, and takes each row once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError, WriteConflict
from assets.kinds.ahead import read_ahead
from assets.kinds.away import Expire, nothing_away
from assets.kinds.dedupe import Ascending, Settled, settle, without_null_keys
from assets.kinds.evolution import INGESTED_AT, SOURCE, SchemaChange, reconcile, require, shape
from assets.kinds.high_water import HighWater
from assets.kinds.lake_writing import SPEC_MARK
from assets.kinds.moves import settle_moves
from assets.kinds.promises import arriving, keep, outgrown
from assets.kinds.quarantine import ALL, Rejects, Splitter
from assets.kinds.repeating import repeats
from assets.kinds.spec import Source, Table

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake
    from resources.lake_log import Snapshot
    from resources.lake_write import Write
    from resources.sources.stream import BatchStream

Read = Callable[[str | None], "BatchStream"]
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Landed:
    """What a load did; `rows_landed + rows_quarantined + rows_away == rows_read`.

    `away` counts the rows that must not land, by why: they are kept nowhere.

    `repairs` says how often repairs that were made before were made again, or could not be, and how many texts landed
    without what they said of erased people.
    `rows_updated` of the landed rows took the place of an earlier version (in the table, or in the same load).
    """

    rows_read: int
    rows_landed: int
    rows_quarantined: int
    rows_updated: int
    version: int
    watermark_before: str | None
    watermark_after: str | None
    schema_changes: tuple[SchemaChange, ...]
    warnings: tuple[str, ...]
    seconds: float
    repairs: Mapping[str, int] = field(default_factory=dict[str, int])
    away: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def rows_away(self) -> int:
        """Rows that must not land."""
        return sum(self.away.values())


def land(
    lake: Lake,
    read: Read,
    table: Table,
    environment: str,
    *,
    run_id: str,
    split: Splitter | None = None,
    now: datetime,
    digest: str = "",
    away: Expire = nothing_away,
) -> Landed:
    """Load a table from its source; `read(since)` gives the rows from a watermark on, or all rows for None.

    `digest` is that of the table's spec and stays with the rows.
    `split` takes the rows that break a quarantining rule out of a batch; `away` says by the table's marks what must
    not land at all. A load that finds that somebody else
    committed meanwhile starts again from the new state; WriteConflict after three times.
    """
    if table.source is None:
        raise SpecError("the table has no source to ingest from", where=table.asset, fix="give it a source, or sql")
    for attempt in range(_TRIES):
        place = TableId(environment, table.layer, table.name)
        settle_moves(lake, place)
        load = _Load(lake, read, table, table.source, place, run_id, split, now, digest, away)
        try:
            return load.run()
        except WriteConflict:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


class _Load:
    """One attempt of a load."""

    def __init__(
        self,
        lake: Lake,
        read: Read,
        table: Table,
        source: Source,
        place: TableId,
        run_id: str,
        split: Splitter | None,
        now: datetime,
        digest: str,
        away: Expire,
    ) -> None:
        self.lake, self.read, self.table, self.source, self.place = lake, read, table, source, place
        self.run_id, self.split, self.now, self.digest = run_id, split, now, digest
        self.away_by = away
        self.rows = 0
        self.settled = Settled()

    def run(self) -> Landed:
        """Read, write, quarantine, commit."""
        started = time.monotonic()
        base = self.lake.snapshot(self.place)
        self.away = self.away_by(base.marks if base is not None else {})
        self.anew = base is not None and outgrown(self.table.contract, base.schema)
        since = None if self.anew else self._since(base)
        with (
            read_ahead(lambda: self.read(since)) as (stream, batches),
            Rejects(self.run_id, self.now, self.source.watermark) as rejects,
        ):
            self._prepare(base, stream.schema, since)
            with self.lake.write(
                self.place, self.landed, "ingest", partition_by=self.table.partition_by, whole=since is None, base=base
            ) as write:
                self._put(write, batches, rejects, since)
                if self.key and not self.ascending.holds:
                    self.settled = settle(write, self.key, self.watermark, rejects)
                self.away.settled(str(self.place))
                rejects.write(self.lake, self.place, ALL if since is None else self.high.again(since))
                version, updated = self._commit(write, since)
            warnings = self._warnings(stream, rejects, base)
        return Landed(
            rows_read=self.rows,
            rows_landed=self.rows - len(rejects) - len(self.away),
            rows_quarantined=len(rejects),
            rows_updated=updated + self.settled.superseded,
            version=version,
            watermark_before=since,
            watermark_after=self.high.text,
            schema_changes=self.evolution.changes,
            warnings=warnings,
            seconds=time.monotonic() - started,
            repairs={**self.repeats.told(whole=since is None), **self.away.changed},
            away=self.away.told,
        )

    def _since(self, base: Snapshot | None) -> str | None:
        """The watermark to read from; None reads everything, also after the spec chose another source or column."""
        if base is None or self.source.mode == "full":
            return None
        marks = base.marks
        if (marks.get("source"), marks.get("watermark_column")) != (self._origin, self.source.watermark):
            return None
        return marks.get("watermark")

    @property
    def _origin(self) -> str:
        return f"{self.source.connection}/{self.source.table}"

    def _prepare(self, base: Snapshot | None, schema: pa.Schema, since: str | None) -> None:
        """Decide the shape of the rows that land."""
        import pyarrow as pa

        where = str(self.place)
        self.evolution = reconcile(base.schema if base is not None and not self.anew else None, schema, where)
        keep(self.table, arriving(self.evolution), where)
        target = self.evolution.target
        self.landed = pa.schema(
            [*target, pa.field(INGESTED_AT, pa.timestamp("us", "UTC")), pa.field(SOURCE, pa.string())]
        )
        self.repeats = repeats(self.lake, self.place, self.landed)
        self.key = require(self.table.key, target, "key", where)
        marks = (self.source.watermark,) if self.source.watermark else ()
        self.watermark = next(iter(require(marks, target, "watermark", where)), None)
        if self.source.mode == "incremental" and self.watermark is None:
            raise SpecError(
                "an incremental table needs a watermark", where=self.table.asset, fix="name one, or use mode: full"
            )
        self.ascending = Ascending(self.key)
        kind = target.field(self.watermark).type if self.watermark else None
        self.high = HighWater(kind, since, self.now)

    def _put(self, write: Write, batches: Iterator[pa.RecordBatch], rejects: Rejects, since: str | None) -> None:
        """Write the good rows, keep the bad ones, remember the watermark."""
        stamp = _Stamp(self.now, self._origin)
        for number, batch in enumerate(batches):
            name = f"{since or 'all'}#{number}"
            self.rows += batch.num_rows
            batch = self.away.without(batch)
            good, bad = shape(batch, self.evolution)
            if bad is not None:
                rejects.add(bad, name)
            if self.watermark is not None:
                self.high.add(good.column(good.schema.get_field_index(self.watermark)))
            good = self.repeats.again(stamp.add(good, self.landed))
            if self.split is not None:
                good, bad = self.split(good)
                if bad is not None:
                    rejects.add(bad, name)
            if self.key:
                good, bad = without_null_keys(good, self.key)
                if bad is not None:
                    rejects.add(bad, name)
                self.ascending.add(good)
            write.put(good)

    def _commit(self, write: Write, since: str | None) -> tuple[int, int]:
        """The one commit of rows and watermark; the version, and how many rows of the table were updated."""
        marks = {
            "run_id": self.run_id,
            "source": self._origin,
            "watermark": self.high.text or "",
            "watermark_column": self.source.watermark or "",
            SPEC_MARK: self.digest,
        }
        if since is None:
            return write.overwrite(marks), 0
        if self.key:
            merged = write.merge(self.key, marks, ignore=(INGESTED_AT,))
            return merged.version, merged.updated
        return write.replace_where(self.high.predicate(str(self.watermark), since), marks), 0

    def _warnings(self, stream: BatchStream, rejects: Rejects, base: Snapshot | None) -> tuple[str, ...]:
        found = [*self.evolution.warnings, *stream.warnings, *self.high.warnings]
        found += [f"quarantined by rule {rule}: {count} rows" for rule, count in sorted(rejects.counts.items())]
        if not self.rows and base is not None and self.source.mode == "full" and self.lake.rows(self.place) == 0:
            found.append("the source has no rows: the table is empty now")
        return tuple(found)


class _Stamp:
    """Adds the platform's two columns; the arrays of the longest batch so far are used again."""

    def __init__(self, now: datetime, origin: str) -> None:
        self._values: tuple[Any, str] = (now, origin)
        self._arrays: list[pa.Array] = []

    def add(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """The batch with when and from where it came."""
        import pyarrow as pa

        rows = batch.num_rows
        if not self._arrays or len(self._arrays[0]) < rows:
            kinds = schema.field(INGESTED_AT).type, schema.field(SOURCE).type
            self._arrays = [pa.repeat(pa.scalar(v, k), rows) for v, k in zip(self._values, kinds, strict=True)]
        return pa.RecordBatch.from_arrays(
            [*batch.columns, *(array.slice(0, rows) for array in self._arrays)], schema=schema
        )
