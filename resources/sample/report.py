"""What was planted into a sample, so that a test can say what was caught. The platform itself never reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from agents.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Defect:
    """One planted defect: the rows that carry it, by `key`. `wrong` is false for what is late but true."""

    name: str
    table: str
    column: str
    what: str
    key: tuple[str, ...]
    keys: tuple[tuple[int, ...], ...]
    wrong: bool = True

    @property
    def count(self) -> int:
        """How many keys carry it."""
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class SampleReport:
    """The rows written by table, the earlier orders updated, the defects among them, and the last day they cover."""

    path: Path
    seed: int
    day: date
    rows: dict[str, int]
    updated: int
    defects: tuple[Defect, ...]

    def defect(self, name: str) -> Defect:
        """The defect of that name; KeyError if none was planted."""
        return {defect.name: defect for defect in self.defects}[name]


def planted_file(path: Path) -> Path:
    """Where the planted defects of a sample are written: beside it."""
    return path.with_name(path.name + ".planted.json")


def save(report: SampleReport, earlier: list[SampleReport]) -> None:
    """Write all reports of a sample, oldest first, beside it."""
    body = [asdict(one) | {"path": one.path.name, "day": one.day.isoformat()} for one in (*earlier, report)]
    planted_file(report.path).write_text(json.dumps(body, indent=1), "utf-8")


def load(path: Path) -> list[SampleReport]:
    """All reports of a sample, oldest first; ConfigError if there are none."""
    file = planted_file(path)
    try:
        body: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} is no sample of ours", fix="create it anew with create_sample") from None
    return [_report(path, one) for one in body]


def _report(path: Path, body: dict[str, Any]) -> SampleReport:
    defects = tuple(
        Defect(**(one | {"key": tuple(one["key"]), "keys": tuple(tuple(k) for k in one["keys"])}))
        for one in body["defects"]
    )
    day = date.fromisoformat(body["day"])
    return SampleReport(path, body["seed"], day, body["rows"], body["updated"], defects)
