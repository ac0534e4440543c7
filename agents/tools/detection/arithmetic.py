"""Columns that are the sum or the product of two others, found despite the rows that break it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.quantities import plain, spellings

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column, Grid

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

_NUMBERS = 0.7
_DISTINCT = 3
_COLUMNS = 24
_ROWS = 300
_FEWEST = 20
_FIXED, _FAIR = 0.9, 0.05
_SAME = 0.15
HOLDS = 0.5
"""Share of rows, beyond chance, in which an equation has to hold."""


@dataclass(frozen=True)
class Figures:
    """A column of numbers: one a row, NaN where there is none.

    So many digits are written after the point, `fixed` says whether always; `before` and `after` stand around them.
    """

    place: int
    name: str
    numbers: Numbers
    digits: int
    fixed: bool
    before: str
    after: str

    @property
    def unit(self) -> float:
        """The last digit that is written."""
        return 10.0**-self.digits

    def written(self, number: float) -> str:
        """A number as the column writes its own."""
        text = f"{number:.{self.digits}f}"
        return f"{self.before}{text if self.fixed else plain(text)}{self.after}"


@dataclass(frozen=True)
class Equation:
    """`total` is the sum, or where `product` the product, of `left` and `right`, in a share of rows that say it."""

    left: Figures
    right: Figures
    total: Figures
    product: bool
    share: float

    @property
    def parts(self) -> tuple[Figures, Figures, Figures]:
        """The three columns."""
        return self.left, self.right, self.total

    def holds(self) -> np.ndarray[Any, Any]:
        """In which rows it holds, as far as the digits that are written tell; not where a number is missing."""
        import numpy as np

        left, right, total = (part.numbers for part in self.parts)
        with np.errstate(over="ignore", invalid="ignore"):
            return _agree(left * right if self.product else left + right, total, self.slack)

    @property
    def slack(self) -> float:
        """By how much rounding may set the sides apart."""
        least = self.total.unit if self.product else max(self.left.unit, self.right.unit, self.total.unit)
        return least * (0.51 if self.product else 1.01 if least < 1 else 0.01)

    def wanted(self, part: Figures) -> Numbers:
        """What a column should say in every row by the other two, unrounded."""
        import numpy as np

        left, right, total = (one.numbers for one in self.parts)
        with np.errstate(all="ignore"):
            if part is self.total:
                return left * right if self.product else left + right
            other = right if part is self.left else left
            return total / other if self.product else total - other

    def expected(self, row: int, part: Figures) -> float | None:
        """What a column should say in a row by the other two; None where they allow several numbers or none."""
        left, right, total = (float(one.numbers[row]) for one in self.parts)
        if part is self.total:
            return round(left * right if self.product else left + right, part.digits)
        other = right if part is self.left else left
        if not self.product:
            return round(total - other, part.digits)
        if not other or abs(self.slack / other) >= part.unit / 2:
            return None
        factor = round(total / other, part.digits)
        return factor if abs(factor * other - total) <= self.slack else None


def equations(grid: Grid, figures: Sequence[Figures]) -> Iterator[Equation]:
    """All equations between three of the columns."""
    import numpy as np

    if len(figures) < 3:
        return
    step = max(1, grid.rows // _ROWS)
    some = np.stack([one.numbers[::step] for one in figures])
    for place, total in enumerate(figures):
        for product in (False, True):
            for left, right in _candidates(some, place, figures, product):
                found = _checked(Equation(figures[left], figures[right], total, product, 0.0))
                if found is not None:
                    yield found


def _candidates(some: Numbers, place: int, figures: Sequence[Figures], product: bool) -> Iterator[tuple[int, int]]:
    """Pairs whose sum or product is the column in many of the rows that are looked at first."""
    import numpy as np

    total = some[place]
    for left in range(len(figures) - 1):
        if left == place:
            continue
        rest = some[left + 1 :]
        with np.errstate(over="ignore", invalid="ignore"):
            made = rest * some[left] if product else rest + some[left]
            hits = np.abs(made - total) <= max(figures[place].unit, 1e-9) * 1.01
        tried = np.isfinite(made) & np.isfinite(total)
        enough = (hits.sum(1) >= max(5, 0.1 * some.shape[1])) & (hits.sum(1) >= 0.8 * HOLDS * tried.sum(1))
        yield from ((left, left + 1 + int(at)) for at in np.flatnonzero(enough) if left + 1 + int(at) != place)


def _checked(found: Equation) -> Equation | None:
    """The equation with its share, where it holds in rows that say something, and far more often than by chance."""
    import numpy as np

    left, right, total = (part.numbers for part in found.parts)
    idle = 1.0 if found.product else 0.0
    says = np.flatnonzero(
        np.isfinite(left + right + total) & (left != idle) & (right != idle) & (left != 0) & (right != 0)
    )
    if says.size < _FEWEST:
        return None
    share = float(found.holds()[says].mean())
    with np.errstate(over="ignore", invalid="ignore"):
        made = left[says] * right[says] if found.product else left[says] + right[says]
    chance = float(_agree(made, np.random.default_rng(3).permutation(total[says]), found.slack).mean())
    if chance > 0.5 or (share - chance) / (1 - chance) < HOLDS:
        return None
    if _habit((made - total[says])[~found.holds()[says]]):
        return None
    return Equation(*found.parts, found.product, share)


def _habit(off: Numbers) -> bool:
    """Whether what is missing to the total is often the same: then something else belongs to the equation."""
    import numpy as np

    if off.size < _FEWEST:
        return False
    return int(np.unique(np.round(off, 6), return_counts=True)[1].max()) > _SAME * off.size


def _agree(made: Numbers, total: Numbers, slack: float) -> np.ndarray[Any, Any]:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        return np.abs(made - total) <= slack + 1e-9 * np.abs(total)


def figures_of(grid: Grid, missing: Sequence[np.ndarray[Any, Any]]) -> list[Figures]:
    """The columns of numbers, the first so many."""
    found: list[Figures] = []
    for column, nothing in zip(grid.columns, missing, strict=True):
        if len(found) < _COLUMNS and len(column.values) >= _DISTINCT and not bool(nothing.all()):
            figures = _figures(column, nothing)
            found += [figures] if figures else []
    return found


def _figures(column: Column, nothing: np.ndarray[Any, Any]) -> Figures | None:
    import numpy as np

    read = column.numbers
    numbers = np.array([np.nan if one is None else one.number for one in read])
    numbers[nothing | ~np.isfinite(numbers)] = np.nan
    counts = np.where(np.isfinite(numbers), column.counts, 0)
    if int(counts.sum()) < max(_FEWEST, _NUMBERS * int(column.counts[~nothing].sum())):
        return None
    fractions = np.array([len(one.text.partition(".")[2]) if one else 0 for one in read])
    usual = np.bincount(fractions, weights=counts).astype(np.float64)
    before, after = spellings(read, counts.tolist()).most_common(1)[0][0]
    fixed = bool(usual.max() >= _FIXED * counts.sum())
    return Figures(column.place, column.name, numbers[column.codes], _digits(usual), fixed, before, after)


def _digits(usual: Numbers) -> int:
    """Digits after the point: the most that a fair share of the numbers has."""
    return max(at for at, rows in enumerate(usual.tolist()) if rows >= _FAIR * usual.sum())
