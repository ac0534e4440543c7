"""Values that stand out and are right: rows that belong together for another reason stand out together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Suspect

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid

_ALIKE = 0.8
_FEWEST = 4
_COLUMNS = 12
_REMAINS = 0.35
_MOST = 0.15


class Groupings:
    """The columns of a table that put its rows into groups."""

    def __init__(self, grid: Grid, codes: Sequence[np.ndarray[Any, Any]]) -> None:
        import numpy as np

        self._codes, self._rows = codes, grid.rows
        ranked: list[tuple[float, int, np.ndarray[Any, Any]]] = []
        for place, column in enumerate(grid.columns):
            sizes = np.bincount(codes[place][codes[place] >= 0], minlength=len(column.values))
            many, grouped = int((sizes >= _FEWEST).sum()), int(sizes[sizes >= _FEWEST].sum())
            if many >= 2 and grouped >= 0.3 * grid.rows:
                ranked.append((grouped / many, place, sizes))
        self._by = [(place, sizes) for _, place, sizes in sorted(ranked, key=lambda item: item[0])[:_COLUMNS]]

    def tempered(self, place: int, suspects: Iterable[Suspect]) -> Iterator[Suspect]:
        """The suspects of one column, with less confidence in rows whose whole group in another column is suspect.

        Errors are spread over the groups of a table; what a whole group shares is a fact about the group.
        """
        import numpy as np

        found = [(np.asarray(suspect.rows), suspect.sign) for suspect in suspects]
        suspected = np.zeros(self._rows, dtype=bool)
        for rows, _ in found:
            suspected[rows] = True
        few = 0 < int(suspected.sum()) <= _MOST * self._rows
        backed = self._backed(place, suspected) if few else np.zeros(self._rows, dtype=bool)
        for rows, sign in found:
            if backed[rows].any():
                weaker = replace(sign, confidence=sign.confidence * _REMAINS)
                yield Suspect(place, rows[backed[rows]], weaker)
            if not backed[rows].all():
                yield Suspect(place, rows[~backed[rows]], sign)

    def _backed(self, place: int, suspected: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        import numpy as np

        backed = np.zeros(self._rows, dtype=bool)
        rows = np.flatnonzero(suspected)
        for other, sizes in self._by:
            if other == place:
                continue
            groups = self._codes[other][rows]
            inside = np.bincount(groups[groups >= 0], minlength=sizes.size)
            whole = (inside >= _FEWEST) & (inside >= _ALIKE * sizes)
            backed[rows] |= np.append(whole, False)[groups]
        return backed
