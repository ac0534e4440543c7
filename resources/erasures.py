"""Erased people who must not come back: by environment and column the keyed hash, and the request that erased them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resources.store_goals import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

    from resources.store import Store


@dataclass(frozen=True, slots=True)
class Erased:
    """A person in one column: `hash` is the identifier's, or that of a number which was followed to other tables.

    `key` tells with which of the deployment's keys it was made; `subject` is the person as the request names it.
    """

    subject: str
    column: str
    hash: str
    key: str
    request: str = ""


class Erasures:
    """The part of the store that holds them. No value of a table is in it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, environment: str) -> list[Erased]:
        """Everybody who was erased from an environment, in the order in which it was asked."""
        rows = tables().erasures
        query = rows.select().where(rows.c.environment == environment).order_by(rows.c.at, rows.c.column)
        with self._store.database().read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def record(self, environment: str, found: Iterable[Erased]) -> int:
        """Remember where people were found; what is known already stays as it is. How many entries are new."""
        database, rows, at = self._store.database(), tables().erasures, time.time()
        with database.write() as connection:
            return sum(
                database.upsert(
                    connection,
                    rows,
                    {
                        "environment": environment,
                        "subject": each.subject,
                        "column": each.column,
                        "hash": each.hash,
                        "key": each.key,
                        "request": each.request,
                        "at": at,
                    },
                )
                for each in found
            )

    def forget(self, environment: str, subjects: Collection[str]) -> list[Erased]:
        """Let people come back: their entries, which are gone now."""
        rows = tables().erasures
        mine = (rows.c.environment == environment) & rows.c.subject.in_(list(subjects))
        with self._store.database().write() as connection:
            found = [_read(row) for row in connection.execute(rows.select().where(mine))]
            connection.execute(rows.delete().where(mine))
        return found


def _read(row: Row[Any]) -> Erased:
    return Erased(row.subject, row.column, row.hash, row.key, row.request)
