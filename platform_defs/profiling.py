"""What `adp quality profile` looks at: a file or a lake table, in the contract's form."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import SourceError, TableNotFound


def profile_target(target: str, environment: str, cwd: Path) -> dict[str, Any]:
    """`{rows, columns: {name: {...}}, rules: [...]}` of a file (CSV, JSON, Parquet) or of `layer/table`."""
    from agents.tools.profiling import profile_table, write_rules

    path, now = cwd / target, datetime.now(UTC)
    profile = profile_table(_file(path) if path.is_file() else _table(target, environment), now=now)
    return profile.to_json(write_rules(profile, now=now))


def _table(asset: str, environment: str) -> Any:
    from resources.platform import Platform
    from resources.settings import load_settings

    layer, slash, name = asset.partition("/")
    lake, table = Platform.of(load_settings()).lake, TableId(environment, layer, name)
    if not slash or not lake.exists(table):
        raise TableNotFound(
            f"{asset} is neither a file nor a table of the {environment} lake", fix="see the tables with adp catalog"
        )
    return lake.dataset(table)


def _file(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.dataset as pads

    formats = {".csv": "csv", ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise SourceError("unknown kind of file", where=str(path), fix="give a CSV, JSON lines or Parquet file")
    try:
        return pads.dataset(path, format=kind)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"the file cannot be read as {kind}", where=str(path), fix="check the file") from error
