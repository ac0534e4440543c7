"""What a command looks at: a file or a table of the lake, as Arrow data."""

from __future__ import annotations

from pathlib import Path

from agents.core.catalog import TableId
from agents.core.errors import SourceError, TableNotFound
from platform_defs.table_files import FORMATS, Opened, open_file


def open_target(target: str, environment: str, cwd: Path) -> Opened:
    """A file (CSV, JSON, Parquet) or `layer/table` in an environment's lake.

    Of a quarantine or log the rows in it, as columns of text.
    """
    path = cwd / target
    if path.is_file():
        return open_file(path)
    if path.is_dir():
        raise SourceError("it is a folder", where=str(path), fix="name a file in it, or layer/table")
    if path.suffix.lower() in FORMATS:
        raise SourceError("there is no such file", where=str(path), fix="check the path")
    return _table(target, environment)


def _table(asset: str, environment: str) -> Opened:
    from assets.kinds.sides import looked_into
    from platform_defs.here import deployed

    layer, slash, name = asset.partition("/")
    lake, table = deployed().lake, TableId(environment, layer, name)
    if not slash or not lake.exists(table):
        raise TableNotFound(
            f"{asset} is neither a file nor a table of the {environment} lake", fix="see the tables with adp catalog"
        )
    return Opened(looked_into(lake, table))
