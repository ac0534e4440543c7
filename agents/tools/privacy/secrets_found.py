"""Keys, tokens, passwords and connection strings inside texts."""

from __future__ import annotations

import re
from typing import NamedTuple

from agents.tools.privacy.found import Span


class _Mark(NamedTuple):
    type: str
    pattern: re.Pattern[str]


_MARKS = (
    _Mark(
        "PRIVATE_KEY", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
    ),
    _Mark("CONNECTION_STRING", re.compile(r"\b[a-z][a-z0-9+.\-]*://[^\s:/@\"']*:[^\s/\"']+@[^\s\"']+", re.I)),
)


def secrets_in(text: str) -> list[Span]:
    """The secrets in a text: PRIVATE_KEY, CONNECTION_STRING, API_KEY, in order of place."""
    return sorted(
        Span(match.start(), match.end(), mark.type, 1.0) for mark in _MARKS for match in mark.pattern.finditer(text)
    )
