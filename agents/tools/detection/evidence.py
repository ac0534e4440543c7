"""Signs that a cell is wrong, and how several of them add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.findings import REPORTED, Finding, Findings
from agents.tools.detection.words import PLACEHOLDERS

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason to think that cells are wrong: `confidence` that they are, `sure` that `repair` is right."""

    confidence: float
    reason: str
    repair: str | None = None
    sure: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """Cells of one column that share a sign."""

    place: int
    rows: Iterable[int] | np.ndarray[Any, Any]
    sign: Sign


def of_value(column: Column, code: int, sign: Sign) -> Suspect:
    """All cells of a column that hold one value."""
    return Suspect(column.place, column.rows_of(code), sign)


def weigh(grid: Grid, suspects: Iterable[Suspect]) -> Findings:
    """Findings from all signs: those that agree strengthen each other, the surest repair is proposed."""
    signs: dict[tuple[int, int], list[Sign]] = {}
    for suspect in suspects:
        for row in suspect.rows:
            signs.setdefault((int(row), suspect.place), []).append(suspect.sign)
    names = tuple(column.name for column in grid.columns)
    return Findings(grid.rows, names, tuple(_findings(grid, signs)))


def _findings(grid: Grid, signs: dict[tuple[int, int], list[Sign]]) -> Iterator[Finding]:
    for row, place in sorted(signs):
        found = sorted(signs[row, place], key=lambda sign: -sign.confidence)
        confidence = together(sign.confidence for sign in found)
        if confidence < REPORTED:
            continue
        column = grid.columns[place]
        repair, sure = _repair(found, column, column.text(row))
        reason = "; ".join(dict.fromkeys(sign.reason for sign in found[:2]))
        yield Finding(row, column.name, place, repair, confidence, reason, sure)


def together(confidences: Iterable[float]) -> float:
    """Signs are not independent: what comes after the strongest counts half."""
    right = 1.0
    for rank, confidence in enumerate(sorted(confidences, reverse=True)):
        right *= 1 - (confidence if rank == 0 else confidence / 2)
    return 1 - right


def _repair(found: list[Sign], column: Column, present: str) -> tuple[str | None, float]:
    offers: dict[str, list[float]] = {}
    for sign in found:
        if sign.repair is not None and sign.repair != present:
            offers.setdefault(sign.repair, []).append(sign.sure)
    if not offers or present in PLACEHOLDERS or column.code_of[present] in column.cut:
        return None, 0.0
    best, sure = max(((text, together(sures)) for text, sures in offers.items()), key=lambda offer: offer[1])
    rivals = max((max(sures) for text, sures in offers.items() if text != best), default=0.0)
    sure *= 1 - rivals / 2
    return (best, sure) if sure >= REPORTED else (None, 0.0)
