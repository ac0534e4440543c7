"""Quarantine: rows that break a rule, kept beside their table with the rule, the reason and the load.

One quarantine table for each table, all of one schema; a row is there once however often it is read again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agents.core.catalog import TableId
from assets.kinds import row_json
from assets.kinds.evolution import INGESTED_AT, SOURCE
from assets.kinds.moves import (
    LAST_MARK,
    MOVES_MARK,
    ROWS,
    moves_of,
    moves_text,
    next_move,
    quarantine_id,
    quarantine_schema,
    retried,
    selected,
    settle_moves,
)
from resources.lake_rewrite import engine
from resources.sources.watermark import to_text

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from resources.lake import Lake
    from resources.lake_write import Write

Splitter = Callable[["pa.RecordBatch"], tuple["pa.RecordBatch", "pa.RecordBatch | None"]]
ALL = "TRUE"  # a load that reads everything decides every row of quarantine anew
_OWN = frozenset({"_rule", "_reason", INGESTED_AT, SOURCE})
DUPLICATE = "duplicate_key"
_FIRST = ("_quarantined_at", "_batch", "_run_id")  # of a row that is quarantined again, those of the first time stay


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: rows looked at, rows moved to quarantine, the table's version afterwards."""

    rows_checked: int
    rows_quarantined: int
    version: int


def quarantined(lake: Lake, table: TableId) -> int:
    """How many rows of a table are in quarantine."""
    place = quarantine_id(table)
    return lake.rows(place) if lake.exists(place) else 0


def held_by_rule(lake: Lake, table: TableId) -> dict[str, int]:
    """How many rows of a table are in quarantine, by the rule that holds them; the counts add up to `quarantined`."""
    place = quarantine_id(table)
    if not lake.exists(place):
        return {}
    rules = lake.dataset(place).to_table(columns=["_rule"]).column("_rule").to_pylist()
    return dict(sorted(Counter(str(rule) for rule in rules).items()))


