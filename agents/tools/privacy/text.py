"""Personal data inside texts."""

from __future__ import annotations

from collections.abc import Sequence

from agents.tools.privacy.found import Span
from agents.tools.privacy.recognizers import vanilla_spans

_LEAST = 0.4


def scan_text(texts: Sequence[str]) -> list[list[Span]]:
    """The spans of personal data in each text, in order of place; spans do not overlap."""
    return [spans_of(text) for text in texts]


def spans_of(text: str) -> list[Span]:
    """The surest first claims its place; what overlaps it is left out."""
    kept: list[Span] = []
    for span in vanilla_spans(text):
        if span.score >= _LEAST and all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept)
