"""`adp quality cells`: a file in, its wrong cells out, and where wanted the file with the sure repairs made."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agents.core.errors import SourceError
from platform_defs.table_files import Opened, is_text_table, open_file
from resources.table_text import look

if TYPE_CHECKING:
    import pyarrow as pa

    from agents.tools.detection import Findings

EMPTY = "__EMPTY__"
HEADER = ("row_index", "column", "repair", "confidence", "reason")


def find_cells(source: Opened, flagged: Path, repaired_to: Path | None = None) -> tuple[Findings, int]:
    """Write the findings on a file, and the repaired file if a path is given; returns findings and repairs made."""
    from agents.tools.detection import detect, repaired

    table = source.data
    findings = detect(table)
    write_findings(findings, flagged)
    if repaired_to is None:
        return findings, 0
    better, mark = repaired(table, findings), str(source.file.get("delimiter", ","))
    rows = zip(*(column.to_pylist() for column in better.columns), strict=True)
    _write(repaired_to, better.column_names, rows, mark)
    return findings, len(findings.sure())


def open_cells(path: Path) -> Opened:
    """All cells of a CSV file as text, columns as they are named; JSON and Parquet by their ending, in their types.

    Blank lines are no rows. Raises SourceError where the file is not a table.
    """
    import pyarrow as pa

    if not is_text_table(path):
        found = open_file(path)
        data = found.data if isinstance(found.data, pa.Table) else found.data.to_table()
        return Opened(data, found.file, found.notes)
    text = look(path)
    records = text.records()
    _, names = next(records)
    body = [row for _, row in records]
    cells: Sequence[Sequence[str]] = list(zip(*body, strict=True)) if body else [()] * len(names)
    table = pa.table([pa.array(column, pa.large_string()) for column in cells], names=names)
    return Opened(table, {"format": "csv", **text.to_json()}, [f"{path.name}: {one}" for one in text.notes()])


def read_csv(path: Path) -> pa.Table:
    """The cells alone."""
    return open_cells(path).data


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


def _write(path: Path, header: Sequence[str], rows: Iterable[tuple[object, ...]], mark: str = ",") -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=mark, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise SourceError("the file cannot be written", where=str(path), fix="check folder and permission") from error
