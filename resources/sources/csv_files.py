"""CSV and TSV, streamed: UTF-8 (with or without its mark), UTF-16 with its mark, else Windows-1252.

Quoted cells may span lines. An unquoted empty cell is null, `""` is an empty text. A number with leading zeros or with
more digits than its type keeps stays text. The separator (comma, semicolon, tab, bar) is the header's most frequent.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.core.errors import SourceError
from resources.sources.file_format import SAMPLE_BYTES, Guess, Part

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 4 << 20
_BLOCKS = (_BLOCK, 32 << 20, 256 << 20)
_TOO_LONG = "straddling"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class CsvPart(Part):
    """A CSV file."""

    def __init__(self, filesystem: Any, path: str, where: str) -> None:
        super().__init__(filesystem, path, where)
        self._encoding: str | None = None

    def schema(self, *, whole: bool) -> pa.Schema:
        """Types that hold for every cell read."""
        import pyarrow as pa

        names = self._header()
        guesses = [Guess() for _ in names]
        try:
            for batch in self._texts(names, whole=whole):
                for guess, column in zip(guesses, batch.columns, strict=True):
                    guess.see(column)
        except SourceError:
            if whole:
                raise
            return self.schema(whole=True)  # the beginning ended inside a quoted cell
        return pa.schema([pa.field(name, guess.arrow()) for name, guess in zip(names, guesses, strict=True)])

    def batches(self, schema: pa.Schema, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Every row; `batch_rows` is left to the caller, a batch has some megabytes."""
        import pyarrow as pa

        names = self._header()
        for batch in self._texts(names, whole=True):
            held = dict(zip(names, batch.columns, strict=True))
            arrays = [
                held[field.name].cast(field.type) if field.name in held else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _texts(self, names: list[str], *, whole: bool) -> Iterator[pa.RecordBatch]:
        """Every cell as text. Where a row does not fit a block, blocks are made larger."""
        import pyarrow as pa

        done = 0
        for block in _BLOCKS if names else ():
            passed = 0
            try:
                for batch in self._parsed(names, block, whole=whole):
                    fresh = batch.slice(min(batch.num_rows, max(0, done - passed)))
                    passed += batch.num_rows
                    done = max(done, passed)
                    if fresh.num_rows:
                        yield fresh
                return
            except pa.ArrowInvalid as error:
                if _TOO_LONG not in str(error):
                    raise self._broken(error) from None
            except (UnicodeDecodeError, EOFError, OSError) as error:
                raise self._broken(error) from None
        if names:
            what = f"a row is longer than {_BLOCKS[-1] >> 20} MB, or a quote is never closed"
            raise SourceError(what, where=self.where, fix="deliver it as Parquet, or mend the row")

    def _parsed(self, names: list[str], block: int, *, whole: bool) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.csv as pacsv

        read = pacsv.ReadOptions(block_size=block, column_names=names, skip_rows=0, encoding=self._codec())
        parse = pacsv.ParseOptions(delimiter=self._separator(), newlines_in_values=True)
        convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        read.skip_rows_after_names = 1
        with self.open() as file:
            sample = file if whole else io.BytesIO(_whole_lines(file.read(SAMPLE_BYTES), self._codec()))
            yield from pacsv.open_csv(sample, read, parse, convert)

    def _broken(self, error: Exception) -> SourceError:
        if "columns, got" in str(error) and (row := self._first_ragged_row()):
            number, cells, wanted = row
            what = f"row {number} has {cells} cells, the header {wanted}"
            return SourceError(what, where=self.where, fix="quote cells that hold the separator, or mend that row")
        what = f"it is no sound CSV ({type(error).__name__})"
        return SourceError(what, where=self.where, fix="deliver it again, as UTF-8")

    def _first_ragged_row(self) -> tuple[int, int, int] | None:
        """Number, cells and wanted cells of the first row that differs from the header, which is row 1."""
        wanted = len(self._header())
        with self.open() as file, io.TextIOWrapper(file, self._codec(), "replace", newline="") as text:
            for number, row in enumerate(csv.reader(text, delimiter=self._separator()), 1):
                if row and len(row) != wanted:
                    return number, len(row), wanted
        return None

    def _header(self) -> list[str]:
        """Column names: never empty, never the same twice."""
        text = self._start().decode(self._codec(), "replace")
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=self._separator()), [])
        seen: Counter[str] = Counter()
        names: list[str] = []
        for number, cell in enumerate(first, 1):
            name = cell.strip() or f"column_{number}"
            while name in names:
                seen[name] += 1
                name = f"{cell.strip() or f'column_{number}'}_{seen[name] + 1}"
            names.append(name)
        return names

    def _start(self) -> bytes:
        with self.open() as file:
            return file.read(64 << 10)

    def _separator(self) -> str:
        if self.path.lower().removesuffix(".gz").endswith(".tsv"):
            return "\t"
        line = self._start().decode(self._codec(), "replace").split("\n", 1)[0]
        outside = "".join(line.split('"')[::2])
        return max(",;\t|", key=lambda mark: (outside.count(mark), mark == ","))

    def _codec(self) -> str:
        """The encoding, found once by decoding all of the file piece by piece."""
        if self._encoding is None:
            self._encoding = self._find_codec()
        return self._encoding

    def _find_codec(self) -> str:
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self.open() as file:
            start = file.read(4)
            for mark, name in _MARKS:
                if start.startswith(mark):
                    return name
            try:
                decoder.decode(start)
                while piece := file.read(_BLOCK):
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.warnings.append("the file is not UTF-8; it was read as Windows-1252")
                return "cp1252"
        return "utf-8"


def _whole_lines(sample: bytes, codec: str) -> bytes:
    """A sample without the line that it cuts."""
    if len(sample) < SAMPLE_BYTES:
        return sample
    text = sample.decode(codec, "ignore")
    return text[: text.rfind("\n") + 1].encode(codec)
