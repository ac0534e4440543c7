"""A large table scanned in time and memory that are bounded: what most cells hold by rows from all over it, what few
hold by looking at every cell with cheap gates first.

Thirty-two blocks of rows, the first and the last among them, say what a column is. A block that looks like no other
(the last month's rows, since a field has another use) is judged by itself too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agents.tools.privacy.found import ColumnScan, Span
from agents.tools.privacy.judging import judge
from agents.tools.privacy.reading import read_texts
from agents.tools.privacy.searching import Search
from agents.tools.privacy.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

BLOCKS, BLOCK_ROWS = 32, 128
_RUNS = re.compile(r"[^\W\d_]+|\d+|\s+")
_BELIEVED, _OFTEN, _FEWEST = 0.6, 0.05, 20


@dataclass(slots=True)
class Part:
    """A column's cells within one block of rows."""

    number: int
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def forms(self) -> Counter[str]:
        """How many cells have each form: letters, digits and blanks as one sign each, however many."""
        made: Counter[str] = Counter()
        for value, count in self.counts.items():
            made[_RUNS.sub(lambda run: "9" if run[0][0].isdigit() else "A" if run[0][0].isalpha() else " ", value)] += (
                count
            )
        return made


@dataclass(slots=True)
class Column:
    """One column so far."""

    tally: Tally
    search: Search = field(default_factory=Search)
    parts: dict[int, Part] = field(default_factory=dict[int, Part])

    def note(self, block: int, cells: pa.Array) -> None:
        """Keep the cells of a block, copied: an Arrow slice would hold its whole batch."""
        part = self.parts.setdefault(block, Part(block))
        for value in cells.to_pylist():
            if value is not None:
                part.counts[value] = part.counts.get(value, 0) + 1


class LargeTable:
    """What is seen of a table while its batches go by; `rows` is how many it has."""

    def __init__(self, rows: int) -> None:
        dice: Any = import_module("numpy.random")
        self._dice = dice.default_rng(5)  # the same table gives the same answer
        self._starts = [number * (rows - BLOCK_ROWS) // (BLOCKS - 1) for number in range(BLOCKS)]
        self._row = 0
        self.columns: dict[str, Column] = {}

    def take(self, rows: int, columns: Mapping[str, tuple[Tally, pa.Array]]) -> None:
        """The next batch: by name the column's empty tally and its cells as texts."""
        inside = list(self._blocks(rows))
        for name, (tally, cells) in columns.items():
            column = self.columns.setdefault(name, Column(tally))
            for number, start, end in inside:
                column.note(number, cells.slice(start, end - start))
            counted = cells.drop_null().value_counts()
            column.search.look(counted.field("values"), counted.field("counts"), self._dice)
        self._row += rows

    def _blocks(self, rows: int) -> Iterator[tuple[int, int, int]]:
        """The blocks in the next rows, in the order in which they are weighed: from all over, so far as they go."""
        for number, start in enumerate(self._starts):
            low, high = max(start - self._row, 0), min(start + BLOCK_ROWS - self._row, rows)
            if low < high:
                yield number, low, high

    @property
    def unseen(self) -> float:
        """How likely it is at most that a kind in 1 of 200 cells of a column was not seen."""
        return max((column.search.unseen for column in self.columns.values()), default=0.0)


def judged(column: Column) -> ColumnScan:
    """What a column holds: by its blocks together; else by what is rare in it; else by a block that is another."""
    parts = [column.parts[number] for number in sorted(column.parts, key=_spread)]
    found = _spans([value for part in parts for value in part.counts])
    tally = column.tally
    for part in parts:
        _fill(tally, part, found)
    scan = judge(_scaled(tally, column.search, {}))
    if scan.pii and scan.confidence >= _BELIEVED and scan.share >= _OFTEN:
        return scan
    rare = _spans(list(column.search.texts()))
    scan = judge(_scaled(tally, column.search, rare))
    return scan if scan.pii else _another(column, parts, found) or scan


def _spans(texts: Sequence[str]) -> dict[str, list[Span]]:
    import pyarrow as pa

    different = list(dict.fromkeys(texts))
    return {different[place]: spans for place, spans in read_texts(pa.array(different, pa.large_string())).items()}


def _spread(number: int) -> int:
    """The place of a block when halves are halved again and again: the first few are from all over."""
    return int(f"{number:05b}"[::-1], 2)


def _fill(tally: Tally, part: Part, found: Mapping[str, list[Span]]) -> None:
    values = list(part.counts)
    own = {place: found[value] for place, value in enumerate(values) if value in found}
    tally.take(values, list(part.counts.values()), own)


def _scaled(tally: Tally, search: Search, found: Mapping[str, list[Span]]) -> Tally:
    """The tally of the blocks as one of the whole column; what was found behind gates is counted there instead."""
    times = search.cells / max(1, tally.cells)
    whole, inside = search.estimated(found)
    known = {*whole, *inside}
    for counted, blocks in ((whole, tally.whole), (inside, tally.inside)):
        counted.update({kind: round(count * times) for kind, count in blocks.items() if kind not in known})
    made = replace(tally, cells=search.cells, cards=round(tally.cards * times), whole=whole, inside=inside)
    if "CREDIT_CARD" in search.crowds and found:
        made.cards = max(made.cards, search.crowds["CREDIT_CARD"].cells)
    return made


def _another(column: Column, parts: Sequence[Part], found: Mapping[str, list[Span]]) -> ColumnScan | None:
    """What blocks hold that are written as the rest of the column is not."""
    forms = {part.number: part.forms for part in parts}
    every = sum(forms.values(), Counter[str]())
    best: list[ColumnScan] = []
    for part in parts:
        mine, rest = forms[part.number], every - forms[part.number]
        if sum(mine.values()) < _FEWEST or _alike(mine, rest) >= 0.5:
            continue
        tally = replace(column.tally, cells=0, cards=0, whole=Counter(), inside=Counter(), sample={})
        _fill(tally, part, found)
        scan = judge(tally)
        if scan.pii and scan.confidence >= _BELIEVED:
            best.append(scan)
    if not best:
        return None
    top = max(best, key=lambda scan: scan.confidence)
    same = sum(scan.type == top.type for scan in best)
    why = f"in {same} of {len(parts)} parts of the table: {top.reason}"
    return replace(top, share=top.share * same / len(parts), reason=why)


def _alike(one: Counter[str], other: Counter[str]) -> float:
    """How much of two spreads of forms is the same, from 0 to 1."""
    mine, theirs = sum(one.values()), max(1, sum(other.values()))
    return sum(min(count / mine, other[form] / theirs) for form, count in one.items())
