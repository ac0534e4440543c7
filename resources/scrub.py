"""Masks secrets and e-mail addresses in texts that are kept or shown: ledger, notices, logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from resources.secret_forms import FORMS, HOOKS, MARKS

MASK = "[secret]"
EMAIL_MASK = "[email]"

_SECRET_WORD = (
    r"(?:account_?key|access_?key|api_?key|shared_?access_?key|secret_?key|pass_?word|passwd|pwd|secret|token|sig)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)", re.S
        ),
        MASK,
    ),
    # scheme://user:password@host; the password may hold an @ itself, so it reaches to the last one before a slash
    (re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s:/@]*:)[^\s/]+(?=@)", re.I), rf"\1{MASK}"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w\-.~+/]{8,}=*", re.I), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w\-]{6,}\.[\w\-]{4,}\.[\w\-]*"), MASK),
    (re.compile(rf"(?<![\w-])(?:{FORMS})|{HOOKS}"), MASK),
    (re.compile(r"\b(?:sk|pk|rk)-[\w\-]{12,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w\-]{16,}"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bxox[abposr]-[\w\-]{10,}|\bdapi[0-9a-f]{32}\b"), MASK),
    # name=value and "name": "value"; a quoted value ends at its quote, a bare one at the next separator
    (
        re.compile(
            rf"((?<![A-Za-z0-9])[\w\-]*{_SECRET_WORD}[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s;,&\"'}}\)\]]+)", re.I
        ),
        rf"\1{MASK}",
    ),
    # not the container of abfss://container@account
    (re.compile(r"(?<!://)(?<![\w.+\-%])[\w.+\-%]+@[\w\-]+(?:\.[\w\-]+)+"), EMAIL_MASK),
)
_SECRET_KEY = re.compile(rf"(?<![A-Za-z]){_SECRET_WORD}s?$", re.I)
# One cheap look first: nearly every text is clean, and the ledger scrubs every one. Each pattern needs one of these,
# those of names and values one of the second kind and a separator.
_MARKS = (
    "@",
    "-----begin",
    "bearer",
    "basic",
    "eyj",
    "sk-",
    "pk-",
    "rk-",
    "gh",
    "github_pat_",
    "glpat-",
    "akia",
    "asia",
    "xox",
    "dapi",
    *MARKS,
)
_WORDS = ("key", "word", "passwd", "pwd", "secret", "token", "sig")


def scrub_text(text: str, *, emails: bool = True) -> str:
    """The text with keys, tokens, passwords and (unless told) e-mail addresses masked."""
    if not _suspect(text):
        return text
    for pattern, mask in _PATTERNS if emails else _PATTERNS[:-1]:
        text = pattern.sub(mask, text)
    return text


def _suspect(text: str) -> bool:
    if not text.isascii():  # some letters beyond match an ASCII one where case is ignored
        return True
    low = text.lower()
    if any(mark in low for mark in _MARKS):
        return True
    return (":" in low or "=" in low) and any(word in low for word in _WORDS)


def scrub(value: Any) -> Any:
    """A JSON value with every text in it scrubbed; what stands under a key like `password` is masked whole."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        pairs = cast(Mapping[object, Any], value).items()
        return {scrub_text(str(key)): _under(str(key), item) for key, item in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(item) for item in cast(Iterable[Any], value)]
    return value


def _under(key: str, item: Any) -> Any:
    return MASK if isinstance(item, str) and item and _SECRET_KEY.search(key) else scrub(item)
