"""A DuckDB that can read what it is handed and nothing else: no files, no network, no settings."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def connect(spill: str | None = None, memory: str = "1GB") -> duckdb.DuckDBPyConnection:
    """A connection in memory; with `spill`, aggregates too large for `memory` go to that folder."""
    import duckdb

    con = duckdb.connect(":memory:", config={"python_enable_replacements": "false"})
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"SET memory_limit = '{memory}'")
    con.execute("SET temp_directory = ?", [spill or ""])
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


@contextmanager
def session(memory: str = "1GB") -> Generator[duckdb.DuckDBPyConnection]:
    """A connection whose spilled data is gone when it ends."""
    with tempfile.TemporaryDirectory(prefix="adp-rules-") as spill:
        con = connect(spill, memory)
        try:
            yield con
        finally:
            con.close()
