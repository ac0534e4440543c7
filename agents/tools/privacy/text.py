"""Personal data inside one text: Presidio's findings and our own, none overlapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.tools.privacy.found import Span
from agents.tools.privacy.own import own_spans
from agents.tools.privacy.recognizers import vanilla_spans
from agents.tools.privacy.secrets_found import secrets_in
from agents.tools.privacy.weighing import LEAST, phone_numbers, weighed


def resolved(text: str, vanilla: Sequence[Span] | None = None) -> list[Span]:
    """What a levelled text holds; `vanilla` are Presidio's findings in it where they are known already."""
    found = vanilla_spans(text) if vanilla is None else vanilla
    spans = [*secrets_in(text), *own_spans(text), *phone_numbers(text), *weighed(text, found)]
    return apart(span for span in spans if span.score >= LEAST)


def apart(spans: Iterable[Span]) -> list[Span]:
    """Spans that do not overlap, in order of place: the surest stays, then the longest."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept)
