"""The source systems of a deployment: what they hold, and their rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.catalog import Catalog, Connection, SourceTable
from agents.core.errors import PlatformError, SourceError, UnknownSource
from resources.sources.catalog_cache import CatalogCache, connection_of, fingerprint
from resources.sources.connections import ConnectionConfig, Secrets, load_connections
from resources.sources.engine import Engine, ReadRequest, find_table
from resources.sources.introspect import TableInfo, included, nearest, refuse_secret_names

if TYPE_CHECKING:
    from resources.sources.stream import BatchStream


class Sources:
    """Every connection of a connections file. Nothing is opened or read before a method needs it.

    `secrets` gives the value behind `${secret:NAME}` and `${env:NAME}`, or None; what was introspected is kept under
    `cache_dir`.
    """

    def __init__(self, connections_file: Path, secrets: Secrets, cache_dir: Path | None = None) -> None:
        self._file = connections_file
        self._secrets = secrets
        self._cache = CatalogCache(cache_dir)
        self._configs: dict[str, ConnectionConfig] | None = None
        self._problems: dict[str, str] = {}

    def names(self) -> list[str]:
        """The connections, in the file's order; ConfigError if the file is wrong."""
        return list(self._loaded())

    def catalog(self, refresh: bool = False) -> Catalog:
        """Every connection with its tables; `refresh` asks each source anew.

        A source that cannot be asked keeps its last known tables, or has none, and is named in `problems`.
        """
        found: dict[str, Connection] = {}
        self._problems = {}
        for name, config in self._loaded().items():
            found[name] = connection_of(config, self._tables(config, refresh))
        return Catalog(found)

    def problems(self) -> dict[str, str]:
        """What the last `catalog` could not ask, by connection, with the reason."""
        return dict(self._problems)

    def table(self, connection: str, table: str) -> SourceTable:
        """The table as the source describes it now; UnknownSource names the nearest tables, or connections."""
        return self._live(connection, table)[1].to_catalog()

    def read(
        self,
        connection: str,
        table: str,
        *,
        watermark: str | None = None,
        since: str | None = None,
        batch_rows: int = 65_536,
    ) -> BatchStream:
        """The rows as Arrow batches in one transaction: all, or those whose `watermark` is at or after `since`.

        Rows without a watermark come only when `since` is None. `since` is written as `to_text` writes it.
        """
        if since is not None and watermark is None:
            raise SourceError("since needs a watermark column", where=f"connection {connection}, table {table}")
        engine, info = self._live(connection, table)
        where = f"connection {connection}, table {table}"
        refuse_secret_names((column.name for column in info.columns), where)
        if watermark is not None:
            info.column(watermark)
        if not info.columns and engine.config.engine != "files":  # a broken file says itself what is wrong
            raise SourceError("the table has no columns", where=f"connection {connection}, table {table}")
        stream = engine.read(ReadRequest(info, watermark, since, max(1, batch_rows)))
        refuse_secret_names(stream.schema.names, where)
        return stream

    def check(self, connection: str) -> None:
        """Return if the source answers and lets us in; else Unreachable, AccessRefused or UnknownSource, with a fix."""
        self._engine(self._config(connection)).check()

    def _loaded(self) -> dict[str, ConnectionConfig]:
        if self._configs is None:
            self._configs = load_connections(self._file)
        return self._configs

    def _config(self, name: str) -> ConnectionConfig:
        configs = self._loaded()
        if name in configs:
            return configs[name]
        near = nearest(name, configs)
        fix = f"nearest: {', '.join(near)}" if near else f"add it to {self._file}"
        raise UnknownSource(f"no connection {name!r}", where=str(self._file), fix=fix, connection=name, candidates=near)

    def _engine(self, config: ConnectionConfig) -> Engine:
        from resources.sources.engines import engine_for

        return engine_for(config, self._secrets)

    def _live(self, connection: str, table: str) -> tuple[Engine, TableInfo]:
        config = self._config(connection)
        engine = self._engine(config)
        for info in included(config, engine.tables(only=table)):
            if info.name == table:
                return engine, info
        return engine, find_table(table, included(config, engine.tables()), engine.where)

    def _tables(self, config: ConnectionConfig, refresh: bool) -> dict[str, SourceTable]:
        try:
            engine = self._engine(config)
            mark = fingerprint(config, engine)
            kept = None if refresh else self._cache.get(config, mark)
            if kept is not None:
                return kept
            tables = {info.name: info.to_catalog() for info in included(config, engine.tables())}
        except PlatformError as error:
            self._problems[config.name] = str(error)
            return self._cache.get(config, None) or {}
        self._cache.put(config, mark, tables)
        return tables
