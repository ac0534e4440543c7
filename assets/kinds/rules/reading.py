"""A table's data as DuckDB reads it: local Parquet files natively, everything else as Arrow.

Natively a pass is three times as fast in a third of the memory, and texts that repeat are judged once a row group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from assets.kinds.rules.columns import quote, text_literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as pads

Dataset: TypeAlias = "pa.Table | pads.Dataset"
Tables: TypeAlias = Callable[[str], Dataset]

_PATTERN = frozenset("*?[{")


def local_files(dataset: Dataset) -> tuple[str, ...]:
    """The absolute paths of the Parquet files a dataset is made of; none where they are not files on this disk."""
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs

    if not isinstance(dataset, pads.FileSystemDataset) or not isinstance(dataset.format, pads.ParquetFileFormat):
        return ()
    files = dataset.filesystem
    if isinstance(files, pafs.SubTreeFileSystem) and isinstance(files.base_fs, pafs.LocalFileSystem):
        paths = [f"{files.base_path.rstrip('/')}/{unquote(path)}" for path in dataset.files]
    elif isinstance(files, pafs.LocalFileSystem):
        paths = list(dataset.files)
    else:
        return ()
    return () if any(_PATTERN & set(path) for path in paths) else tuple(paths)


def rows_of(dataset: Dataset) -> int:
    """How many rows there are; of files from their footers."""
    import pyarrow as pa

    return dataset.num_rows if isinstance(dataset, pa.Table) else dataset.count_rows()


def offer(con: duckdb.DuckDBPyConnection, name: str, dataset: Dataset, files: tuple[str, ...]) -> None:
    """Make the dataset readable under a name, any number of times; natively where the files hold just its columns."""
    import duckdb

    con.register(f"{name}arrow", dataset)
    wanted = _columns(con, f"{name}arrow")
    if files:
        listed = ", ".join(text_literal(path) for path in files)
        source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        try:
            if sorted(_columns(con, source)) == sorted(wanted):
                columns = ", ".join(quote(column) for column, _ in wanted)
                con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM {source}")
                return
        except duckdb.Error:
            pass  # what DuckDB cannot read natively, Arrow may
    con.register(name, dataset)


def _columns(con: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
