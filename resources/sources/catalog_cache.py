"""What introspection found, kept on disk: one JSON file a connection, used while its fingerprint holds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from agents.core.catalog import Connection, SourceTable, snake
from agents.core.digest import digest
from agents.core.errors import PlatformError
from resources.sources.connections import ConnectionConfig
from resources.sources.engine import Engine

_FORMAT = 1


def fingerprint(config: ConnectionConfig, engine: Engine) -> str:
    """Of the entry as written (its secrets are names there) and, for local files, of their sizes and times."""
    try:
        version = engine.version()
    except PlatformError:
        version = "unknown"
    return digest(
        [_FORMAT, config.name, config.kind, config.engine, config.url, [*config.schemas], [*config.tables], version]
    )


class CatalogCache:
    """Introspected connections under `folder`, or in memory alone when there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, tuple[str, dict[str, SourceTable]]] = {}

    def get(self, config: ConnectionConfig, mark: str | None) -> dict[str, SourceTable] | None:
        """The tables kept under this fingerprint; with None the last ones known, however old."""
        if config.name not in self._memory and (loaded := self._load(config)):
            self._memory[config.name] = loaded
        kept = self._memory.get(config.name)
        return kept[1] if kept and mark in (None, kept[0]) else None

    def put(self, config: ConnectionConfig, mark: str, tables: dict[str, SourceTable]) -> None:
        """Keep the tables; the file is replaced at once, so a reader sees the old or the new one."""
        import orjson

        self._memory[config.name] = (mark, tables)
        if self._folder is None:
            return
        body = {
            "fingerprint": mark,
            "tables": [[t.name, list(t.columns.items()), list(t.key), t.rows, t.description] for t in tables.values()],
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(body))
            Path(name).replace(self._path(self._folder, config))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _load(self, config: ConnectionConfig) -> tuple[str, dict[str, SourceTable]] | None:
        import orjson

        if self._folder is None:
            return None
        try:
            body = orjson.loads(self._path(self._folder, config).read_bytes())
            tables = [SourceTable(n, dict(columns), tuple(key), rows, d) for n, columns, key, rows, d in body["tables"]]
            return str(body["fingerprint"]), {table.name: table for table in tables}
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None

    @staticmethod
    def _path(folder: Path, config: ConnectionConfig) -> Path:
        return folder / f"{snake(config.name)[:80]}-{digest(config.name)[7:15]}.json"


def connection_of(config: ConnectionConfig, tables: dict[str, SourceTable]) -> Connection:
    """The catalog's form of a connection."""
    return Connection(config.name, config.kind, config.description, tables)
