"""Files that commands look at, as Arrow data: CSV, TSV, JSON and Parquet, with how each was read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from agents.core.errors import SourceError
from resources.sources.json_files import JsonPart
from resources.table_text import TableText, header, look

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet",
    ".json": "json", ".jsonl": "json", ".ndjson": "json",
}  # fmt: skip
# A row is never longer than a block; what fits into one has its types from all of its rows.
_BLOCK, _LARGEST_BLOCK = 16 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Opened:
    """Arrow data (a table or a dataset); of a file also how it was read, for programs and in words for people."""

    data: Any
    file: Mapping[str, Any] = field(default_factory=dict[str, Any])
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """`{"file": {...}}` where there is something to say of how a file was read."""
        return {"file": {**self.file, "notes": list(self.notes)}} if self.notes else {}


def open_file(path: Path) -> Opened:
    """A file by its ending. Raises SourceError saying what is wrong, in which line, and what to do."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        endings = ", ".join(FORMATS)
        raise SourceError("unknown kind of file", where=str(path), fix=f"give a CSV, JSON or Parquet file: {endings}")
    return {"csv": _csv, "json": _json, "parquet": _parquet}[kind](path)


def is_text_table(path: Path) -> bool:
    """Whether a file is read as CSV: whatever does not say that it is something else."""
    return FORMATS.get(path.suffix.lower(), "csv") == "csv"


def _csv(path: Path) -> Opened:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    text = look(path)
    records = text.records()
    line, first = next(records)
    names, told = header(first)
    longest = max((sum(map(len, row)) for _, row in records), default=0)
    block = min(max(_BLOCK, longest * 8), _LARGEST_BLOCK)
    read = pacsv.ReadOptions(block_size=block)
    as_it_is = text.plain and line == 1 and names == first
    if not as_it_is:
        read.column_names, read.skip_rows, read.skip_rows_after_names = names, line - 1, 1
    parse = pacsv.ParseOptions(delimiter=text.delimiter, newlines_in_values=True)
    try:
        # A dataset counts a header that is passed over as a row: only the file's own is right there.
        data = _dataset(path, read, parse) if as_it_is else _recoded(text, read, parse)
    except pa.ArrowInvalid as error:  # what Arrow says repeats the row
        fix = "save it as CSV again"
        raise SourceError(f"the rows cannot be read ({type(error).__name__})", where=str(path), fix=fix) from None
    return Opened(data, {"format": "csv", **text.to_json()}, [f"{path.name}: {one}" for one in [*text.notes(), *told]])


def _dataset(path: Path, read: Any, parse: Any) -> Any:
    """The file, read again for each use; a type holds for every row, not only for those of the first block."""
    import pyarrow as pa
    import pyarrow.csv as pacsv
    import pyarrow.dataset as pads

    types: dict[str, pa.DataType] = {}
    while True:
        convert = pacsv.ConvertOptions(column_types=types)
        reader = pacsv.open_csv(path, read, parse, convert)
        try:
            if path.stat().st_size > read.block_size:
                for _ in reader:
                    pass
            break
        except pa.ArrowInvalid as error:
            column = reader.schema.names[_column(error)]
            former = types.get(column, reader.schema.field(column).type)
            if pa.types.is_string(former):
                raise
            types[column] = pa.float64() if pa.types.is_integer(former) else pa.string()
    scan = pads.CsvFragmentScanOptions(convert_options=convert, read_options=read)
    form = pads.CsvFileFormat(parse_options=parse, default_fragment_scan_options=scan)
    return pads.dataset(path, format=form, schema=reader.schema)


def _column(error: Exception) -> int:
    """Which column could not be converted."""
    import re

    found = re.search(r"In CSV column #(\d+)", str(error))
    if found is None:
        raise error
    return int(found[1])


def _recoded(text: TableText, read: Any, parse: Any) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    with text.open() as stream:
        return pacsv.read_csv(pa.BufferReader(stream.read().encode()), read, parse)


class _JsonFile(JsonPart):
    """A JSON file in whatever encoding."""

    def __init__(self, text: TableText) -> None:
        super().__init__(None, str(text.path), str(text.path))
        self._text = text

    def open(self) -> IO[bytes]:
        """Its characters as UTF-8."""
        import io

        if self._text.plain:
            return self._text.path.open("rb")
        with self._text.open() as stream:
            return io.BytesIO(stream.read().encode())


def _json(path: Path) -> Opened:
    import pyarrow as pa

    text = look(path)
    part = _JsonFile(text)
    try:
        schema = part.schema(whole=True)
        data = pa.Table.from_batches(list(part.batches(schema, 65_536)), schema)
    except SourceError as error:
        raise _wrong_json(text) or error from None
    facts = {key: value for key, value in text.to_json().items() if key != "delimiter"}
    notes = TableText(path, text.encoding, text.assumed, text.damaged).notes()
    return Opened(data, {"format": "json", **facts}, [f"{path.name}: {one}" for one in notes])


def _wrong_json(text: TableText) -> SourceError | None:
    """The first line that is no JSON, or no row."""
    with text.open() as stream:
        whole = stream.read()
    if whole.lstrip().startswith("["):
        return _wrong_document(text.path, whole)
    for number, line in enumerate(whole.split("\n")):
        if line.strip() and (wrong := _wrong_document(text.path, line, number, array=False)):
            return wrong
    return None


def _wrong_document(path: Path, document: str, before: int = 0, *, array: bool = True) -> SourceError | None:
    """What is wrong with an array of rows, or with one row that stands after `before` lines."""
    fix = "write an object for each row: one a line, or all in one array"
    try:
        found = json.loads(document)
    except json.JSONDecodeError as error:
        what = f"it is no sound JSON: {error.msg} at column {error.colno}"
        return SourceError(what, where=f"{path}, line {before + error.lineno}", fix="mend it there; it may be cut off")
    rows: list[Any] = found if array else [found]
    for place, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            what = f"there is {'an array' if isinstance(row, list) else 'a value'} where a row, an object, is expected"
            where = f"{path}, row {place}" if array else f"{path}, line {before + 1}"
            return SourceError(what, where=where, fix=fix)
    return None


def _parquet(path: Path) -> Opened:
    import pyarrow as pa
    import pyarrow.dataset as pads
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise SourceError(what, where=str(path), fix="check path and permission") from None
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowInvalid, OSError):
        what = "the Parquet file is damaged or cut off" if start == b"PAR1" else "the file is no Parquet file"
        raise SourceError(what, where=str(path), fix="deliver it again, with the ending of what it is") from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fix = "rename them where they come from"
        raise SourceError(f"columns share a name: {', '.join(map(repr, twice[:5]))}", where=str(path), fix=fix)
    return Opened(pads.dataset(path, format="parquet"), {"format": "parquet"})
