"""Replay: rows in quarantine that pass now land in their table, exactly once; the others say which rule they break now.

What lands follows the rules of landing: one row for each key, the latest watermark wins, an earlier version than the
table's is superseded, a row that shares key and watermark with another stays in quarantine.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.errors import WriteConflict
from assets.kinds.dedupe import without_null_keys
from assets.kinds.evolution import INGESTED_AT, RULE, SOURCE, require
from assets.kinds.moves import (
    LAST_MARK,
    MOVES_MARK,
    log_id,
    log_schema,
    moves_of,
    moves_text,
    next_move,
    put_query,
    quarantine_id,
    quarantine_schema,
    retried,
    selected,
    settle_moves,
)
from assets.kinds.quarantine import Splitter
from assets.kinds.replay_outcomes import HASH, decide
from assets.kinds.row_json import typed_rows
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from resources.lake import Lake
    from resources.lake_log import Snapshot

_ROWS = 8_192
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Repair:
    """What a row in quarantine is to be: `after` is the whole row as JSON; `confidence` 0 to 1."""

    after: str
    why: str = ""
    confidence: float | None = None


NO_REPAIRS: Mapping[str, Repair] = {}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rows of which table are held against what. `split` takes rows out that break a rule.

    `repairs` (by `_row_hash`) are applied before; `by` is who asked for them. `only` rows of these names are looked at
    (None: all).
    """

    table: TableId
    split: Splitter
    key: tuple[str, ...] = ()
    watermark: str | None = None
    repairs: Mapping[str, Repair] = field(default_factory=lambda: NO_REPAIRS)
    by: str = ""
    why: str = ""
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did, or would do; `rows_checked == rows_landed + rows_superseded + rows_kept`.

    A superseded row leaves quarantine because the table has it, or a later version of it. `kept` counts the rows
    that stay by the rule they break now.
    """

    rows_checked: int = 0
    rows_landed: int = 0
    rows_superseded: int = 0
    rows_kept: int = 0
    kept: Mapping[str, int] = field(default_factory=dict[str, int])
    version: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For people and programs."""
        return {
            "rows_checked": self.rows_checked,
            "rows_landed": self.rows_landed,
            "rows_superseded": self.rows_superseded,
            "rows_kept": self.rows_kept,
            "kept": dict(self.kept),
            "version": self.version,
        }


def replay(lake: Lake, plan: Plan, run_id: str, now: datetime, *, dry_run: bool = False) -> Replayed:
    """Land what passes, once, whenever the process dies. With `dry_run` nothing is written."""
    for attempt in range(_TRIES):
        if not dry_run:
            settle_moves(lake, plan.table)
        try:
            return _Replay(lake, plan, run_id, now).run(dry_run=dry_run)
        except WriteConflict:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


