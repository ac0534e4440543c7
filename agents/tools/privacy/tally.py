"""What was seen of one column, in bounded memory: how many cells hold what, and some of its values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.tools.privacy.masks import shape_of
from agents.tools.privacy.text import spans_of

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 2_000
_SURE = 0.45  # a text alone may be guessed at; a column has more to go by
_CARD_LIKE = re.compile(r"(?<![\d.-])[2-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?(?![\d-])")


@dataclass(slots=True)
class Tally:
    """One column so far. `sample` holds the first distinct values with their counts; it stays in this process."""

    name: str
    hint: str = ""
    numeric: bool = False
    rows: int = 0
    cells: int = 0
    whole: Counter[str] = field(default_factory=Counter[str])
    inside: Counter[str] = field(default_factory=Counter[str])
    cards: int = 0
    sample: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, column: pa.Array | None, rows: int) -> None:
        """Read a batch's cells."""
        self.rows += rows
        if column is None:
            return
        for pair in column.value_counts().to_pylist():
            value, count = pair["values"], pair["counts"]
            if value is None or not value.strip():
                continue
            self.cells += count
            if value in self.sample or len(self.sample) < SAMPLE:
                self.sample[value] = self.sample.get(value, 0) + count
            self.cards += count if _CARD_LIKE.search(value) else 0
            length = len(value.strip())
            kinds = {s.type: s.end - s.start >= 0.8 * length for s in spans_of(value) if s.score >= _SURE}
            for kind, whole in kinds.items():
                (self.whole if whole else self.inside)[kind] += count

    def passes(self, kind: str) -> float:
        """Of the cells that are formed like this type, the part that passes its check."""
        found = self.whole[kind] + self.inside[kind]
        return found / max(1, found, self.cards)

    def examples(self) -> tuple[str, ...]:
        """Shapes of the column's most frequent values; no character of a value but its separators."""
        shapes: Counter[str] = Counter()
        for value, count in self.sample.items():
            shapes[shape_of(value)] += count
        return tuple(shape for shape, _ in shapes.most_common(3))
