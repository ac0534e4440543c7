"""`adp quality cells`: a CSV file in, its wrong cells out, and where wanted the file with the sure repairs made."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.detection import Findings

EMPTY = "__EMPTY__"
HEADER = ("row_index", "column", "repair", "confidence", "reason")
_LONGEST_CELL = 1 << 30
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_cells(source: Path, flagged: Path, repaired_to: Path | None = None) -> tuple[Findings, int]:
    """Write the findings on a CSV file, and the repaired file if a path is given; returns findings and repairs made.

    Raises SourceError where the file is not a table.
    """
    from agents.tools.detection import detect, repaired

    table = read_csv(source)
    findings = detect(table)
    write_findings(findings, flagged)
    if repaired_to is None:
        return findings, 0
    better = repaired(table, findings)
    _write(repaired_to, better.column_names, zip(*(column.to_pylist() for column in better.columns), strict=True))
    return findings, len(findings.sure())


def read_csv(path: Path) -> pa.Table:
    """All cells as text; blank lines are no rows, bytes that are not UTF-8 become U+FFFD."""
    import pyarrow as pa

    with _long_cells():
        try:
            rows = [row for row in csv.reader(io.StringIO(_text(path), newline="")) if row]
        except csv.Error as error:
            raise SourceError(f"not a CSV file: {error}", where=str(path), fix="check quotes and delimiters") from error
    if not rows:
        raise SourceError("the file is empty", where=str(path), fix="give a CSV file with a header line")
    header, body = rows[0], rows[1:]
    for number, row in enumerate(body):
        if len(row) != len(header):
            raise SourceError(
                f"data row {number} has {len(row)} cells, the header has {len(header)}",
                where=str(path),
                fix="quote cells that hold the delimiter",
            )
    cells: Sequence[Sequence[str]] = list(zip(*body, strict=True)) if body else [()] * len(header)
    return pa.table([pa.array(column, pa.large_string()) for column in cells], names=header)


def write_findings(findings: Findings, path: Path) -> None:
    """The contract's CSV: an empty repair means flagged only, `__EMPTY__` means repair to the empty text."""
    _write(
        path,
        HEADER,
        (
            (
                cell.row,
                findings.label(cell),
                EMPTY if cell.repair == "" else cell.repair,
                f"{cell.confidence:.3f}",
                cell.reason,
            )
            for cell in findings
        ),
    )


def _write(path: Path, header: Sequence[str], rows: Iterator[tuple[object, ...]]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise SourceError("the file cannot be written", where=str(path), fix="check folder and permission") from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError("the file cannot be read", where=str(path), fix="check path and permission") from error
    kind = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8-sig")
    return data.decode(kind, "replace")


@contextmanager
def _long_cells() -> Generator[None]:
    """Python's limit of 128 kB a cell is raised while the file is read."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)
