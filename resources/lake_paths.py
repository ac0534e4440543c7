"""Where tables lie: from `TableId` to storage path and back, on disk or in an object store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from agents.core.errors import ConfigError, LakeError
from resources.lake_files import storage

if TYPE_CHECKING:
    import pyarrow.fs as pafs


class Paths:
    """The roots of a lake: environment to directory or URI."""

    def __init__(self, roots: dict[str, str], options: dict[str, str] | None) -> None:
        self.roots = {name: _plain(root) for name, root in roots.items()}
        self.options = options

    def root(self, environment: str) -> str:
        """The root of an environment, without a trailing slash."""
        if environment not in self.roots:
            raise ConfigError(
                f"the lake has no root for environment {environment!r}",
                where="settings",
                fix=f"give it a root; there are {', '.join(sorted(self.roots)) or 'none'}",
            )
        return self.roots[environment]

    def uri(self, table: TableId) -> str:
        """The table's directory or URI; LakeError for a name that would lead elsewhere."""
        for part in table[1:]:
            if part in {"", ".", ".."} or "/" in part or "\\" in part or "\0" in part:
                raise LakeError("not a table name", where=repr(str(table)), fix="use letters, digits and underscores")
        return "/".join((self.root(table.environment), *table[1:]))

    def files(self, table: TableId, *, create: bool = False) -> pafs.FileSystem:
        """A file system rooted at the table."""
        import pyarrow.fs as pafs

        uri = self.uri(table)
        if not is_local(uri):
            from deltalake.fs import DeltaStorageHandler

            return pafs.PyFileSystem(DeltaStorageHandler(uri, self.options))
        if create:
            with storage(str(table)):
                Path(uri).mkdir(parents=True, exist_ok=True)
        return pafs.SubTreeFileSystem(uri, pafs.LocalFileSystem())

    def has_log(self, table: TableId) -> bool:
        """Whether a table may be there: on disk its log exists; elsewhere only opening it tells."""
        uri = self.uri(table)
        if not is_local(uri):
            return True
        with storage(str(table)):
            log = Path(uri, "_delta_log")
            return log.is_dir() and any(entry.suffix in {".json", ".parquet"} for entry in log.iterdir())

    def folders(self, environment: str, layer: str) -> list[str]:
        """Names of the folders in a layer."""
        import pyarrow.fs as pafs

        base = f"{self.root(environment)}/{layer}"
        if is_local(base):
            path = Path(base)
            return [entry.name for entry in path.iterdir() if entry.is_dir()] if path.is_dir() else []
        from deltalake.fs import DeltaStorageHandler

        store = pafs.PyFileSystem(DeltaStorageHandler(base, self.options))
        entries = store.get_file_info(pafs.FileSelector("", allow_not_found=True))
        return [entry.base_name for entry in entries if entry.type == pafs.FileType.Directory]

    def canonical(self, table: TableId) -> list[TableId]:
        """The table under every environment whose root really holds its path, links resolved."""
        place = _real(self.uri(table))
        found = [table]
        for name, root in self.roots.items():
            inside = place.removeprefix(_real(root) + "/")
            parts = inside.split("/")
            if inside != place and len(parts) == 2 and name != table.environment:
                found.append(TableId(name, *parts))
        return found


def is_local(uri: str) -> bool:
    """Whether a root is a path on this machine."""
    return "://" not in uri


def _plain(root: str) -> str:
    if root.startswith("file://"):
        root = root.removeprefix("file://")
    return str(Path(root).absolute()) if is_local(root) else root.rstrip("/")


def _real(uri: str) -> str:
    return os.path.realpath(uri) if is_local(uri) else uri.lower()
