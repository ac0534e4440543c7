"""Secrets known by their form: keys, tokens, connection strings, private keys. Names of secrets are none.

Scrubbing (`scrub.py`) masks what might be one; here is only what surely is, because a finding refuses a spec.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import NamedTuple

from resources.secret_forms import FORMS, HOOKS, MARKS


class Secret(NamedTuple):
    """Where a secret stands in a text and what it is; never the value."""

    start: int
    end: int
    type: str


_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*-----|\Z)", re.S)
# scheme://user:password@host, or pairs with a key or password among them
_CONNECTION = re.compile(
    r"\b[a-z][a-z0-9+.\-]*://[^\s:/@\"'<>{}$]{1,64}:(?![{$<*\[])[^\s/\"'<>{}]{3,200}@[\w.\-\[\]:]+[^\s\"'<>]*"
    r"|\b(?:[A-Za-z][A-Za-z ]{1,40}=[^;=\"'\n]{0,200};\s?){1,12}(?:AccountKey|SharedAccessKey|SharedAccessSignature|"
    r"Password|Pwd)=(?![{$<*\[;])[^;\s\"']{4,300}(?:;[A-Za-z ]{2,40}=[^;\"'\n]{0,200}){0,12};?",
    re.I,
)
_TOKEN = re.compile(rf"(?<![\w-])(?:{FORMS})(?![\w-])|{HOOKS}")
# A signature in an address, a password in a variable, a key that is sent: named, whatever it looks like.
_SIGNED = re.compile(
    r"[?&]sig=([\w%+/\-]{20,}=*)|\b[A-Z][A-Z0-9_]*(?:PASSWORD|SECRET|TOKEN)=(?![{$<*\[])([^\s\"'${}<>]{8,200})|"
    r"\bBasic ([A-Za-z0-9+/]{16,}={0,2})(?![\w+/])|://:(?![{$<*\[])([^\s/\"'<>{}@]{6,200})@"
)
_NAMED = re.compile(
    r"(?:api[_-]?key|access[_-]?key|account[_-]?key|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|auth[_-]?token|"
    r"access[_-]?token|bearer[_-]?token|bearer|x-api-key)[\"']?\s*[:= ]\s*[\"']?"
    r"([A-Za-z0-9+/_\-]{20,200}={0,2})(?![\w.])",
    re.I,
)
# A cheap look before each: nearly every text is clean, and loading reads every spec.
_PAIRS = ("accountkey=", "sharedaccess", "password=", "pwd=")
_SIGNS = ("sig=", "PASSWORD=", "SECRET=", "TOKEN=", "Basic ", "://:")
_NAMES = ("api", "access", "account", "secret", "client", "auth", "bearer")
# What a text must hold to hold a secret, for looking through whole columns.
GATE = (
    r"PRIVATE KEY|://[^\s/]*@|(?i:accountkey|sharedaccess|password|pwd)=|(?i:key|secret|token|bearer)|sig=|Basic |"
    rf"{FORMS}|{HOOKS}"
)


def find_secrets(text: str) -> list[Secret]:
    """The secrets in a text, in order of place: PRIVATE_KEY, CONNECTION_STRING, API_KEY."""
    low = text.lower()
    found: list[Secret] = []
    if "PRIVATE KEY" in text:
        found += [Secret(m.start(), m.end(), "PRIVATE_KEY") for m in _PRIVATE_KEY.finditer(text)]
    if ("://" in text and "@" in text) or any(pair in low for pair in _PAIRS):
        found += [Secret(m.start(), m.end(), "CONNECTION_STRING") for m in _CONNECTION.finditer(text)]
    if any(mark in low for mark in MARKS):
        found += [Secret(m.start(), m.end(), "API_KEY") for m in _TOKEN.finditer(text)]
    if any(sign in text for sign in _SIGNS):
        named = ((m, m.lastindex or 0) for m in _SIGNED.finditer(text))
        found += [Secret(m.start(n), m.end(n), "API_KEY") for m, n in named if n == 4 or _random(m[n])]
    if any(name in low for name in _NAMES):
        found += [Secret(m.start(1), m.end(1), "API_KEY") for m in _NAMED.finditer(text) if _random(m[1])]
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda s: (s.start, -s.end)):
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return kept


def _random(value: str) -> bool:
    """Whether letters and digits are mixed as no word mixes them."""
    if not (re.search(r"\d", value) and re.search(r"[A-Za-z]", value)):
        return False
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts) >= 3.2
