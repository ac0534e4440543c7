"""Names of checks: stable when limits change, unique within a table, fit for Dagster."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from assets.kinds.spec import Rule

_SHORT = {
    "expect_column_values_to_not_be_null": "not_null",
    "expect_column_values_to_be_null": "null",
    "expect_column_values_to_be_unique": "unique",
    "expect_compound_columns_to_be_unique": "unique",
    "expect_column_values_to_be_between": "between",
    "expect_column_values_to_be_in_set": "in_set",
    "expect_column_values_to_not_be_in_set": "not_in_set",
    "expect_column_values_to_match_regex": "matches",
    "expect_column_values_to_not_match_regex": "not_matches",
    "expect_column_values_to_be_of_type": "type",
    "expect_column_values_to_be_in_type_list": "type",
    "expect_column_value_lengths_to_be_between": "length_between",
    "expect_column_value_lengths_to_equal": "length",
    "expect_column_pair_values_a_to_be_greater_than_b": "at_least",
    "expect_column_pair_values_to_be_equal": "equal",
    "expect_column_to_exist": "exists",
    "expect_table_row_count_to_be_between": "row_count",
    "expect_table_columns_to_match_set": "columns",
    "unexpected_rows_expectation": "rows",
}
_PREFIX = frozenset({"not_null", "null", "unique", "not_in_set", "not_matches", "type", "length"})


def check_names(rules: Sequence[Rule]) -> tuple[str, ...]:
    """One name per rule, in order, of `[A-Za-z0-9_]+`; where two would share one, the later carries its identity."""
    taken: set[str] = set()
    names: list[str] = []
    for rule in rules:
        name = plain = _name(rule)
        if name in taken:
            own = f"{plain}_{_safe(rule.meta.id)}" if rule.meta.id else plain
            name = own if own not in taken else f"{plain}_{rule.identity[:6]}"
        number = 2
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return tuple(names)


def _name(rule: Rule) -> str:
    """The plain name; a rule about some rows only says so, whatever other rules there are."""
    name = _plain_name(rule)
    return f"{name}_where_{rule.identity[:6]}" if rule.condition else name


def _plain_name(rule: Rule) -> str:
    if rule.type == "unexpected_rows_expectation":
        return _safe(rule.meta.id) if rule.meta.id else f"rows_{rule.identity[:6]}"
    short = _SHORT.get(rule.type) or re.sub(r"^expect_(column_)?|_to_be_between$", "", rule.type)
    subject = _subject(rule)
    if not subject:
        return _safe(short)
    return _safe(f"{short}_{subject}" if short in _PREFIX else f"{subject}_{short}")


def _subject(rule: Rule) -> str:
    kwargs = rule.kwargs
    if "column" in kwargs:
        return str(kwargs["column"])
    if isinstance(kwargs.get("column_list"), list | tuple):
        return "_".join(str(name) for name in kwargs["column_list"])
    return "_".join(str(kwargs[name]) for name in ("column_A", "column_B") if name in kwargs)


def _safe(text: str) -> str:
    """Only letters Dagster takes; what was lost is told apart by a digest."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", text)
    if plain == text and len(text) <= 100:
        return plain
    return f"{plain[:80].strip('_')}_{hashlib.sha256(text.encode()).hexdigest()[:6]}".strip("_")
