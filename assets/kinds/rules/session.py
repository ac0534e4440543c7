"""A DuckDB that can read what it is handed and nothing else: no other files, no network, no settings."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assets.kinds.rules.columns import text_literal

if TYPE_CHECKING:
    import duckdb


def connect(spill: str | None = None, memory: str = "1GB", files: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
    """A connection that may read `files`; with `spill`, what is too large for `memory` goes to that folder."""
    import duckdb

    con = duckdb.connect(":memory:", config={"python_enable_replacements": "false"})
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"SET memory_limit = '{memory}'")
    con.execute("SET temp_directory = ?", [spill or ""])
    if files:
        con.execute(f"SET allowed_paths = [{', '.join(text_literal(path) for path in files)}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


@contextmanager
def session(memory: str = "1GB", files: Sequence[str] = ()) -> Generator[duckdb.DuckDBPyConnection]:
    """A connection that may read `files`, whose spilled data is gone when it ends."""
    with tempfile.TemporaryDirectory(prefix="adp-rules-") as spill:
        con = connect(spill, memory, files)
        try:
            yield con
        finally:
            con.close()
