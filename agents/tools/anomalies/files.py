"""Series in CSV files: `timestamp,value` in, the timestamps of the flagged points out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agents.core.errors import SourceError

_COLUMNS = ("timestamp", "value")
_MISSING = {"", "nan", "null", "none", "na", "n/a"}


@dataclass(frozen=True, slots=True)
class Series:
    """Points as a file has them: timestamps as written, times in seconds (UTC), values with NaN for missing."""

    written: list[str] = field(default_factory=list[str])
    times: list[float] = field(default_factory=list[float])
    values: list[float] = field(default_factory=list[float])


def read_series(path: Path) -> Series:
    """The points of a CSV file. Raises SourceError, naming the line, for what is no file, column, time or number."""
    series = Series()
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for line, timestamp, value in _cells(csv.reader(stream), path):
                series.written.append(timestamp)
                series.times.append(_time(timestamp, f"{path}, line {line}"))
                series.values.append(_number(value, f"{path}, line {line}"))
    except OSError as error:
        raise SourceError(
            f"the file cannot be read: {error.strerror}", where=str(path), fix="check the path"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError("the file is no CSV text in UTF-8", where=str(path), fix="save it as CSV, UTF-8") from error
    return series


def write_timestamps(path: Path, timestamps: Iterable[str]) -> None:
    """A CSV file of one column, `timestamp`."""
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(_COLUMNS[:1])
            writer.writerows([timestamp] for timestamp in timestamps)
    except OSError as error:
        raise SourceError(
            f"the file cannot be written: {error.strerror}", where=str(path), fix="name a file in a folder that exists"
        ) from error


def _cells(rows: Iterator[list[str]], path: Path) -> Iterator[tuple[int, str, str]]:
    header = [name.strip().lower() for name in next(rows, [])]
    if missing := [name for name in _COLUMNS if header.count(name) != 1]:
        raise SourceError(
            f"the header needs each of {', '.join(_COLUMNS)} once; see {', '.join(missing)}",
            where=str(path),
            fix="make the first line: timestamp,value",
        )
    first, second = (header.index(name) for name in _COLUMNS)
    for line, row in enumerate(rows, start=2):
        if row:
            if len(row) <= max(first, second):
                raise SourceError("the line has too few columns", where=f"{path}, line {line}", fix="complete it")
            yield line, row[first], row[second].strip()


def _time(text: str, where: str) -> float:
    """ISO 8601, naive as UTC, or seconds since 1970."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not -1e12 < seconds < 1e12:
        raise SourceError("the timestamp is none", where=where, fix="write it like 2026-01-31 13:45:00")
    return seconds


def _number(text: str, where: str) -> float:
    if text.lower() in _MISSING:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise SourceError("the value is no number", where=where, fix="write a number, or nothing if missing") from None
