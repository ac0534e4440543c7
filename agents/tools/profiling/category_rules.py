"""Rules on categories: the set of values, and values that are another one typed differently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from agents.tools.profiling.profile import ColumnProfile
from agents.tools.profiling.writing import ENOUGH, counted, percent, rule
from assets.kinds.spec import Rule

_MOST = 0.05
"""Up to this share, values typed differently go to quarantine; above, somebody is told."""
_SEEN = 5
"""A set is taken for complete when each of its values was seen this often."""
_TYPO = 0.0005
"""Up to this share of rows a value may be a misspelt one; it is at least 200 times rarer than the right one."""
_PLACEHOLDERS = frozenset({"", "-", "--", "?", "n/a", "na", "null", "none", "nan", "#n/a", "undefined"})


def categories(column: ColumnProfile, *, takes: bool = True) -> Iterator[Rule]:
    """The set of a category, without what is another value typed differently or stands for none.

    Only known mistypings take rows out, where `takes`: a value that is new is news, not dirt.
    """
    if column.semantic != "category" or column.present < ENOUGH:
        return
    variants = variants_of(column.top)
    total = sum(n for _, n in column.top)
    blank = {v for v, n in column.top if v.strip().lower() in _PLACEHOLDERS and n <= 0.01 * total}
    wrong = {v: n for v, n in column.top if v in variants or v in blank}
    good = [(v, n) for v, n in column.top if v not in wrong]
    share = sum(wrong.values()) / total
    action = "quarantine" if takes and share <= _MOST else "alert"
    reason = _reason(wrong, variants, share, len(good))
    numbers = {"values": total, "typed_differently": sum(wrong.values()), "distinct": len(good)}
    if _complete(good) and len(good) <= 100 and not column.monotone:
        kwargs = {"column": column.name, "value_set": sorted(v for v, _ in good)}
        evidence = numbers if action == "alert" else {"values": total, "distinct": len(good)}
        yield rule("expect_column_values_to_be_in_set", kwargs, "alert", _reason({}, {}, 0, len(good)), evidence)
    if wrong:
        kwargs = {"column": column.name, "value_set": sorted(wrong)}
        yield rule("expect_column_values_to_not_be_in_set", kwargs, action, reason, numbers)


def _complete(good: Sequence[tuple[str, int]]) -> bool:
    return bool(good) and min(n for _, n in good) >= _SEEN


def _reason(wrong: Mapping[str, int], variants: Mapping[str, str], share: float, good: int) -> str:
    known = f"{counted(good, 'value')} {'makes' if good == 1 else 'make'} up the column"
    if not wrong:
        return known
    pairs = sorted(f"{v!r} for {variants[v]!r}" for v in wrong if v in variants)[:5]
    typed = f" ({', '.join(pairs)})" if pairs else ""
    n = sum(wrong.values())
    return f"{known}; {counted(n, 'row')} ({percent(share)}) have one typed differently or none{typed}"


def variants_of(top: Sequence[tuple[str, int]]) -> dict[str, str]:
    """Values that another, at least four times as frequent one becomes when case, spaces and dots are left aside."""
    best: dict[str, tuple[str, int]] = {}
    for value, count in top:
        best.setdefault(fold(value), (value, count))
    found: dict[str, str] = {}
    for value, count in top:
        right, most = best[fold(value)]
        if value != right and len(fold(value)) >= 2 and 4 * count <= most:
            found[value] = right
    return {**_misspelt(best, sum(n for _, n in top)), **found}


def _misspelt(best: Mapping[str, tuple[str, int]], total: int) -> dict[str, str]:
    """Very rare values that are a frequent one with a letter or two too many, or one letter off in a longer word."""
    found: dict[str, str] = {}
    for form, (value, count) in best.items():
        if count > _TYPO * total:
            continue
        for other, (right, most) in best.items():
            if count <= 10 * _TYPO * most and _near(form, other):
                found[value] = right
                break
    return found


def _near(form: str, other: str) -> bool:
    from rapidfuzz.distance import DamerauLevenshtein

    if form == other or not form.isalpha() or not other.isalpha():
        return False
    longer = len(other) >= 3 and form.startswith(other) and len(form) - len(other) <= 2
    return longer or (len(other) >= 5 and DamerauLevenshtein.distance(form, other) == 1)


def fold(value: str) -> str:
    """What stays without case, accents, outer dots and inner separators; signs stay: A+ is not A."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c)).casefold()
    return re.sub(r"(?<=[^\W_])[\s._\-]+(?=[^\W_])", "", plain.strip().strip("."))
