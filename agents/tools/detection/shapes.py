"""The shape of values: what kinds of characters stand where, exact or with runs taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_SHAPED = 120


@dataclass(frozen=True)
class Shapes:
    """For each value its shape at three levels of detail.

    `exact` keeps every character's kind (`Aaaa 99-9`), `runs` takes equal kinds together (`Aa 9-9`), `words` forgets case
    and how many words there are (`a 9-9`).
    """

    exact: list[str]
    runs: list[str]
    words: list[str]


def shapes_of(values: Sequence[str]) -> Shapes:
    """Shapes of the start of each value, computed by Arrow in one pass a level."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def replaced(texts: Any, pattern: str, by: str) -> Any:
        return pc.replace_substring_regex(texts, pattern=pattern, replacement=by)

    start = pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(pa.array(values, pa.large_string()), 0, _SHAPED))
    # Capitals become marks first, which no later step touches before it is their turn.
    exact = replaced(replaced(start, r"\p{N}", "\x01"), r"\p{Lu}", "\x02")
    exact = replaced(replaced(replaced(exact, r"[\p{L}\p{M}]", "a"), "\x01", "9"), "\x02", "A")
    runs = replaced(replaced(replaced(exact, "A+", "A"), "a+", "a"), "9+", "9")
    words = replaced(replaced(runs, "[Aa]+", "a"), r"a(?: a)+", "a")
    return Shapes(exact.to_pylist(), runs.to_pylist(), words.to_pylist())


def share_by_shape(shapes: Sequence[str], counts: np.ndarray[Any, Any]) -> dict[str, int]:
    """How many rows have each shape."""
    found: dict[str, int] = {}
    for shape, count in zip(shapes, counts.tolist(), strict=True):
        found[shape] = found.get(shape, 0) + count
    return found


def shape_of(text: str) -> str:
    """The exact shape of one value."""
    return "".join("A" if c.isupper() else "a" if c.isalpha() else "9" if c.isnumeric() else c for c in text)
