"""Precision, recall and F1 of detection and repair, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.cells.words import Table

Cell = tuple[int, int]
"""Row and place."""


@dataclass(frozen=True)
class Score:
    """Shares from 0 to 1; `harm` is the share of right cells that a repair made wrong."""

    precision: float
    recall: float
    repair_precision: float
    repair_recall: float
    harm: float

    @property
    def f1(self) -> float:
        """Of detection."""
        return _f1(self.precision, self.recall)

    @property
    def repair_f1(self) -> float:
        """Of repair."""
        return _f1(self.repair_precision, self.repair_recall)


def score(clean: Table, dirty: Table, flagged: Mapping[Cell, str | None]) -> Score:
    """Compare flags (with their repair, None where there is none) with what was put in."""
    pairs = [(list(map(_plain, clean[name])), list(map(_plain, dirty[name]))) for name in clean]
    wrong = {
        (r, p): c for p, (cs, ds) in enumerate(pairs) for r, (c, d) in enumerate(zip(cs, ds, strict=True)) if c != d
    }
    cells = sum(len(column) for column in clean.values())
    repairs = {cell: _plain(text) for cell, text in flagged.items() if text is not None}
    found = sum(1 for cell in flagged if cell in wrong)
    right = sum(1 for cell, text in repairs.items() if wrong.get(cell) == text)
    harmed = sum(1 for cell in repairs if cell not in wrong)
    return Score(
        found / max(1, len(flagged)),
        found / max(1, len(wrong)),
        right / max(1, len(repairs)),
        right / max(1, len(wrong)),
        harmed / max(1, cells - len(wrong)),
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
