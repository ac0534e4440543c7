"""Writes the ledger's rows to files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from agents.core.digest import canonical_json
from resources.ledger_records import COLUMNS, TEXTS

_PAGE = 10_000


def write_jsonl(path: Path, rows: Iterator[tuple[Any, ...]]) -> int:
    """One record a line; gives their number."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            named = dict(zip(COLUMNS, row, strict=True))
            named["facts"] = json.loads(named["facts"])
            file.write(canonical_json(named) + "\n")
            count += 1
    return count


def write_parquet(path: Path, rows: Iterator[tuple[Any, ...]]) -> int:
    """One row a record, `facts` as JSON text; gives their number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("seq", pa.int64()), *((name, pa.string()) for name in TEXTS), ("hash", pa.string())])
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        while page := list(islice(rows, _PAGE)):
            columns = [list(column) for column in zip(*page, strict=True)]
            writer.write_table(pa.table(columns, schema=schema))
            count += len(page)
    return count
