"""Tables of reports: several sources say the same things about the same subjects, and do not agree.

A dependency tells errors from exceptions by how rare they are. Where sources report, errors are frequent; what shows
them is the form of the table: subject and source together name the row, and most of all pairs of them exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect
from agents.tools.detection.grouping import Votes, vote

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Grid

_DENSE = 0.3
_SOURCES = 4
_AGREED = 0.35
_UNIQUE = 0.98


@dataclass(frozen=True)
class Reports:
    """Places of the columns that name subject and source, and of those that are reported, with the votes on them."""

    subject: int
    source: int
    said: dict[int, Votes]


def reports(grid: Grid, codes: Sequence[np.ndarray[Any, Any]]) -> Reports | None:
    """The reports that a table consists of, or None where it is no such table."""
    import numpy as np

    full = [
        place
        for place, column in enumerate(grid.columns)
        if (codes[place] >= 0).mean() > 0.98 and 2 <= len(column.values) <= 0.5 * grid.rows
    ]
    best: tuple[int, Reports] | None = None
    for subject in full[:30]:
        for source in full[:30]:
            kinds, sources = len(grid.columns[subject].values), len(grid.columns[source].values)
            if subject == source or sources < _SOURCES or not _DENSE <= grid.rows / (kinds * sources) <= 1.1:
                continue
            if np.unique(codes[subject] * sources + codes[source]).size < _UNIQUE * grid.rows:
                continue
            said = _said(grid, codes, subject, source)
            others = [
                p
                for p in range(len(codes))
                if p not in (subject, source) and len(grid.columns[p].values) < _UNIQUE * grid.rows
            ]
            if len(said) >= 2 and len(said) > len(others) / 2 and (best is None or len(said) > best[0]):
                best = len(said), Reports(subject, source, said)
    return best[1] if best else None


def _said(grid: Grid, codes: Sequence[np.ndarray[Any, Any]], subject: int, source: int) -> dict[int, Votes]:
    found: dict[int, Votes] = {}
    for place, column in enumerate(grid.columns):
        if place in (subject, source) or not 2 <= len(column.values) < _UNIQUE * grid.rows:
            continue
        votes = vote(codes[subject], codes[place], len(grid.columns[subject].values), len(column.values))
        size = max(1, int(votes.size.sum()))
        usual = max(1, int(_largest(column.counts))) / grid.rows
        agreed = (int(votes.top_count.sum()) / size - usual) / max(1e-9, 1 - usual)
        if agreed >= _AGREED:
            found[place] = votes
    return found


def _largest(counts: np.ndarray[Any, Any]) -> int:
    """Rows of the most frequent value."""
    return int(counts.max()) if counts.size else 0


def disagreeing(grid: Grid, codes: Sequence[np.ndarray[Any, Any]], found: Reports) -> Iterator[Suspect]:
    """Reports that differ from what most sources say of the same subject, and those that say nothing."""
    strangers = _strangers(grid, codes, found)
    column = grid.columns[found.subject]
    for row, other in strangers.items():
        reason = "all that is reported here is what other reports say of another one"
        yield Suspect(found.subject, (row,), Sign(0.9, reason, column.values[other], 0.9))
    for place, votes in found.said.items():
        agreed = int(votes.top_count.sum()) / max(1, int(votes.size.sum()))
        for row in range(grid.rows):
            if row not in strangers:
                yield from _differing(grid, codes, found, votes, place, row, agreed)


def _strangers(grid: Grid, codes: Sequence[np.ndarray[Any, Any]], found: Reports) -> dict[int, int]:
    """Rows that agree with no report on their own subject and with all on another one, and that subject."""
    subject = grid.columns[found.subject].codes
    tops = {place: _by_top(votes) for place, votes in found.said.items()}
    strangers: dict[int, int] = {}
    for row in range(grid.rows):
        said = {place: int(codes[place][row]) for place in found.said if codes[place][row] >= 0}
        if len(said) < 2 or any(value == found.said[place].top[subject[row]] for place, value in said.items()):
            continue
        alike = Counter(group for place, value in said.items() for group in tops[place].get(value, ()))
        best, hits = alike.most_common(1)[0] if alike else (-1, 0)
        if hits >= max(2, 0.6 * len(said)) and list(alike.values()).count(hits) == 1:
            strangers[row] = best
    return strangers


def _by_top(votes: Votes) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for group, (top, count) in enumerate(zip(votes.top.tolist(), votes.top_count.tolist(), strict=True)):
        if count >= 2:
            found.setdefault(top, []).append(group)
    return found


def _differing(
    grid: Grid,
    codes: Sequence[np.ndarray[Any, Any]],
    found: Reports,
    votes: Votes,
    place: int,
    row: int,
    agreed: float,
) -> Iterator[Suspect]:
    subject, column = grid.columns[found.subject], grid.columns[place]
    group = int(subject.codes[row])
    most, size = int(votes.top_count[group]), int(votes.size[group])
    if most < 2 or int(codes[place][row]) == int(votes.top[group]):
        return
    silent = codes[place][row] < 0
    rival = 0 if silent else int(votes.pair_count[votes.pair_of_row[row]])
    if not silent and rival >= most:
        return
    what = "nothing is reported" if silent else f"{rival} of {size} reports"
    reason = f"{what}, where {most} of {size} reports on the same {subject.name} agree on another value"
    sure = min(0.98, (most / size) ** 0.5 * min(1.0, 0.3 + agreed))
    confidence = 0.9 if silent else min(0.95, 0.55 + 0.4 * (most - rival) / size)
    yield Suspect(place, (row,), Sign(confidence, reason, column.values[int(votes.top[group])], sure))
