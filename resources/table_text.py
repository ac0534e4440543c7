"""A table in a text file as people hand it over: its encoding, what stands between its cells, its rows by line.

UTF-8 and UTF-16 are known for certain. Bytes that are neither are taken for Windows-1252, and `assumed` says so; where
most other characters are sound UTF-8, single damaged ones become U+FFFD instead.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from agents.core.errors import SourceError

_PIECE, _SAMPLE = 4 << 20, 64 << 10
_LONGEST_CELL = 1 << 30
_DELIMITERS = ",;\t|"
_SAID = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "Windows-1252"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What people name .csv and is none, by its first bytes.
_OTHERS = (
    (b"PAR1", "a Parquet file", "give it the ending .parquet"),
    (b"PK\x03\x04", "an Excel workbook or a zip file", "export the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "export the sheet as CSV"),
    (b"\x1f\x8b", "packed with gzip", "unpack it: gunzip FILE"),
    (b"%PDF", "a PDF", "export the table as CSV"),
)
_DAMAGED = re.compile("[\udc80-\udcff]")
_FOREIGN = re.compile("[^\x00-\x7f\udc80-\udcff]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class TableText:
    """A file and how it is read; `damaged` counts the bytes that stand for no character."""

    path: Path
    encoding: str
    assumed: bool = False
    damaged: int = 0
    delimiter: str = ","

    @property
    def plain(self) -> bool:
        """Whether its bytes are sound UTF-8 as they are."""
        return self.encoding in ("utf-8", "utf-8-sig") and not self.damaged

    def notes(self) -> list[str]:
        """What is worth saying: that it is not read as UTF-8 with commas."""
        told: list[str] = []
        if self.damaged:
            told.append(f"{self.damaged:,} bytes of it are not UTF-8 and are read as U+FFFD")
        elif self.assumed:
            told.append(f"it is not UTF-8; it is read as {self.said}, which is assumed")
        elif not self.plain:
            told.append(f"it is read as {self.said}")
        if self.delimiter != ",":
            told.append(f"its cells are separated by {_SAID[self.delimiter]}")
        return told

    @property
    def said(self) -> str:
        """The encoding's usual name."""
        return _NAMES.get(self.encoding, self.encoding.upper())

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        found = {"encoding": self.said, "encoding_assumed": self.assumed, "delimiter": self.delimiter}
        return found | ({"damaged_bytes": self.damaged} if self.damaged else {})

    def open(self) -> TextIO:
        """Its characters, line ends as they are."""
        return self.path.open(encoding=self.encoding, errors="replace", newline="")

    def records(self, *, even: bool = True) -> Iterator[tuple[int, list[str]]]:
        """The line (from 1) and the cells of each row, the header first; blank lines are no rows.

        Raises SourceError with the line where a quote is never closed or, unless not `even`, where a row has more or
        fewer cells than the header.
        """
        _allow_long_cells()
        with self.open() as stream:
            lines, line, ended, width, held = _Lines(stream), 0, 0, 0, list[str]()
            reader = csv.reader(lines, delimiter=self.delimiter)
            try:
                for row in reader:
                    line, ended = ended + 1, reader.line_num
                    held, lines.held = lines.held, []
                    if row:
                        width = width or len(row)
                        if even and len(row) != width:
                            raise self._ragged(line, ended, len(row), width, held)
                        yield line, row
            except csv.Error as error:
                raise SourceError(f"not a CSV file: {error}", where=self._at(ended + 1), fix="mend the line") from None
            if _open_quote(held, self.delimiter):
                raise self._unclosed(line)

    def _ragged(self, line: int, last: int, cells: int, width: int, held: Sequence[str]) -> SourceError:
        if _open_quote(held, self.delimiter):
            return self._unclosed(line)
        where = self._at(line) if last == line else f"{self.path}, lines {line} to {last}"
        fix = "mend the line, or put cells that hold the delimiter in quotes"
        if last > line:
            fix = "close the quote that opens there, or double quotes within a cell"
        return SourceError(f"the row has {cells} cells, the header has {width}", where=where, fix=fix)

    def _unclosed(self, line: int) -> SourceError:
        fix = "close it, or double the quotes within a cell"
        return SourceError("a quote that opens here is never closed", where=self._at(line), fix=fix)

    def _at(self, line: int) -> str:
        return f"{self.path}, line {line}"


