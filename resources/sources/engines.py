"""Which engine reads which kind; each is imported when it is first needed."""

from __future__ import annotations

from agents.core.errors import ConfigError
from resources.sources.connections import ConnectionConfig, Secrets
from resources.sources.engine import Engine


def engine_for(config: ConnectionConfig, secrets: Secrets) -> Engine:
    """The engine of a connection, not yet opened."""
    match config.engine:
        case "sqlite":
            from resources.sources.read_sqlite import SQLiteEngine

            return SQLiteEngine(config, secrets)
        case "postgresql":
            from resources.sources.read_postgresql import PostgreSQLEngine

            return PostgreSQLEngine(config, secrets)
        case "mysql":
            from resources.sources.read_mysql import MySQLEngine

            return MySQLEngine(config, secrets)
        case "sqlserver":
            from resources.sources.read_sqlserver import SQLServerEngine

            return SQLServerEngine(config, secrets)
        case "duckdb":
            from resources.sources.read_duckdb import DuckDBEngine

            return DuckDBEngine(config, secrets)
        case "files":
            from resources.sources.read_files import FilesEngine

            return FilesEngine(config, secrets)
        case other:
            raise ConfigError(f"no engine reads kind {other!r}", where=config.where)
