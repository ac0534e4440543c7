"""Texts with the personal data in them masked, and the rest left to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from assets.kinds.masking.nested import Leaf

# The spans of personal data in each text: (start, end, type), in order of place, without overlap.
Scan = Callable[[Sequence[str]], Sequence[Sequence[tuple[int, int, str]]]]


def masked_inside(array: Any, scan: Scan, leaf: Leaf | None) -> pa.Array:
    """Each text with its spans through `leaf`; without one a span becomes the name of its type, `<PERSON>`."""
    words: list[str] = array.drop_null().to_pylist()
    spans = scan(words)
    pieces = [text[span[0] : span[1]] for text, own in zip(words, spans, strict=True) for span in own]
    kinds = [span[2] for own in spans for span in own]
    hidden = iter(leaf(pa.array(pieces, pa.large_string())).to_pylist() if leaf else [f"<{kind}>" for kind in kinds])
    made = iter([_woven(text, own, hidden) for text, own in zip(words, spans, strict=True)])
    return pa.array([None if missing else next(made) for missing in array.is_null().to_pylist()], pa.large_string())


def _woven(text: str, spans: Sequence[tuple[int, int, str]], hidden: Any) -> str:
    parts: list[str] = []
    at = 0
    for start, end, _ in spans:
        parts += (text[at:start], next(hidden) or "")
        at = end
    return "".join((*parts, text[at:]))
