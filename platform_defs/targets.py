"""What a command looks at: a file or a table of the lake, as an Arrow dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SourceError, TableNotFound

_FORMATS = {".csv": "csv", ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


def open_target(target: str, environment: str, cwd: Path) -> Any:
    """The dataset of a file (CSV, JSON lines, Parquet) or of `layer/table` in an environment's lake.

    Of a quarantine or log the rows in it, as columns of text.
    """
    path = cwd / target
    return _file(path) if path.is_file() else _table(target, environment)


def _table(asset: str, environment: str) -> Any:
    from assets.kinds.sides import looked_into
    from platform_defs.here import deployed

    layer, slash, name = asset.partition("/")
    lake, table = deployed().lake, TableId(environment, layer, name)
    if not slash or not lake.exists(table):
        raise TableNotFound(
            f"{asset} is neither a file nor a table of the {environment} lake", fix="see the tables with adp catalog"
        )
    return looked_into(lake, table)


def _file(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.dataset as pads

    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise SourceError("unknown kind of file", where=str(path), fix="give a CSV, JSON lines or Parquet file")
    try:
        return pads.dataset(path, format=kind)
    except (pa.ArrowInvalid, OSError):
        # What Arrow says repeats the row.
        raise SourceError(f"the file cannot be read as {kind}", where=str(path), fix="check the file") from None