class _Lines:
    """Lines for the parser; `held` are those since it was emptied last."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.held = stream, list[str]()

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self.held.append(line)
            yield line


def look(path: Path) -> TableText:
    """How a text file is to be read. Raises SourceError for what is no text, empty or cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(_SAMPLE)
        if not start.strip():
            raise SourceError("the file is empty", where=str(path), fix="give a file with a header line and rows")
        found = _decoded(path, start)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SourceError(f"the file cannot be read: {why}", where=str(path), fix="check path and permission") from None
    with found.open() as stream:
        sample = stream.read(_SAMPLE)
        whole = not stream.read(1)
    mark = "\t" if path.suffix.lower() == ".tsv" else _delimiter(sample, whole=whole)
    return TableText(path, found.encoding, found.assumed, found.damaged, mark)


def text_of(data: bytes) -> tuple[str, str]:
    """Characters of a text that has no file, and what is to be said about how they were read."""
    text = data.decode("utf-8", "surrogateescape")
    damaged, foreign = len(_DAMAGED.findall(text)), len(_FOREIGN.findall(text))
    if not damaged:
        return text, ""
    guessed = foreign < damaged
    found = TableText(Path(), "cp1252" if guessed else "utf-8", assumed=True, damaged=0 if guessed else damaged)
    return data.decode(found.encoding, "replace"), found.notes()[0]


def header(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Column names that are there and differ, and what is to be said about it."""
    made: list[str] = []
    told: list[str] = []
    for place, cell in enumerate(names, 1):
        name, count = cell.strip() or f"column_{place}", 1
        while name in made:
            count += 1
            name = f"{cell.strip() or f'column_{place}'}_{count}"
        if not cell.strip():
            told.append(f"column {place} has no name in the header; it is called {name}")
        elif count > 1:
            told.append(f"column {place} has the name of an earlier one, {cell.strip()!r}; it is called {name}")
        made.append(name)
    return made, told


def _decoded(path: Path, start: bytes) -> TableText:
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return _sound(path, codec)
    for mark, what, fix in _OTHERS:
        if start.startswith(mark):
            raise SourceError(f"the file is no text, it is {what}", where=str(path), fix=fix)
    if 0 in start[:_SAMPLE] and (codec := _wide(start)):
        return TableText(path, codec, assumed=True)
    if len(_CONTROL.findall(start)) * 50 > len(start):
        fix = "give a CSV, JSON or Parquet file, with its own ending"
        raise SourceError("the file is binary, no text", where=str(path), fix=fix)
    return _sound(path, "utf-8")


def _sound(path: Path, codec: str) -> TableText:
    """The file in this encoding or, where it is not sound UTF-8, in the one that explains more of it."""
    if not codec.startswith("utf-8"):
        return TableText(path, codec)
    decoder = codecs.getincrementaldecoder(codec)("surrogateescape")
    damaged = foreign = 0
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(_PIECE), b""):
            text = decoder.decode(piece)
            if not text.isascii():
                damaged, foreign = damaged + len(_DAMAGED.findall(text)), foreign + len(_FOREIGN.findall(text))
        damaged += len(decoder.decode(b"", final=True))
    if damaged and foreign < damaged:
        return TableText(path, "cp1252", assumed=True)
    return TableText(path, codec, assumed=damaged > 0, damaged=damaged)


def _wide(start: bytes) -> str:
    """UTF-16 without its mark: every other byte of a text in Latin letters is zero."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if odd * 2 > half and not even:
        return "utf-16-le"
    return "utf-16-be" if even * 2 > half and not odd else ""


def _delimiter(sample: str, *, whole: bool) -> str:
    """What all rows of the beginning agree on, with most cells; else the header's most frequent."""
    best, most = "", 1
    _allow_long_cells()
    for mark in _DELIMITERS:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=mark) if row]
        rows = rows if whole else rows[:-1]
        widths = {len(row) for row in rows}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = mark, width
    outside = "".join(sample.split("\n", 1)[0].split('"')[::2])
    return best or max(_DELIMITERS, key=lambda mark: (outside.count(mark), mark == ","))


def _open_quote(held: Sequence[str], delimiter: str) -> bool:
    """Whether a row's own text ends within quotes."""
    try:
        list(csv.reader(io.StringIO("".join(held), newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _allow_long_cells() -> None:
    """Raise Python's limit of 128 kB a cell, for good: it is of the whole process, and a reader may stay half-read."""
    csv.field_size_limit(_LONGEST_CELL)
