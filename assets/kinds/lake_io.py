"""IO manager over the lake for assets people write in Python: key `[environment, layer, table]` is the Delta table."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from agents.core.catalog import TableId
from agents.core.errors import ConfigError
from assets.kinds import keys


class LakeIOManager(dg.IOManager):
    """Writes what an asset returns, as its table's new version; reads it back as the type the reader asks for."""

    def __init__(self, lake: Any) -> None:
        self._lake = lake

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Overwrite the table. Takes Arrow tables, batches and readers, polars and pandas frames, DuckDB relations."""
        if obj is None:
            return
        table = _table(context.asset_key)
        written = self._lake.overwrite(table, to_reader(obj, str(table)))
        context.add_output_metadata(self._metadata(table, written))

    def load_input(self, context: dg.InputContext) -> object:
        """The table as Arrow, or as the input's annotation says: polars, pandas, a reader or a DuckDB relation."""
        wanted = context.dagster_type.typing_type
        dataset = self._lake.dataset(_table(context.asset_key))
        return _reader_of(wanted)(dataset)

    def _metadata(self, table: TableId, written: object) -> dict[str, Any]:
        from assets.kinds.metadata import table_metadata

        return table_metadata(self._lake, table)


@dg.io_manager(required_resource_keys={"platform"})
def lake_io(context: dg.InitResourceContext) -> LakeIOManager:
    """The lake of this deployment."""
    return LakeIOManager(context.resources.platform.lake)


def _table(key: dg.AssetKey) -> TableId:
    table = keys.table_id(key)
    if table is None:
        raise ConfigError(
            f"{key.to_user_string()} is not a lake table",
            where="lake_io",
            fix="give the asset a key [environment, layer, table], e.g. key=['dev', 'gold', 'revenue']",
        )
    return table


def to_reader(obj: object, where: str) -> Any:
    """What a person's asset returned, as a stream of Arrow batches; nothing is copied where Arrow allows."""
    import pyarrow as pa

    if isinstance(obj, pa.RecordBatchReader):
        return obj
    if isinstance(obj, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(obj.schema, [obj])
    if isinstance(obj, pa.Table):
        return obj.to_reader()
    kind = f"{type(obj).__module__.split('.')[0]}.{type(obj).__name__}"
    value: Any = obj
    if kind == "polars.LazyFrame":
        value = value.collect(engine="streaming")
    if kind == "pandas.DataFrame":
        return pa.Table.from_pandas(value, preserve_index=False).to_reader()
    if hasattr(value, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(value)
    raise ConfigError(
        f"cannot write a {kind}", where=where, fix="return an Arrow table or reader, or a polars or pandas frame"
    )


def _reader_of(wanted: object) -> Callable[[Any], object]:
    """How to give a dataset as the type `wanted`."""
    name = f"{getattr(wanted, '__module__', '').split('.')[0]}.{getattr(wanted, '__name__', '')}"
    return _READERS.get(name, _arrow)


def _arrow(dataset: Any) -> object:
    return dataset.to_table()


def _polars(dataset: Any) -> object:
    import polars as pl

    return pl.from_arrow(dataset.to_table())


def _lazy(dataset: Any) -> object:
    import polars as pl

    return pl.scan_pyarrow_dataset(dataset)


def _duckdb(dataset: Any) -> object:
    import duckdb

    return duckdb.from_arrow(dataset)


_READERS: dict[str, Callable[[Any], object]] = {
    "polars.DataFrame": _polars,
    "polars.LazyFrame": _lazy,
    "pandas.DataFrame": lambda dataset: dataset.to_table().to_pandas(),
    "pyarrow.RecordBatchReader": lambda dataset: dataset.scanner().to_reader(),
    "duckdb.DuckDBPyRelation": _duckdb,
    "_duckdb.DuckDBPyRelation": _duckdb,
}
