"""What was seen of one column, in bounded memory: how many cells hold what, and some of its values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.tools.privacy.masks import shape_of
from agents.tools.privacy.recognizers import vanilla_spans

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 2_000


@dataclass(slots=True)
class Tally:
    """One column so far. `sample` holds the first distinct values with their counts; it stays in this process."""

    name: str
    hint: str = ""
    rows: int = 0
    cells: int = 0
    whole: Counter[str] = field(default_factory=Counter[str])
    inside: Counter[str] = field(default_factory=Counter[str])
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
            length = len(value.strip())
            for kind, whole in {
                s.type: s.end - s.start >= length for s in vanilla_spans(value) if s.score >= 0.4
            }.items():
                (self.whole if whole else self.inside)[kind] += count

    def examples(self) -> tuple[str, ...]:
        """Shapes of the column's most frequent values; no character of a value but its separators."""
        shapes: Counter[str] = Counter()
        for value, count in self.sample.items():
            shapes[shape_of(value)] += count
        return tuple(shape for shape, _ in shapes.most_common(3))
