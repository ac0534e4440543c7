"""Series in CSV files: `timestamp,value` in, the timestamps of the flagged points out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from agents.core.errors import SourceError
from resources.table_text import look

_COLUMNS = ("timestamp", "value")
_MISSING = {"", "nan", "null", "none", "na", "n/a"}


@dataclass(frozen=True, slots=True)
class Series:
    """Points as a file has them: timestamps as written, times in seconds (UTC), values with NaN for missing.

    `notes` say how the file was read, where that is not certain.
    """

    written: list[str] = field(default_factory=list[str])
    times: list[float] = field(default_factory=list[float])
    values: list[float] = field(default_factory=list[float])
    notes: list[str] = field(default_factory=list[str])


def read_series(path: Path) -> Series:
    """The points of a CSV file. Raises SourceError, naming the line, for what is no file, column, time or number."""
    text, series = look(path), Series()
    series.notes.extend(f"{path.name}: {note}" for note in text.notes())
    for line, timestamp, value in _cells(text.records(even=False), path):
        series.written.append(timestamp)
        series.times.append(_time(timestamp, f"{path}, line {line}"))
        series.values.append(_number(value, f"{path}, line {line}"))
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


def _cells(rows: Iterator[tuple[int, list[str]]], path: Path) -> Iterator[tuple[int, str, str]]:
    at, names = next(rows)
    header = [name.strip().lower() for name in names]
    for name in _COLUMNS:
        if header.count(name) != 1:
            there = ", ".join(map(repr, names[:10])) + (" and more" if len(names) > 10 else "")
            what = f"there are {header.count(name)} columns called {name}" if name in header else f"no column {name}"
            raise SourceError(
                f"{what}; the header has {there}",
                where=f"{path}, line {at}",
                fix="rename the columns of time and number: the first line is timestamp,value",
            )
    first, second = (header.index(name) for name in _COLUMNS)
    for line, row in rows:
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
        raise SourceError("the cell under timestamp is no time", where=where, fix="write it like 2026-01-31 13:45:00")
    return seconds


def _number(text: str, where: str) -> float:
    if text.lower() in _MISSING:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise SourceError(
            "the cell under value is no number", where=where, fix="write a number, or nothing if missing"
        ) from None
