"""The lake's guard: nothing writes production but a run with a lease for exactly that."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from agents.core.catalog import TableId

_claimed: ContextVar[tuple[tuple[TableId, str], ...]] = ContextVar("adp_claimed", default=())


@contextmanager
def claim(table: TableId, digest: str) -> Generator[None]:
    """Say which spec the writes inside belong to: `digest` is that of the table's spec as loaded in this process."""
    token = _claimed.set((*_claimed.get(), (table, digest)))
    try:
        yield
    finally:
        _claimed.reset(token)
