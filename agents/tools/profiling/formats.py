"""Forms of text: well-known ones, and codes whose pattern is learnt from the values themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from agents.tools.profiling.profile import Semantic

KNOWN: tuple[tuple[str, Semantic, str], ...] = (
    ("uuid", "identifier", r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"),
    ("email", "email", r"^[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+$"),
    ("url", "url", r"^https?://[^\s/]+\S*$"),
    ("ipv4", "code", r"^\d{1,3}(?:\.\d{1,3}){3}$"),
    ("iso date", "date as text", r"^\d{4}-\d{2}-\d{2}$"),
    ("iso time", "date as text", r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$"),
    ("day date", "date as text", r"^\d{1,2}[./]\d{1,2}[./]\d{4}$"),
    ("whole number", "number as text", r"^[+-]?\d+$"),
    ("decimal number", "number as text", r"^[+-]?\d+(?:[.,]\d+)?$"),
    ("phone", "phone", r"^\+?\(?\d[\d\s()./-]{5,18}\d(?:\s*(?:x|ext\.?)\s*\d+)?$"),
)
TYPICAL = 0.85
"""From this share of values on, a column is of a format: what does not follow may be dirt."""
_LONGEST = 40
_RARE = 0.005


def known_format(values: Sequence[str]) -> tuple[str, Semantic, str] | None:
    """The first well-known format that most values follow."""
    for name, semantic, pattern in KNOWN:
        follows = re.compile(pattern).search
        if sum(1 for value in values if follows(value)) >= TYPICAL * len(values):
            return name, semantic, pattern
    return None


def learn_code(values: Sequence[str]) -> str | None:
    """One regular expression for codes such as `AB-00123`, or None where the values are not codes.

    Forms that fewer than 0.5 % follow are taken for dirt; lengths that vary are left open.
    """
    if not values:
        return None
    parsed = [_runs(value) for value in values if 0 < len(value) <= _LONGEST]
    forms = Counter(tuple(kind for kind, _ in runs) for runs in parsed)
    common = [form for form, count in forms.most_common(5) if count >= _RARE * len(values)]
    covered = sum(forms[form] for form in common)
    with_digit = sum(1 for form in common if "9" in form for _ in range(forms[form]))
    if not common or covered < 0.97 * len(values) or with_digit < covered or any(" " in form for form in common):
        return None
    if max(len(form) for form in common) > 7:
        return None
    patterns = sorted(_pattern(form, [runs for runs in parsed if tuple(k for k, _ in runs) == form]) for form in common)
    return f"^(?:{'|'.join(patterns)})$" if len(patterns) > 1 else f"^{patterns[0]}$"


def _runs(value: str) -> list[tuple[str, str]]:
    return [(kind, "".join(chars)) for kind, chars in groupby(value, key=_kind)]


def _kind(char: str) -> str:
    if "0" <= char <= "9":
        return "9"
    if char.isalpha():
        return "A" if char.isupper() else "a"
    return char


_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}


def _pattern(form: tuple[str, ...], parsed: Sequence[list[tuple[str, str]]]) -> str:
    parts: list[str] = []
    for place, kind in enumerate(form):
        texts = [runs[place][1] for runs in parsed]
        lengths = Counter(len(text) for text in texts)
        usual = [length for length, count in lengths.items() if count >= _RARE * len(texts)]
        padded = any(text.startswith("0") for text in texts)
        if kind == "9" and padded and max(lengths.values()) >= 0.97 * len(texts):
            usual = [max(lengths, key=lambda length: lengths[length])]
        if kind not in _CLASSES:
            parts.append(re.escape(kind) + ("" if usual == [1] else "+"))
            continue
        grows = kind == "9" and not padded
        if len(usual) == 1:
            # A counter without leading zeros gets longer one day.
            parts.append(f"{_CLASSES[kind]}{{{usual[0]}{f',{usual[0] + 2}' if grows else ''}}}")
        else:
            parts.append(f"{_CLASSES[kind]}+")
    return "".join(parts)
