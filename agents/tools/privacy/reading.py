"""Whole columns of texts read for personal data: what no gate lets through is never looked at one by one."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from agents.tools.privacy.found import Span
from agents.tools.privacy.gates import FEW, drawn, findings
from agents.tools.privacy.normal import level, visible
from agents.tools.privacy.own import GATE as OWN
from agents.tools.privacy.text import resolved
from resources.secret_values import GATE as SECRETS

if TYPE_CHECKING:
    import pyarrow as pa

LONG = 50_000
_BREAK = re.compile(r"\s+")


def read_texts(values: pa.Array) -> dict[int, list[Span]]:
    """The spans in each text, by its place; texts without any are left out. Long texts are read in pieces."""
    known = findings(values)
    places = set(known) | set(_of_our_own(values))
    found: dict[int, list[Span]] = {}
    for place in sorted(places):
        text = values[place].as_py()
        if spans := _spans(text, known.get(place, [])):
            found[place] = spans
    return found


def _of_our_own(values: pa.Array) -> list[int]:
    """The places of texts that our own recognizers have to read."""
    if len(values) < FEW:
        return list(range(len(values)))
    pc: Any = import_module("pyarrow.compute")
    seen = drawn(values)
    mask = pc.or_(pc.match_substring_regex(seen, OWN, ignore_case=True), pc.match_substring_regex(seen, SECRETS))
    foreign = pc.and_(pc.invert(pc.string_is_ascii(values)), pc.match_substring_regex(seen, "[0-9@]"))
    return pc.indices_nonzero(pc.or_(mask, foreign)).to_pylist()


def _spans(text: str, known: list[Span]) -> list[Span]:
    shown, _ = visible(text)
    levelled = level(shown)
    return resolved(levelled, known if levelled == text else None)
