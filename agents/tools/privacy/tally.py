"""What was seen of one column, in bounded memory: how many cells hold what, and some of its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.tools.privacy.found import Span
from agents.tools.privacy.masks import shape_of

SAMPLE = 2_000
_SURE = 0.45  # a text alone may be guessed at; a column has more to go by
_CARD_LIKE = re.compile(r"(?<![\d.-])[2-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?(?![\d-])")


@dataclass(slots=True)
class Tally:
    """One column so far. `sample` holds the first distinct values with their counts; it stays in this process."""

    name: str
    hint: str = ""
    numeric: bool = False
    cells: int = 0
    whole: Counter[str] = field(default_factory=Counter[str])
    inside: Counter[str] = field(default_factory=Counter[str])
    cards: int = 0
    sample: dict[str, int] = field(default_factory=dict[str, int])

    def take(self, values: Sequence[str], counts: Sequence[int], found: Mapping[int, list[Span]]) -> None:
        """Count a batch's distinct texts; `found` are the spans in them by place, where there are any."""
        for place, (value, count) in enumerate(zip(values, counts, strict=True)):
            if not value.strip():
                continue
            self.cells += count
            if value in self.sample or len(self.sample) < SAMPLE:
                self.sample[value] = self.sample.get(value, 0) + count
            self.cards += count if _CARD_LIKE.search(value) else 0
            if spans := found.get(place):
                self._note(spans, len(value.strip()), count)

    def _note(self, spans: list[Span], length: int, count: int) -> None:
        kinds = {s.type: s.end - s.start >= 0.8 * length for s in spans if s.score >= _SURE}
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
