"""Presidio's English recognizers, run without its engine: the same findings on every text, at a fraction of the cost.

The engine copies its registry and every finding for each text, and explains each one. Here its recognizers' own
patterns and checks run on the text directly. No model is loaded and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from agents.tools.privacy.found import Span
from agents.tools.privacy.phones import digits_any_region_may_know, phone_finder

Find = Callable[[str], list[Span]]


class Finder(NamedTuple):
    """One recognizer: the type it finds, its patterns as text, the digits without which it finds nothing, its search.

    A recognizer with neither patterns nor digits has to read every text.
    """

    type: str
    patterns: tuple[str, ...]
    find: Find
    digits: str = ""


@cache
def finders() -> tuple[Finder, ...]:
    """Presidio's recognizers for English, as its registry loads them by default."""
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    made: list[Finder] = []
    for recognizer in recognizers():
        kind = recognizer.supported_entities[0]
        if type(recognizer) is PhoneRecognizer:
            made.append(Finder(kind, (), _phones(recognizer), digits_any_region_may_know(recognizer)))
        elif isinstance(recognizer, PatternRecognizer):
            # A search of its own around the same patterns still needs one of them to match.
            own = type(recognizer).analyze is PatternRecognizer.analyze
            patterns = tuple(pattern.regex for pattern in recognizer.patterns)
            made.append(Finder(kind, patterns, _patterns(recognizer) if own else _asked(recognizer)))
        else:
            made.append(Finder(kind, (), _asked(recognizer)))
    return tuple(made)


@cache
def recognizers() -> tuple[Any, ...]:
    """The recognizer objects, made offline."""
    import tldextract
    from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

    # The default would fetch the list of public suffixes from the network; the one it ships is enough.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    registry = RecognizerRegistryProvider(
        registry_configuration={"supported_languages": ["en"]}
    ).create_recognizer_registry()
    return tuple(registry.get_recognizers(language="en", all_fields=True))


def vanilla_spans(text: str) -> list[Span]:
    """All of Presidio's findings in a text, each type's contained ones removed, as its engine orders them."""
    found: list[Span] = []
    for finder in finders():
        found += finder.find(text)
    return keep_widest(found)


def keep_widest(spans: Sequence[Span]) -> list[Span]:
    """Without what a span of the same type contains at no lower score; the surest first."""
    kept: list[Span] = []
    active: list[Span] = []
    kind = ""
    for span in sorted(set(spans), key=lambda s: (s.type, s.start, s.start - s.end, -s.score)):
        if span.score == 0:
            continue
        if span.type != kind:
            kind, active = span.type, []
        active = [other for other in active if other.end >= span.start]
        if not any(span.end <= other.end and span.score <= other.score for other in active):
            kept.append(span)
            active.append(span)
    return sorted(kept, key=lambda s: (-s.score, s.start, s.start - s.end))


def _patterns(recognizer: Any) -> Find:
    """A PatternRecognizer's findings: pattern, its validation, its invalidation."""
    import regex
    from presidio_analyzer import PatternRecognizer

    kind = recognizer.supported_entities[0]
    compiled = [
        (regex.compile(pattern.regex, flags=recognizer.global_regex_flags), pattern.score)
        for pattern in recognizer.patterns
    ]
    validates = type(recognizer).validate_result is not PatternRecognizer.validate_result
    invalidates = type(recognizer).invalidate_result is not PatternRecognizer.invalidate_result

    def find(text: str) -> list[Span]:
        found: list[Span] = []
        for pattern, base in compiled:
            for match in pattern.finditer(text):
                start, end = match.span()
                if start == end:
                    continue
                part, score = text[start:end], base
                if validates and (valid := recognizer.validate_result(part)) is not None:
                    score = 1.0 if valid else 0.0
                if score and invalidates and recognizer.invalidate_result(part):
                    continue
                if score:
                    found.append(Span(start, end, kind, score))
        return found if len(found) < 2 else keep_widest(found)

    return find


def _asked(recognizer: Any) -> Find:
    """A recognizer with a search of its own is asked as it is."""
    entities = recognizer.supported_entities

    def find(text: str) -> list[Span]:
        results = recognizer.analyze(text=text, entities=entities, nlp_artifacts=None)
        return [Span(r.start, r.end, r.entity_type, r.score) for r in results or ()]

    return find


def _phones(recognizer: Any) -> Find:
    find_numbers, kind, score = phone_finder(recognizer), recognizer.supported_entities[0], recognizer.SCORE

    def find(text: str) -> list[Span]:
        return keep_widest([Span(start, end, kind, score) for start, end in find_numbers(text)])

    return find