class _Replay:
    """One attempt."""

    def __init__(self, lake: Lake, plan: Plan, run_id: str, now: datetime) -> None:
        self.lake, self.plan, self.run_id, self.now = lake, plan, run_id, now
        self.place = quarantine_id(plan.table)

    def run(self, *, dry_run: bool) -> Replayed:
        """Judge every row, then log, land, and leave."""
        base, held = self.lake.snapshot(self.plan.table), self.lake.snapshot(self.place)
        if base is None or held is None:
            return Replayed(version=base.version if base else None)
        key = require(self.plan.key, base.schema, "key", str(self.plan.table))
        marks = (self.plan.watermark,) if self.plan.watermark else ()
        watermark = next(iter(require(marks, base.schema, "watermark", str(self.plan.table))), None)
        with tempfile.TemporaryDirectory(prefix="adp-replay-") as folder, engine() as db:
            self._offer(db, base, held, key, Path(folder))
            decide(db, base, key, watermark)
            done = self._counted(db, base.version)
            if dry_run or not self._changes(db):
                return done
            # First of all: what is a duplicate of a row that lands must not be taken for that row by the next replay.
            retried(lambda: self._relabel(db))
            version = base.version
            if done.rows_landed or done.rows_superseded:
                version = self._move(db, base, held.schema, key)
        return Replayed(done.rows_checked, done.rows_landed, done.rows_superseded, done.rows_kept, done.kept, version)

    def _offer(
        self, db: duckdb.DuckDBPyConnection, base: Snapshot, held: Snapshot, key: tuple[str, ...], folder: Path
    ) -> None:
        """Give DuckDB the rows that fit the table and its rules (`passing`), those that do not (`failing`), `held`."""
        import pyarrow as pa
        import pyarrow.dataset as pads
        import pyarrow.parquet as pq

        passing = base.schema.append(pa.field(HASH, pa.string()))
        failing = pa.schema([(name, pa.string()) for name in (HASH, "_rule", "_reason")])
        files = {"passing": passing, "failing": failing}
        for name in files:
            (folder / name).mkdir()
        with (
            pq.ParquetWriter(folder / "passing" / "rows.parquet", passing) as good_file,
            pq.ParquetWriter(folder / "failing" / "rows.parquet", failing) as bad_file,
        ):
            columns = [n for n in ("row", "_row_hash", "_quarantined_at") if n in held.schema.names]
            only = None if self.plan.only is None else pads.field("_row_hash").isin(list(self.plan.only))
            for batch in held.dataset().to_batches(columns=columns, filter=only, batch_size=_ROWS, batch_readahead=2):
                for good, bad in self._judged(batch, base, passing, key):
                    good_file.write_batch(good)
                    bad_file.write_batch(bad.select([HASH, "_rule", "_reason"]).cast(failing))
        for name, schema in files.items():
            db.register(name, pads.dataset(folder / name, format="parquet", schema=schema))
        db.register("held", held.dataset())

    def _judged(
        self, batch: pa.RecordBatch, base: Snapshot, schema: pa.Schema, key: tuple[str, ...]
    ) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
        """Rows of quarantine as rows of the table: `(passing, failing)` pairs."""
        import numpy as np
        import pyarrow as pa

        if not batch.num_rows:
            return
        rows, failed = typed_rows(self._lines(batch), _own_columns(base.schema))
        typed = self._stamped(rows, batch, base, schema)
        none = typed.slice(0, 0)
        keep = np.ones(batch.num_rows, dtype=bool)
        keep[list(failed)] = False
        unfit = typed.filter(pa.array(~keep))
        yield none, _marked(unfit, [RULE] * len(failed), [failed[n] for n in sorted(failed)])
        good, bad = self.plan.split(typed.filter(pa.array(keep)))
        if bad is not None:
            yield none, bad
        if key:
            good, bad = without_null_keys(good, key)
            if bad is not None:
                yield none, bad
        yield good, _marked(none, [], [])

    def _lines(self, batch: pa.RecordBatch) -> list[str]:
        lines: list[str] = batch.column("row").to_pylist()
        if not self.plan.repairs:
            return lines
        hashes = batch.column("_row_hash").to_pylist()
        known = (self.plan.repairs.get(name) for name in hashes)
        return [repair.after if repair else line for line, repair in zip(lines, known, strict=True)]

    def _stamped(
        self, rows: pa.RecordBatch, batch: pa.RecordBatch, base: Snapshot, schema: pa.Schema
    ) -> pa.RecordBatch:
        """With the platform's columns as the load would have set them, and the row's name in quarantine."""
        import pyarrow as pa

        given: dict[str, Any] = {name: rows.column(n) for n, name in enumerate(rows.schema.names)}
        given[INGESTED_AT] = batch.column("_quarantined_at")
        given[SOURCE] = pa.repeat(pa.scalar(base.marks.get("source"), pa.string()), batch.num_rows)
        given[HASH] = batch.column("_row_hash")
        return pa.RecordBatch.from_arrays(
            [given[name].cast(schema.field(name).type) for name in schema.names], schema=schema
        )

    def _counted(self, db: duckdb.DuckDBPyConnection, version: int) -> Replayed:
        outcomes = Counter(dict(db.execute("SELECT outcome, count(*) FROM outcomes GROUP BY outcome").fetchall()))
        kept = dict(db.execute("SELECT _rule, count(*) FROM staying GROUP BY _rule ORDER BY _rule").fetchall())
        rows = sum(kept.values())
        landed, superseded = outcomes["landed"], outcomes["superseded"]
        return Replayed(landed + superseded + rows, landed, superseded, rows, kept, version)

    def _changes(self, db: duckdb.DuckDBPyConnection) -> bool:
        """Whether a row leaves, or stays for another reason than before."""
        leaves = "SELECT count(*) FROM outcomes WHERE outcome IN ('landed', 'superseded')"
        other = f"SELECT count(*) FROM held h JOIN staying s ON h._row_hash = s.{HASH} WHERE {_DIFFERS}"
        return bool(db.execute(f"SELECT ({leaves}) + ({other})").fetchall()[0][0])

    def _move(self, db: duckdb.DuckDBPyConnection, base: Snapshot, held: pa.Schema, key: tuple[str, ...]) -> int:
        """Log the rows that leave, then take them into the table in one commit, then let them go."""
        table, move = self.plan.table, next_move(self.lake, self.plan.table)
        retried(lambda: self._log(db, held, move))
        marks = {"run_id": self.run_id, MOVES_MARK: moves_text(moves_of(self.lake, table) | {move})}
        with self.lake.write(table, base.schema, "replay", base=base) as write:
            rows = f"SELECT p.* EXCLUDE ({HASH}) FROM passing p JOIN outcomes o USING ({HASH}) WHERE outcome = 'landed'"
            put_query(db, write, rows)
            version = write.merge(key, marks, ignore=(INGESTED_AT,)).version if key else write.append(marks)
        settle_moves(self.lake, table)
        return version

    def _log(self, db: duckdb.DuckDBPyConnection, held: pa.Schema, move: int) -> None:
        import pyarrow as pa

        repairs = [(name, repair.after, repair.why, repair.confidence) for name, repair in self.plan.repairs.items()]
        names = (HASH, "after", "why", "confidence")
        types = (pa.string(), pa.string(), pa.string(), pa.float64())
        columns = zip(*repairs, strict=True) if repairs else ((), (), (), ())
        arrays = [pa.array(list(values), kind) for values, kind in zip(columns, types, strict=True)]
        with self.lake.write(log_id(self.plan.table), log_schema(), "replay") as write:
            db.register("repairs", pa.table(dict(zip(names, arrays, strict=True))))
            put_query(
                db,
                write,
                f"SELECT {selected(held, quarantine_schema(), 'h')}, {move}::BIGINT AS _left,"
                f" TIMESTAMPTZ '{self.now.isoformat()}' AS _left_at, $run AS _left_run, o.outcome AS _outcome,"
                " $by AS _by, coalesce(r.why, $why) AS _why, r.after AS after, r.confidence AS _confidence"
                f" FROM held h JOIN outcomes o ON h._row_hash = o.{HASH} LEFT JOIN repairs r ON h._row_hash = r.{HASH}"
                " WHERE o.outcome IN ('landed', 'superseded')",
                {"run": self.run_id, "by": self.plan.by, "why": self.plan.why},
            )
            write.append({"run_id": self.run_id, LAST_MARK: str(move)})

    def _relabel(self, db: duckdb.DuckDBPyConnection) -> None:
        """Rows that stay say which rule they break now."""
        with self.lake.write(self.place, quarantine_schema(), "relabel") as write:
            assert write.base is not None
            db.register("now_held", write.base.dataset())
            other = f"SELECT count(*) FROM now_held h JOIN staying s ON h._row_hash = s.{HASH} WHERE {_DIFFERS}"
            if not db.execute(other).fetchall()[0][0]:
                return
            columns = selected(write.base.schema, write.schema, "h")
            replaced = columns.replace('h."_rule"', 'coalesce(s._rule, h._rule) AS "_rule"')
            replaced = replaced.replace('h."_reason"', 'coalesce(s._reason, h._reason) AS "_reason"')
            put_query(db, write, f"SELECT {replaced} FROM now_held h LEFT JOIN staying s ON h._row_hash = s.{HASH}")
            write.replace_where("TRUE", {})


_DIFFERS = "(h._rule, h._reason) IS DISTINCT FROM (s._rule, s._reason)"


def _own_columns(schema: pa.Schema) -> pa.Schema:
    """The columns that a row brings."""
    import pyarrow as pa

    return pa.schema([column for column in schema if column.name not in (INGESTED_AT, SOURCE)])


def _marked(batch: pa.RecordBatch, rules: Sequence[str], reasons: Sequence[str]) -> pa.RecordBatch:
    import pyarrow as pa

    texts = [pa.array(list(values), pa.string()) for values in (rules, reasons)]
    return pa.RecordBatch.from_arrays([*batch.columns, *texts], names=[*batch.schema.names, "_rule", "_reason"])
