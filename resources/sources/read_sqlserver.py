"""SQL Server through ConnectorX (TDS in Rust), streamed; what its driver might round comes as text and is parsed here.

datetime2 has a digit more than Arrow's microseconds: it is cut, never rounded, so that a row is never younger here
than at the source and an inclusive watermark misses none. One SELECT is one statement; it sees one state of the table
where the database has READ_COMMITTED_SNAPSHOT on.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, urlencode

from agents.core.errors import AccessRefused, SourceError, UnknownSource, Unreachable
from resources.sources import tsql
from resources.sources.conform import Conformer
from resources.sources.engine import Engine, ReadRequest
from resources.sources.introspect import Column, TableInfo, tables_from_rows
from resources.sources.stream import BatchStream, sliced

if TYPE_CHECKING:
    import pyarrow as pa

_TIMEOUT = 5


class SQLServerEngine(Engine):
    """A SQL Server or Azure SQL database."""

    def check(self) -> None:
        """Reach the port, then ask for one row."""
        self._knock()
        self._ask("SELECT 1 AS one")

    def tables(self, only: str | None = None) -> list[TableInfo]:
        """Tables and views that are no part of the server."""
        self._knock()
        rows = self._ask(tsql.tables(only))
        columns: dict[tuple[str, ...], list[Column]] = {}
        for row in self._ask(tsql.columns(only)):
            columns.setdefault((row["schema"], row["name"]), []).append(tsql.column(row))
        return tables_from_rows(rows, _first_keys(self._ask(tsql.keys(only))), columns)

    def read(self, request: ReadRequest) -> BatchStream:
        """The rows."""
        items = [tsql.item(column) for column in request.table.columns]
        conformer = Conformer(items, f"{self.where}, table {request.table.name}")
        sql = tsql.select(request, items)
        reader = self._guard(lambda: self._open(sql, request.batch_rows), request.table.name)
        batches = sliced(conformer.all(self._batches(reader, request.table.name)), request.batch_rows)
        return BatchStream(conformer.schema, batches, close=reader.close, warnings=conformer.warnings)

    def url(self) -> str:
        """The address as ConnectorX reads it; encrypted unless the connection's URL says otherwise."""
        at = self.config.located(self.secrets)
        options = {"encrypt": "true"} | {key.lower(): value for key, value in at.options.items() if key != "driver"}
        user = f"{quote(at.user, safe='')}:{quote(at.password, safe='')}@" if at.user else ""
        if not at.user:
            options["trusted_connection"] = "true"
        database = quote(at.database or "master", safe="")
        return f"mssql://{user}{at.host}:{at.port}/{database}?{urlencode(options, quote_via=quote)}"

    def _batches(self, reader: pa.RecordBatchReader, table: str) -> Iterator[pa.RecordBatch]:
        while True:
            batch = self._guard(lambda: next(reader, None), table)
            if batch is None:
                return
            yield batch

    def _ask(self, sql: str) -> list[dict[str, Any]]:
        return self._guard(lambda: self._open(sql, 10_000).read_all().to_pylist(), "")

    def _open(self, sql: str, batch_rows: int) -> Any:
        import connectorx

        return connectorx.read_sql(self.url(), sql, return_type="arrow_stream", batch_size=batch_rows)

    def _knock(self) -> None:
        """Reach the port first: the driver's pool tries for 30 s."""
        at = self.config.located(self.secrets)
        try:
            socket.create_connection((at.host, at.port), _TIMEOUT).close()
        except OSError:
            raise self._unreachable(self.where) from None

    def _guard(self, action: Callable[[], Any], table: str) -> Any:
        """The action's result; the driver's errors and panics (which are no Exceptions) as ours, without their text."""
        try:
            return action()
        except (RuntimeError, OSError, ValueError) as error:
            self._fail(str(error), table)
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            self._fail("", table)

    def _fail(self, text: str, table: str) -> NoReturn:
        raise self.failure(text, table) from None

    def failure(self, text: str, table: str) -> SourceError:
        """The driver's error as ours, told apart by the server's error number."""
        where = f"{self.where}, table {table}" if table else self.where
        match = re.search(r"\bcode: (\d+)", text)
        code = int(match[1]) if match else 0
        if code in (18456, 18452, 18470, 18486, 18487, 18488) or "Login failed" in text:
            what = "the server refuses the user or its password"
            return AccessRefused(what, where=where, fix="check user and password in the secret")
        if code in (229, 230, 262, 300, 916):
            return AccessRefused("no right to read it", where=where, fix="grant SELECT to the connection's user")
        if code in (911, 4060):
            return UnknownSource("no such database for this user", where=where, fix="correct the database in the URL")
        if code in (207, 208):
            gone = "the table or a column is gone"
            return UnknownSource(gone, where=where, fix="refresh the catalog: adp catalog --refresh")
        if re.search(r"Timed out|timed out|refused|reset|Io\b|IO error", text):
            return self._unreachable(where)
        return SourceError(f"the read failed (SQL Server error {code or 'unknown'})", where=where, fix="see its log")

    def _unreachable(self, where: str) -> Unreachable:
        at = self.config.located(self.secrets)
        fix = "check host, port, firewall and that the server runs"
        return Unreachable(f"{at.host}:{at.port} does not answer", where=where, fix=fix)


def _first_keys(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], list[str]]:
    """The columns of each table's first index: the primary key, else the narrowest unique one."""
    first: dict[tuple[str, ...], int] = {}
    keys: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        table = (row["schema"], row["name"])
        if first.setdefault(table, row["id"]) == row["id"]:
            keys.setdefault(table, []).append(row["column"])
    return keys
