"""Takes one change of an entry back, and leaves what was changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.spec_merge import RULES, Path, in_order, leaves, rule_identity, same, tree

Values = dict[Path, Any]


def reverted(
    current: Mapping[str, Any], wrote: Mapping[str, Any], former: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The entry without what a change made of it, and the fields that were edited since and so stand in the way."""
    now, new, old = _values(current), _values(wrote), _values(former)
    blocked: list[str] = []
    for path in {**new, **old}:
        if _equal(path, new, old) or _equal(path, now, old):
            continue
        if not _equal(path, now, new):
            blocked.append("/".join(path))
        elif path in old:
            now[path] = old[path]
        else:
            del now[path]
    rules = [now.pop(path) for path in list(now) if path[0] == RULES]
    entry = tree(now)
    if rules:
        entry[RULES] = rules
    return in_order(entry, current), sorted(blocked)


def _values(entry: Mapping[str, Any]) -> Values:
    """Fields by path, rules by identity."""
    found = dict(leaves({key: value for key, value in entry.items() if key != RULES}))
    return {**found, **{(RULES, rule_identity(rule)): rule for rule in entry.get(RULES) or []}}


def _equal(path: Path, one: Values, other: Values) -> bool:
    return (path in one) == (path in other) and same(one.get(path), other.get(path))
