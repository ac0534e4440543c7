"""What was seen of one column, in bounded memory: how many cells hold what, and some of its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.tools.privacy.found import Span
from agents.tools.privacy.masks import shape_of

SAMPLE = 2_000
_MANY = 20
_SURE = 0.45  # a text alone may be guessed at; a column has more to go by
_CARD_LIKE = re.compile(r"(?<![\w.-])[2-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?(?![\w-])")


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
    said: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """By type the first two different spans within texts, to tell what is the same in all of them."""

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
                self._note(spans, value, count)

    def _note(self, spans: list[Span], value: str, count: int) -> None:
        length = len(value.strip())
        kinds = {s.type: s.end - s.start >= 0.8 * length for s in spans if s.score >= _SURE}
        for kind, whole in kinds.items():
            (self.whole if whole else self.inside)[kind] += count
        for span in spans:
            if len(said := self.said.setdefault(span.type, set())) < 2:
                said.add(value[span.start : span.end])

    def constant(self, kind: str) -> bool:
        """Whether many texts hold one and the same span of this type: a hotline or a server, and nobody's."""
        return len(self.said.get(kind, ())) == 1 and self.inside[kind] >= _MANY and not self.whole[kind]

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
