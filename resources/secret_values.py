"""Secrets known by their form: keys, tokens, connection strings, private keys. Names of secrets are none.

Scrubbing (`scrub.py`) masks what might be one; here is only what surely is, because a finding refuses a spec.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import NamedTuple


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
_TOKEN = re.compile(
    r"(?<![\w-])(?:sk-(?:proj-|ant-|live-)?[\w\-]{20,}|[sr]k_(?:live|test)_\w{16,}|gh[pousr]_\w{30,}|github_pat_\w{30,}|"
    r"glpat-[\w\-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|xox[abposr]-[\w\-]{10,}|dapi[0-9a-f]{32}|AIza[\w\-]{35}|"
    r"SG\.[\w\-]{16,}\.[\w\-]{32,}|npm_\w{36}|pypi-[\w\-]{40,}|hf_[A-Za-z]{30,}|ya29\.[\w\-]{30,}|"
    r"eyJ[\w\-]{8,}\.eyJ[\w\-]{8,}\.[\w\-]{16,})(?![\w-])"
)
_NAMED = re.compile(
    r"(?:api[_-]?key|access[_-]?key|account[_-]?key|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|auth[_-]?token|"
    r"access[_-]?token|bearer[_-]?token|bearer|x-api-key)[\"']?\s*[:= ]\s*[\"']?"
    r"([A-Za-z0-9+/_\-]{20,200}={0,2})(?![\w.])",
    re.I,
)
# A cheap look before each: nearly every text is clean, and loading reads every spec.
_PREFIXES = (
    "sk-",
    "sk_",
    "rk_",
    "gh",
    "glpat-",
    "AKIA",
    "ASIA",
    "xox",
    "dapi",
    "AIza",
    "SG.",
    "npm_",
    "pypi-",
    "hf_",
    "ya29.",
    "eyJ",
)
_PAIRS = ("accountkey=", "sharedaccess", "password=", "pwd=")
_NAMES = ("api", "access", "account", "secret", "client", "auth", "bearer")
# What a text must hold to hold a secret, for looking through whole columns.
GATE = (
    r"PRIVATE KEY|://[^\s/]*@|(?i:accountkey|sharedaccess|password|pwd)=|[sr]k[-_]|gh[pousr]_|github_pat_|glpat-|A[KS]IA|"
    r"xox[abposr]-|dapi[0-9a-f]|AIza|SG\.|npm_|pypi-|hf_|ya29\.|eyJ|(?i:key|secret|token|bearer)"
)


def find_secrets(text: str) -> list[Secret]:
    """The secrets in a text, in order of place: PRIVATE_KEY, CONNECTION_STRING, API_KEY."""
    low = text.lower()
    found: list[Secret] = []
    if "PRIVATE KEY" in text:
        found += [Secret(m.start(), m.end(), "PRIVATE_KEY") for m in _PRIVATE_KEY.finditer(text)]
    if ("://" in text and "@" in text) or any(pair in low for pair in _PAIRS):
        found += [Secret(m.start(), m.end(), "CONNECTION_STRING") for m in _CONNECTION.finditer(text)]
    if any(prefix in text for prefix in _PREFIXES):
        found += [Secret(m.start(), m.end(), "API_KEY") for m in _TOKEN.finditer(text)]
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
