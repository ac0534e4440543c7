"""What each refresh of a table measured, and what was thought of it: rows of the store, cheap to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.digest import canonical_json
from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

    from resources.store import Store

# So many refreshes are kept of a table; an hourly one has more than two weeks then.
KEPT = 400


@dataclass(frozen=True, slots=True)
class Measurement:
    """One refresh; `facts` hold counts and shares, never a value of the table. `at` is in seconds."""

    table: TableId
    run_id: str
    at: float
    facts: Mapping[str, Any]
    id: int = 0
    judged: bool = False
    verdict: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Measurements:
    """The part of the store that holds them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, table: TableId, run_id: str, at: float, facts: Mapping[str, Any]) -> None:
        """Keep what a refresh measured; the oldest of a table beyond `KEPT` are forgotten."""
        rows = tables().measurements
        values = {"asset": "/".join(table), "run_id": run_id, "at": at, "facts": canonical_json(dict(facts))}
        mine = rows.c.asset == values["asset"]
        with self._store.database().write() as connection:
            connection.execute(rows.insert().values(**values, judged=False, verdict=""))
            oldest = rows.select().with_only_columns(rows.c.id).where(mine).order_by(rows.c.id.desc()).offset(KEPT)
            limit = connection.execute(oldest.limit(1)).scalar()
            if limit is not None:
                connection.execute(rows.delete().where(mine, rows.c.id <= limit))

    def history(self, table: TableId, *, before: int | None = None, limit: int = KEPT) -> list[Measurement]:
        """The last refreshes of a table, oldest first; with `before`, those earlier than that one."""
        rows = tables().measurements
        query = rows.select().where(rows.c.asset == "/".join(table)).order_by(rows.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(rows.c.id < before)
        with self._store.database().read() as connection:
            return [_read(row) for row in connection.execute(query)][::-1]

    def unjudged(self, limit: int) -> list[Measurement]:
        """Refreshes that nobody has compared yet, oldest first."""
        rows = tables().measurements
        query = rows.select().where(rows.c.judged.is_(False)).order_by(rows.c.id).limit(limit)
        with self._store.database().read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def settle(self, measurement: int, verdict: Mapping[str, Any]) -> None:
        """Write down what was thought of a refresh."""
        rows = tables().measurements
        with self._store.database().write() as connection:
            change = rows.update().where(rows.c.id == measurement)
            connection.execute(change.values(judged=True, verdict=canonical_json(dict(verdict))))

    def pauses(self, fewest: int) -> list[tuple[TableId, float, float]]:
        """Of each table with at least so many refreshes: when the last one was, and the mean pause, in seconds."""
        import sqlalchemy as sa

        rows = tables().measurements
        first, last, count = sa.func.min(rows.c.at), sa.func.max(rows.c.at), sa.func.count()
        query = sa.select(rows.c.asset, first, last, count).group_by(rows.c.asset).having(count >= fewest)
        with self._store.database().read() as connection:
            found = connection.execute(query.order_by(rows.c.asset)).fetchall()
        return [(TableId(*asset.split("/", 2)), end, (end - start) / (n - 1)) for asset, start, end, n in found]

    def newest(self) -> list[Measurement]:
        """The last refresh of every table."""
        import sqlalchemy as sa

        rows = tables().measurements
        last = sa.select(sa.func.max(rows.c.id)).group_by(rows.c.asset)
        query = rows.select().where(rows.c.id.in_(last)).order_by(rows.c.asset)
        with self._store.database().read() as connection:
            return [_read(row) for row in connection.execute(query)]


def _read(row: Row[Any]) -> Measurement:
    verdict = json.loads(row.verdict) if row.verdict else {}
    asset = TableId(*row.asset.split("/", 2))
    return Measurement(asset, row.run_id, row.at, json.loads(row.facts), row.id, row.judged, verdict)
