"""Folders of CSV, TSV, JSON and Parquet, local or through fsspec: a table is a file, or a folder of parts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agents.core.errors import AccessRefused, ConfigError, SourceError, UnknownSource, Unreachable
from resources.sources.engine import Engine, ReadRequest
from resources.sources.introspect import Column, TableInfo
from resources.sources.stream import BatchStream, sliced
from resources.sources.watermark import from_text

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.sources.file_format import Part

_ENDINGS = {
    "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "json", "ndjson": "json", "parquet": "parquet",
}  # fmt: skip
_EXTRAS = {"abfss": "azure", "abfs": "azure", "az": "azure"}


@dataclass(frozen=True, slots=True)
class FileTable:
    """A table's files, all of one format, in the order they are read."""

    name: str
    format: str
    paths: tuple[str, ...]
    size: int


class FilesEngine(Engine):
    """A folder."""

    def version(self) -> str:
        """Names, sizes and times of all files; empty for a remote folder, where listing takes too long to do often."""
        from agents.core.digest import digest

        filesystem, root = self._root()
        if "file" not in filesystem.protocol:
            return ""
        found = filesystem.find(root, detail=True)
        return digest(
            [[name, info["size"], str(info.get("mtime") or info.get("etag"))] for name, info in found.items()]
        )

    def check(self) -> None:
        """The folder is there and can be listed."""
        self._files()

    def tables(self, only: str | None = None) -> list[TableInfo]:
        """One table for each file in the folder, and one for each folder of files in it; types from their beginning."""
        return [self._describe(one) for one in self._files() if only in (None, one.name)]

    def read(self, request: ReadRequest) -> BatchStream:
        """The rows of all parts, null where a part lacks a column. Text is read twice: first for its types."""
        where = f"{self.where}, table {request.table.name}"
        table = next((one for one in self._files() if one.name == request.table.name), None)
        if table is None:
            raise UnknownSource("the file is gone", where=where, fix="refresh the catalog: adp catalog --refresh")
        parts = [self._part(table, path, where) for path in table.paths]
        schema = _merged([part.schema(whole=True) for part in parts], where)
        warnings = [warning for part in parts for warning in part.warnings]
        names = set(schema.names)
        if request.watermark is not None and request.watermark not in names:
            raise SourceError(f"no column {request.watermark!r}", where=where)
        batches = (batch for part in parts for batch in part.batches(schema, request.batch_rows))
        return BatchStream(schema, _at_or_after(sliced(batches, request.batch_rows), request), warnings=warnings)

    def _describe(self, table: FileTable) -> TableInfo:
        from resources.sources.file_format import type_name

        where = f"{self.where}, table {table.name}"
        part = self._part(table, table.paths[0], where)
        try:
            schema = part.schema(whole=False)
        except SourceError:
            return TableInfo(table.name, (table.name,), (), (), None, "cannot be read: see `adp doctor`")
        columns = tuple(Column(field.name, type_name(field.type)) for field in schema)
        rows = part.estimate() if len(table.paths) == 1 else None
        return TableInfo(table.name, (table.name,), columns, (), rows)

    def _part(self, table: FileTable, path: str, where: str) -> Part:
        filesystem, _ = self._root()
        if table.format == "parquet":
            from resources.sources.parquet_files import ParquetPart

            return ParquetPart(filesystem, path, where)
        if table.format == "json":
            from resources.sources.json_files import JsonPart

            return JsonPart(filesystem, path, where)
        from resources.sources.csv_files import CsvPart

        return CsvPart(filesystem, path, where)

    def _root(self) -> tuple[Any, str]:
        """The file system and the folder in it."""
        import fsspec

        url = self.config.resolve(self.secrets)
        scheme = urlsplit(url).scheme
        if scheme in ("", "file") or len(scheme) == 1:
            return fsspec.filesystem("file"), str(self.config.path(self.secrets).resolve())
        try:
            filesystem, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError):
            extra = _EXTRAS.get(scheme)
            fix = f"pip install 'agentic-data-platform[{extra}]'" if extra else "use a local folder or abfss://"
            raise ConfigError(f"nothing installed reads {scheme}://", where=self.config.where, fix=fix) from None
        return filesystem, root

    def _files(self) -> list[FileTable]:
        filesystem, root = self._root()
        try:
            entries = sorted(filesystem.ls(root, detail=True), key=lambda entry: str(entry["name"]))
        except (FileNotFoundError, NotADirectoryError):
            raise Unreachable(f"no folder {root}", where=self.where, fix="check the path in connections.yaml") from None
        except PermissionError:
            raise AccessRefused(f"{root} may not be listed", where=self.where, fix="let this user read it") from None
        except OSError as error:
            raise Unreachable(f"{root} does not answer ({type(error).__name__})", where=self.where) from None
        tables = [self._table(filesystem, entry) for entry in entries]
        return [table for table in tables if table is not None]

    def _table(self, filesystem: Any, entry: dict[str, Any]) -> FileTable | None:
        path = str(entry["name"])
        name = posixpath.basename(path.rstrip("/"))
        if name.startswith((".", "_")):
            return None
        if entry["type"] != "directory":
            kind = _format(name)
            return FileTable(name, kind, (path,), int(entry["size"] or 0)) if kind else None
        found = sorted((p, i) for p, i in filesystem.find(path, detail=True).items() if _visible(p[len(path) :]))
        kinds = {kind for part, _ in found if (kind := _format(part))}
        if len(kinds) != 1:
            return None
        parts = [(part, info) for part, info in found if _format(part)]
        return FileTable(name, kinds.pop(), tuple(p for p, _ in parts), sum(int(i["size"] or 0) for _, i in parts))


def _visible(path: str) -> bool:
    return not any(piece.startswith((".", "_")) for piece in path.split("/") if piece)


def _format(name: str) -> str | None:
    pieces = posixpath.basename(name).lower().split(".")
    if len(pieces) > 2 and pieces[-1] == "gz":
        pieces.pop()
    found = _ENDINGS.get(pieces[-1]) if len(pieces) > 1 else None
    return None if found == "parquet" and name.lower().endswith(".gz") else found


def _merged(schemas: list[pa.Schema], where: str) -> pa.Schema:
    """One schema for all parts: columns of any, types widened, text where they cannot be."""
    import pyarrow as pa

    from resources.sources.file_format import wider

    fields: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            fields[field.name] = wider(fields[field.name], field.type) if field.name in fields else field.type
    if not fields:
        raise SourceError("the file has no columns", where=where, fix="give it a header row, or take it away")
    return pa.schema(list(fields.items()))


def _at_or_after(batches: Iterator[pa.RecordBatch], request: ReadRequest) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.compute as pc

    for batch in batches:
        if request.watermark is None or request.since is None:
            yield batch
            continue
        column = batch.column(request.watermark)
        since = pa.scalar(from_text(request.since, column.type), column.type)
        kept = batch.filter(pc.call_function("greater_equal", [column, since]))
        if kept.num_rows:
            yield kept
