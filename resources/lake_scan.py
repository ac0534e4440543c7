"""A table's files as an Arrow dataset, each with what the log guarantees of its rows.

delta-rs makes such a dataset too, but takes a column without bounds in the log (long texts, foreign writers) for one
that no value fits: a filter on it would find nothing. Here such a column promises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from agents.core.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs
    from deltalake import DeltaTable

_UNREADABLE = ("columnMapping", "deletionVectors")


def parquet(files: pafs.FileSystem) -> pads.ParquetFileFormat:
    """How files are read: ahead in large pieces where each request takes its time, else as needed, in less memory."""
    import pyarrow.dataset as pads
    import pyarrow.fs as pafs

    remote = isinstance(files, pafs.PyFileSystem)
    return pads.ParquetFileFormat(default_fragment_scan_options=pads.ParquetFragmentScanOptions(pre_buffer=remote))


def files_of(delta: DeltaTable, files: pafs.FileSystem, schema: pa.Schema, where: str) -> pads.Dataset:
    """The dataset of a table's version; LakeError for Delta features that Arrow cannot read."""
    import pyarrow as pa
    import pyarrow.dataset as pads

    if features := set(delta.protocol().reader_features or ()) & set(_UNREADABLE):
        raise LakeError(
            f"the table uses {', '.join(sorted(features))}", where=where, fix="rewrite it without that feature"
        )
    form = parquet(files)
    names = tuple(delta.metadata().partition_columns)
    fragments = [
        form.make_fragment(
            unquote(action["path"]), filesystem=files, partition_expression=_guarantee(action, names, schema)
        )
        for action in pa.table(delta.get_add_actions()).to_pylist()
    ]
    return pads.FileSystemDataset(fragments, schema, form, files)


def _guarantee(action: Mapping[str, Any], partition_by: tuple[str, ...], schema: pa.Schema) -> pads.Expression | None:
    """What is true of every row of a file."""
    known: list[Any] = []
    for name in partition_by:
        known.append(equal(name, (action.get("partition") or {}).get(name), schema))
    least, greatest, nulls = (action.get(part) or {} for part in ("min", "max", "null_count"))
    for name, low in least.items():
        bounded = name in schema.names and name not in partition_by and _orderly(schema.field(name).type)
        if bounded and low is not None and greatest.get(name) is not None:
            known.append(_between(name, low, greatest[name], schema, nullable=nulls.get(name) != 0))
    guarantee: Any = None
    for one in known:
        guarantee = one if guarantee is None else guarantee & one
    return guarantee


def equal(name: str, value: object, schema: pa.Schema) -> Any:
    """Rows whose partition column has this value, given as itself or as the log's text."""
    import pyarrow as pa
    import pyarrow.dataset as pads

    kind = schema.field(name).type
    if value is None:
        return pads.field(name).is_null()
    return pads.field(name) == (pa.scalar(value).cast(kind) if isinstance(value, str) else pa.scalar(value, kind))


def _between(name: str, low: Any, high: Any, schema: pa.Schema, *, nullable: bool) -> Any:
    import pyarrow as pa
    import pyarrow.dataset as pads

    kind = schema.field(name).type
    if isinstance(high, datetime):  # writers cut bounds to milliseconds
        if high > datetime(9999, 1, 1, tzinfo=high.tzinfo):
            return pads.scalar(True)
        high += timedelta(milliseconds=1)
    column = pads.field(name)
    inside = (column >= pa.scalar(low, kind)) & (column <= pa.scalar(high, kind))
    return inside | column.is_null() if nullable else inside


def _orderly(kind: pa.DataType) -> bool:
    """Types whose bounds are told exactly enough, and compared alike, by all writers."""
    import pyarrow.types as pat

    return pat.is_integer(kind) or pat.is_date32(kind) or pat.is_timestamp(kind) or pat.is_string(kind)
