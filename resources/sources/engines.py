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
        case other:
            raise ConfigError(f"no engine reads kind {other!r}", where=config.where)
