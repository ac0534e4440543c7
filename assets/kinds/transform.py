"""A SQL table: DuckDB over the lake's tables, its result streamed into the table's new version."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from agents.core.errors import PlatformError, SpecError, TableNotFound

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from resources.lake import Lake

MEMORY = "1GB"
BATCH_ROWS = 65_536


@contextmanager
def query(lake: Lake, sql: str, reads: Iterable[TableId], where: str) -> Generator[pa.RecordBatchReader]:
    """The rows of `sql` in batches. `layer.table` is the table of the same environment; nothing else can be reached.

    Raises TableNotFound for a table that was never materialized, SpecError for SQL that DuckDB refuses.
    """
    import duckdb

    from assets.kinds.rules.session import session

    with session(MEMORY) as con:
        for read in reads:
            _expose(con, lake, read, where)
        try:
            yield con.sql(sql).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise _refused(error, where) from error


def _expose(con: duckdb.DuckDBPyConnection, lake: Lake, table: TableId, where: str) -> None:
    from assets.kinds.sides import harmless

    if not lake.exists(table):
        raise TableNotFound(f"{table} has no data yet", where=where, fix="materialize it first")
    name = f"{table.layer}__{table.name}"
    con.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.layer}"')
    con.register(name, harmless(table, lake.dataset(table)))
    con.execute(f'CREATE VIEW "{table.layer}"."{table.name}" AS FROM "{name}"')


def _refused(error: duckdb.Error, where: str) -> PlatformError:
    """Only the first line and the kind: the rest may quote values."""
    import duckdb

    kind = type(error).__name__.removesuffix("Exception")
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        first = str(error).split("\n")[0]
        return SpecError(f"the SQL does not fit its tables: {first}", where=where, fix="mend the SQL in defs.yaml")
    if isinstance(error, duckdb.OutOfMemoryException):
        return SpecError(f"the SQL needs more than {MEMORY}", where=where, fix="aggregate earlier, or split the SQL")
    return SpecError(f"the SQL failed on the data: {kind}", where=where, fix="cast with TRY_CAST, or filter the rows")
