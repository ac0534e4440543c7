"""Rows in which a sum or product does not come out, and which of its numbers is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.arithmetic import Equation, Figures, equations, figures_of
from agents.tools.detection.evidence import Sign, Suspect
from agents.tools.detection.neighbours import slips

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid

_POWERS = (10.0, 100.0, 1000.0, 10_000.0)
_STRICT = 0.8
"""An equation that holds in fewer rows may have a part that no column shows: a slip alone tells an error then."""
_MOST, _DIGITS = 20_000, 4
_ALIKE, _APART, _SHARED, _OFTEN = 0.01, 20, 8, 0.25


@dataclass(frozen=True)
class _Votes:
    """For every row and column, how many equations hold there and how many do not."""

    right: np.ndarray[Any, Any]
    wrong: np.ndarray[Any, Any]


def unbalanced(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> Iterator[Suspect]:
    """Numbers that an equation between columns contradicts, and missing ones that it gives."""
    import numpy as np

    found = list(equations(grid, figures_of(grid, missing)))
    if not found:
        return
    holding = [one.holds() for one in found]
    known = [[np.isfinite(part.numbers) for part in one.parts] for one in found]
    shape = (grid.rows, len(grid.columns))
    votes = _Votes(np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.int16))
    for one, right, there in zip(found, holding, known, strict=True):
        said = there[0] & there[1] & there[2]
        for part in one.parts:
            votes.right[:, part.place] += said & right
            votes.wrong[:, part.place] += said & ~right
    for one, right, there in zip(found, holding, known, strict=True):
        broke = np.flatnonzero(there[0] & there[1] & there[2] & ~right)[:_MOST]
        other = _by_a_factor(one, broke)
        for row in broke.tolist():
            if row in other:
                yield _suspect(one, other[row], row, 0.88, 0.92 * one.share**0.25)
            else:
                yield from _to_blame(grid, one, row, votes)
        for at, part in enumerate(one.parts):
            column = grid.columns[part.place]
            others = there[at - 1] & there[at - 2]
            lost = (column.codes == column.code_of.get("", -1)) & others
            for row in np.flatnonzero(lost)[:_MOST].tolist():
                yield from _missing(one, part, row, votes)


def _by_a_factor(equation: Equation, broke: np.ndarray[Any, Any]) -> dict[int, Figures]:
    """Rows that are off by a factor which many of them share, and the column that has it: another unit is meant."""
    import numpy as np

    found: dict[int, Figures] = {}
    for part in equation.parts:
        with np.errstate(all="ignore"):
            factor = np.round(np.log(np.abs(part.numbers[broke] / equation.wanted(part)[broke])) / _ALIKE)
        factor[~np.isfinite(factor)] = 0
        for step, rows in zip(*np.unique(factor[factor != 0], return_counts=True), strict=True):
            if abs(step) >= _APART and rows >= max(_SHARED, _OFTEN * broke.size):
                found |= dict.fromkeys(broke[factor == step].tolist(), part)
    return found


def _to_blame(grid: Grid, equation: Equation, row: int, votes: _Votes) -> Iterator[Suspect]:
    """The number that is wrong: other equations confirm what is right, and a slip shows in the number itself."""
    doubted = [part for part in equation.parts if not votes.right[row, part.place]]
    slipped = [part for part in doubted if _a_slip(grid, equation, part, row)]
    worst = max((int(votes.wrong[row, part.place]) for part in doubted), default=0)
    most = [part for part in doubted if votes.wrong[row, part.place] == worst]
    if len(slipped) == 1:
        # A digit may be another by chance, where it is another number that is wrong: no such repair is made unasked.
        sure = 0.92 if _by_a_power(equation, slipped[0], row) else 0.8
        yield _suspect(equation, slipped[0], row, 0.85, sure * equation.share**0.25)
    elif equation.share < _STRICT:
        return
    elif len(doubted) == 1:
        yield _suspect(equation, doubted[0], row, 0.85, 0.93 * equation.share**0.25)
    elif worst > 1 and len(most) == 1:
        yield _suspect(equation, most[0], row, 0.8, 0.8)
    else:
        yield from (_suspect(equation, part, row, 0.4, 0.4) for part in doubted)


def _a_slip(grid: Grid, equation: Equation, part: Figures, row: int) -> bool:
    """Whether the number is the expected one times a power of ten, with another sign, or a slip of a digit away."""
    wanted = equation.expected(row, part)
    if not wanted:
        return False
    text = grid.columns[part.place].text(row)
    long = sum(map(str.isdigit, text)) >= _DIGITS
    return _by_a_power(equation, part, row) or (long and slips(text, part.written(wanted)) == 1)


def _by_a_power(equation: Equation, part: Figures, row: int) -> bool:
    wanted, present = equation.expected(row, part), float(part.numbers[row])
    if not wanted:
        return False
    larger = any(abs(present - times * wanted) <= part.unit * max(1.0, times) for times in (-1.0, *_POWERS))
    return larger or any(abs(present * times - wanted) <= part.unit * times for times in _POWERS)


def _missing(equation: Equation, part: Figures, row: int, votes: _Votes) -> Iterator[Suspect]:
    wanted = equation.expected(row, part)
    others = [other.place for other in equation.parts if other is not part]
    if wanted is None or equation.share < _STRICT or votes.wrong[row, others].any():
        return
    reason = f"missing, and {_rule(equation)} in {100 * equation.share:.0f} % of the rows"
    sure = 0.95 if votes.right[row, others].all() else 0.93 * equation.share**0.5
    yield Suspect(part.place, (row,), Sign(0.85, reason, part.written(wanted), sure))


def _suspect(equation: Equation, part: Figures, row: int, confidence: float, sure: float) -> Suspect:
    wanted = equation.expected(row, part)
    reason = f"{_rule(equation)} in {100 * equation.share:.0f} % of the rows, not in this one"
    repair = None if wanted is None else part.written(wanted)
    return Suspect(part.place, (row,), Sign(confidence, reason, repair, sure if repair else 0.0))


def _rule(equation: Equation) -> str:
    sign = "times" if equation.product else "plus"
    return f"{equation.left.name} {sign} {equation.right.name} is {equation.total.name}"
