"""The cold tier: rows that retention took out of their tables, kept as Delta under a root of their own.

A row is there once however often it is archived: it is known by a digest of its values and its number among equals.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from agents.core.errors import WriteConflict
from resources.lake_rewrite import engine, quoted
from resources.platform import Platform

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

HASH, AT = "_row_hash", "_archived_at"
_TRIES = 4


def archive_rows(platform: Platform, table: TableId, chosen: str, now: datetime) -> int:
    """Copy the rows that `chosen` names to the cold tier, in one commit; how many were not there yet."""
    for attempt in range(_TRIES):
        try:
            return _archive(platform, table, chosen, now)
        except WriteConflict:
            if attempt == _TRIES - 1:
                raise
    return 0


def unarchived(platform: Platform, table: TableId, chosen: str) -> int:
    """How many of the rows that `chosen` names are not in the cold tier."""
    with _chosen(platform, table, chosen) as (db, missing):
        return int(db.execute(f"SELECT count(*) FROM ({missing})").fetchall()[0][0])


def _archive(platform: Platform, table: TableId, chosen: str, now: datetime) -> int:
    with (
        _chosen(platform, table, chosen) as (db, missing),
        platform.cold.write(table, _schema(platform, table), "archive") as write,
    ):
        moment = now.strftime("%Y-%m-%d %H:%M:%S")
        rows = db.sql(f"SELECT *, TIMESTAMPTZ '{moment}+00' AS {AT} FROM ({missing})").to_arrow_reader(16_384)
        write.put_all(rows)
        if write.rows:
            write.append({"archived": now.isoformat(timespec="seconds")})
        return write.rows


def _schema(platform: Platform, table: TableId) -> pa.Schema:
    import pyarrow as pa

    own = platform.lake.schema(table)
    return pa.schema([*own, pa.field(HASH, pa.string()), pa.field(AT, pa.timestamp("us", "UTC"))])


@contextmanager
def _chosen(platform: Platform, table: TableId, chosen: str) -> Generator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A DuckDB, and the query for chosen rows, with their digest, that the cold tier lacks."""
    lake, cold = platform.lake, platform.cold
    names = ", ".join(quoted(name) for name in lake.schema(table).names)
    scanner = lake.dataset(table).scanner(batch_size=65_536, batch_readahead=2, fragment_readahead=1)
    numbered = (
        f"SELECT {names}, _h || ':' || row_number() OVER (PARTITION BY _h) AS {HASH} "
        f"FROM (SELECT t.*, md5(CAST(t AS VARCHAR)) AS _h FROM t WHERE {chosen})"
    )
    with engine() as db:
        db.register("t", scanner.to_reader())
        known = ""
        if cold.exists(table):
            db.register("cold", cold.dataset(table))
            known = f" ANTI JOIN (SELECT {HASH} FROM cold) k ON f.{HASH} = k.{HASH}"
        yield db, f"SELECT f.* FROM ({numbered}) f{known}"
