"""Secrets in what people and libraries say: refused where a person typed them, hidden where they would be kept.

Only what surely is a secret counts (`secret_values.py`), and a password that words name as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from agents.core.errors import Denied
from resources.scrub import MASK
from resources.secret_values import Secret, find_secrets

# `password is X`, with X as no word is written: small and capital letters and digits.
_PASSWORD = re.compile(
    r"\b(?:password|passwd|passphrase|pwd)\b[\"']?\s*(?:is|was|=|:)\s*[\"'`]?"
    r"((?=[^\s\"'`]*[a-z])(?=[^\s\"'`]*[A-Z])(?=[^\s\"'`]*\d)[^\s\"'`]{6,200})",
    re.I,
)
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)", re.S)
_FIX = (
    "say it without: keep the value as a secret and name that (connections.yaml: ${secret:NAME}); "
    "replace it at its source, for it has been typed where others read"
)


def secrets_said(text: str) -> list[Secret]:
    """The secrets in a person's words, in order of place."""
    found = find_secrets(text)
    for match in _PASSWORD.finditer(text):
        if _MIXED.match(match[1]) and not any(s.start < match.end(1) and match.start(1) < s.end for s in found):
            found.append(Secret(match.start(1), match.end(1), "PASSWORD"))
    return sorted(found)


def refuse_secrets(said: object, what: str) -> None:
    """Raise Denied, without the value, where a text within `said` holds a secret. `what` was said, such as the goal."""
    for text in _texts(said):
        if found := secrets_said(text):
            raise Denied(f"{what} holds a secret (it looks like {found[0].type}), so nothing of it is kept", fix=_FIX)


def hidden(text: str) -> str:
    """The text with each secret in it masked."""
    for secret in reversed(find_secrets(text)):
        text = text[: secret.start] + MASK + text[secret.end :]
    return text


def hide(value: Any) -> Any:
    """A JSON value with each secret masked; the same object where there is none."""
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value)
        made = {hide(key): hide(item) for key, item in pairs.items()}
        return value if made == pairs else made
    if isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        listed = [hide(item) for item in items]
        return cast("Any", value) if listed == list(items) else listed
    return value


def _texts(said: object) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, Mapping):
        for key, item in cast("Mapping[object, object]", said).items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(said, list | tuple | set | frozenset):
        for item in cast("Iterable[object]", said):
            yield from _texts(item)