class Rejects:
    """Rows on their way to quarantine, on disk, however many there are. `watermark` is their table's column."""

    def __init__(self, run_id: str, now: datetime, watermark: str | None = None, move: int | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._run_id, self._now, self._watermark, self._move = run_id, now, watermark, move
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
        hashes = [row_hash(row) for row in rows]
        count = len(rows)
        values: list[list[object]] = [
            rules,
            bad.column(bad.schema.get_field_index("_reason")).to_pylist(),
            [batch] * count,
            [self._run_id] * count,
            [self._now] * count,
            list[object](hashes),
            list[object](rows),
            list[object](_watermarks(bad, self._watermark)),
            [self._move] * count,
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

    def write(self, lake: Lake, table: TableId, again: str = "") -> None:
        """Put the rows into the table's quarantine, each once.

        `again` (DuckDB SQL on `_watermark`, or ALL) tells the rows that the source was asked for once more: what it
        did not give again as a bad row leaves quarantine. Should the process die before the load is committed, the
        next load asks for the same rows.
        """
        place = quarantine_id(table)
        if self._writer is None and (not again or not lake.exists(place)):
            return
        self._file()
        assert self._writer is not None
        self._writer.close()
        retried(lambda: self._replace(lake, table, again))

    def _replace(self, lake: Lake, table: TableId, again: str) -> None:
        """One commit, where anything changes; equal rows are told apart by their number, so that none is lost."""
        import pyarrow.dataset as pads

        assert self._folder is not None
        with engine() as db, lake.write(quarantine_id(table), quarantine_schema(), "quarantine") as write:
            db.register("fresh", pads.dataset(self._folder.name, format="parquet"))
            marks = {"run_id": self._run_id}
            if write.base is None:  # what is new reflects all that the table went through
                marks[MOVES_MARK] = moves_text(moves_of(lake, table))
            else:
                db.register("held", write.base.dataset())
                db.execute(f"CREATE TEMP VIEW h AS SELECT {selected(write.base.schema, write.schema, 'h')} FROM held h")
            _number(db, write, swept=self._move is not None)
            if self._move is not None:
                marks[LAST_MARK] = str(self._move)
            if _put(db, write, again):
                write.replace_where(again, marks) if again and write.base is not None else write.append(marks)


def _number(db: duckdb.DuckDBPyConnection, write: Write, *, swept: bool) -> None:
    """Tell equal rows apart: a source gives its rows again, so they are counted from 1; a table's are further ones."""
    further = ""
    if swept and write.base is not None:
        parts = "split_part(_row_hash, ':', 1) AS content, split_part(_row_hash, ':', 2)::BIGINT AS n"
        last = f"SELECT content, max(n) AS n FROM (SELECT {parts} FROM h) GROUP BY content"
        further = f" + coalesce((SELECT n FROM ({last}) l WHERE l.content = fresh._row_hash), 0)"
    db.execute(
        "CREATE TEMP TABLE f AS SELECT * EXCLUDE (_row_hash), _row_hash || ':' || "
        f"(row_number() OVER (PARTITION BY _row_hash ORDER BY _rule){further}) AS _row_hash FROM fresh"
    )


def _put(db: duckdb.DuckDBPyConnection, write: Write, again: str) -> bool:
    """The rows for quarantine that are not there, and those of the rows decided anew that stay; whether it changes."""
    if write.base is None:
        write.put_all(db.sql("SELECT * FROM f").to_arrow_reader(ROWS))
        return True
    decided = f"(SELECT * FROM h WHERE ({again or 'FALSE'}))"
    others = f"(SELECT _row_hash FROM h WHERE ({again or 'FALSE'}) IS NOT TRUE)"
    fresh = f"(SELECT f.* FROM f ANTI JOIN {others} o ON f._row_hash = o._row_hash)"
    if again:
        new, old = (f"SELECT _row_hash, _rule, _reason FROM {rows}" for rows in (fresh, decided))
        differ = f"(({new}) EXCEPT ({old})) UNION ALL (({old}) EXCEPT ({new}))"
        if not db.execute(f"SELECT count(*) FROM ({differ})").fetchall()[0][0]:
            return False
    columns = ", ".join(
        f'coalesce(d."{name}", f."{name}") AS "{name}"' if name in _FIRST else f'f."{name}"'
        for name in write.schema.names
    )
    rows = f"SELECT {columns} FROM {fresh} f LEFT JOIN {decided} d ON f._row_hash = d._row_hash"
    write.put_all(db.sql(rows).to_arrow_reader(ROWS))
    return bool(write.rows or again)


def sweep(
    lake: Lake, table: TableId, split: Splitter, run_id: str, now: datetime, watermark: str | None = None
) -> Swept:
    """Move rows of a table that break the rules in `split` to its quarantine; the table keeps its marks.

    Quarantine is written first and takes a row once, so a kill at any moment neither loses nor doubles a row.
    """
    settle_moves(lake, table)
    move = next_move(lake, table)
    with (
        Rejects(run_id, now, watermark, move) as rejects,
        lake.write(table, lake.schema(table), "sweep") as write,
    ):
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
            moves = moves_text(moves_of(lake, table) | {move})
            version = write.sieved({"run_id": run_id, MOVES_MARK: moves})
    settle_moves(lake, table)
    return Swept(checked, len(rejects), version)


def rows_as_json(batch: pa.RecordBatch) -> list[str]:
    """Each row as one line of JSON: the source's columns, every value exactly."""
    return row_json.rows_as_json(batch, _OWN)


def row_hash(row: str) -> str:
    """What tells rows of different content apart."""
    return hashlib.blake2b(row.encode(), digest_size=16).hexdigest()


def _watermarks(batch: pa.RecordBatch, name: str | None) -> Sequence[str | None]:
    """The watermark of each row as text; None where it has none that could be asked for again."""
    place = next(
        (n for n, column in enumerate(batch.schema.names) if name and column.casefold() == name.casefold()), -1
    )
    if place < 0:
        return [None] * batch.num_rows
    return [_watermark(value) for value in batch.column(place).to_pylist()]


def _watermark(value: Any) -> str | None:
    known = isinstance(value, datetime | date | bytes | int | float | Decimal | str) and not isinstance(value, bool)
    return to_text(value) if known else None
