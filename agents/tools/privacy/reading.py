"""Whole columns of texts read for personal data: what no gate lets through is never looked at one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agents.tools.privacy.found import Span
from agents.tools.privacy.gates import drawn, few, findings
from agents.tools.privacy.normal import level, visible
from agents.tools.privacy.own import GATE as OWN
from agents.tools.privacy.text import apart, resolved
from resources.names import Names
from resources.secret_values import GATE as SECRETS

if TYPE_CHECKING:
    import pyarrow as pa

# A longer text is read in pieces: some patterns take time that grows with the square of its length.
LONG, PIECE = 10_000, 2_000
_AT_ONCE = 20_000
_BREAK = re.compile(r"[^\d\s]\s+(?=[^\d\s+(])")


def scan_text(texts: Sequence[str], *, names: Names | None = None) -> list[list[Span]]:
    """The spans of personal data and secrets in each text, in order of place; spans do not overlap.

    `names` is asked for people and places where the deployment has a model for them.
    """
    spans = _scan(texts)
    if names is None:
        return spans
    named = names.find(texts)
    return [apart([*own, *(Span(*name) for name in more)]) for own, more in zip(spans, named, strict=True)]


def _scan(texts: Sequence[str]) -> list[list[Span]]:
    import pyarrow as pa

    different = list(dict.fromkeys(texts))
    found: dict[str, list[Span]] = {}
    for start in range(0, len(different), _AT_ONCE):
        part = different[start : start + _AT_ONCE]
        spans = read_texts(pa.array([_encodable(text) for text in part], pa.large_string()))
        found.update((part[place], listed) for place, listed in spans.items())
    return [list(found.get(text, ())) for text in texts]


def read_texts(values: pa.Array) -> dict[int, list[Span]]:
    """The spans in each text, by its place; texts without any are left out."""
    pc: Any = import_module("pyarrow.compute")
    long: list[int] = pc.indices_nonzero(pc.greater(pc.binary_length(values), LONG)).to_pylist()
    found = _read(values if not long else _without(values, long))
    for place in long:
        if spans := _in_pieces(values[place].as_py()):
            found[place] = spans
    return found


def _without(values: pa.Array, places: Sequence[int]) -> pa.Array:
    """The texts with those at some places left empty."""
    import pyarrow as pa

    texts: list[str | None] = values.to_pylist()
    for place in places:
        texts[place] = ""
    return pa.array(texts, pa.large_string())


def _in_pieces(text: str) -> list[Span]:
    """A long text's spans; it is cut between words, where no number goes on."""
    import pyarrow as pa

    starts = [0]
    while len(text) - starts[-1] > PIECE:
        window = text[starts[-1] + PIECE // 2 : starts[-1] + PIECE]
        cuts = [match.end() for match in _BREAK.finditer(window)]
        starts.append(starts[-1] + PIECE // 2 + cuts[-1] if cuts else starts[-1] + PIECE)
    pieces = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    spans: list[Span] = []
    for first in range(0, len(pieces), _AT_ONCE):
        found = _read(pa.array(pieces[first : first + _AT_ONCE], pa.large_string()))
        for place, listed in sorted(found.items()):
            start = starts[first + place]
            spans += [span._replace(start=span.start + start, end=span.end + start) for span in listed]
    return spans


def _encodable(text: str) -> str:
    """Half characters, which no file can hold, as question marks; the length stays."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not text.isascii() else text


def _read(values: pa.Array) -> dict[int, list[Span]]:
    known = findings(values)
    found: dict[int, list[Span]] = {}
    for place in sorted(set(known) | set(_of_our_own(values))):
        if spans := _spans(values[place].as_py(), known.get(place, [])):
            found[place] = spans
    return found


def _of_our_own(values: pa.Array) -> list[int]:
    """The places of texts that our own recognizers have to read."""
    if few(values):
        return list(range(len(values)))
    pc: Any = import_module("pyarrow.compute")
    seen = drawn(values)
    mask = pc.or_(pc.match_substring_regex(seen, OWN, ignore_case=True), pc.match_substring_regex(seen, SECRETS))
    foreign = pc.and_(pc.invert(pc.string_is_ascii(values)), pc.match_substring_regex(values, r"[@\x{FF20}]|\p{Nd}"))
    return pc.indices_nonzero(pc.or_(mask, foreign)).to_pylist()


def _spans(text: str, known: list[Span]) -> list[Span]:
    shown, places = visible(text)
    levelled = level(shown)
    spans = resolved(levelled, known if levelled == text else None)
    if places is None:
        return spans
    return [Span(places[s.start], places[s.end - 1] + 1, s.type, s.score) for s in spans]
