"""Rules on several columns of a row, and on lists of patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.columns import NUMBERS, TIMES, Column, literal, text_literal
from assets.kinds.rules.compiled import RowCheck
from assets.kinds.rules.regex import to_re2
from assets.kinds.rules.registry import rule_type
from assets.kinds.rules.row_checks import as_text, on_values, text_of

_IGNORE = ("all_values_are_missing", "any_value_is_missing", "never")
_PAIR_IGNORE = ("both_values_are_missing", "either_value_is_missing", "neither")
_SEVERAL = ("column_list", "ignore_row_if", "mostly")


@rule_type("expect_column_values_to_match_regex_list", "column", "mostly", "regex_list", "match_on")
def match_regex_list(given: Arguments) -> RowCheck:
    return _patterns(given, "regex_list", _regex, given.choice("match_on", ("any", "all")), wanted=True)


@rule_type("expect_column_values_to_not_match_regex_list", "column", "mostly", "regex_list")
def not_match_regex_list(given: Arguments) -> RowCheck:
    return _patterns(given, "regex_list", _regex, "any", wanted=False)


@rule_type("expect_column_values_to_match_like_pattern", "column", "mostly", "like_pattern", "escape")
def like(given: Arguments) -> RowCheck:
    column = text_of(given)
    return on_values(given, column, f"NOT {_like(given, column, given.text('like_pattern'))}")


@rule_type("expect_column_values_to_not_match_like_pattern", "column", "mostly", "like_pattern", "escape")
def not_like(given: Arguments) -> RowCheck:
    column = text_of(given)
    return on_values(given, column, _like(given, column, given.text("like_pattern")))


@rule_type(
    "expect_column_values_to_match_like_pattern_list", "column", "mostly", "like_pattern_list", "match_on", "escape"
)
def like_list(given: Arguments) -> RowCheck:
    return _patterns(given, "like_pattern_list", _like, given.choice("match_on", ("any", "all")), wanted=True)


@rule_type("expect_column_values_to_not_match_like_pattern_list", "column", "mostly", "like_pattern_list", "escape")
def not_like_list(given: Arguments) -> RowCheck:
    return _patterns(given, "like_pattern_list", _like, "any", wanted=False)


@rule_type(
    "expect_column_pair_values_to_be_in_set", "column_A", "column_B", "ignore_row_if", "mostly", "value_pairs_set"
)
def pair_in_set(given: Arguments) -> RowCheck:
    pair = [given.column("column_A"), given.column("column_B")]
    allowed = [list(values) for values in given.items("value_pairs_set") if isinstance(values, list | tuple)]
    if len(allowed) != len(given.items("value_pairs_set")) or any(len(values) != 2 for values in allowed):
        raise given.error("argument 'value_pairs_set' must hold pairs", "write it as [[a, b], ...]")
    fits = " OR ".join(_same_as(given, pair, values) for values in allowed)
    return _on_rows(given, pair, f"NOT ({fits})" if fits else "TRUE", _PAIR_IGNORE)


@rule_type("expect_multicolumn_sum_to_equal", *_SEVERAL, "sum_total")
def sum_equals(given: Arguments) -> RowCheck:
    columns, total = _columns(given), given.value("sum_total")
    for column in columns:
        given.require_number(column)
    if isinstance(total, bool) or not isinstance(total, int | float):
        raise given.error("argument 'sum_total' must be a number")
    added = " + ".join(column.value for column in columns)
    return _on_rows(given, columns, f"NOT coalesce({added} = {literal(total, columns[0], given.where)}, FALSE)")


@rule_type("expect_multicolumn_values_to_be_equal", *_SEVERAL)
def all_equal(given: Arguments) -> RowCheck:
    first, *others = columns = _columns(given)
    for column in others:
        _require_comparable(given, first, column)
    return _on_rows(given, columns, " OR ".join(f"{first.value} IS DISTINCT FROM {c.value}" for c in others))


@rule_type("expect_select_column_values_to_be_unique_within_record", *_SEVERAL)
def unique_within_row(given: Arguments) -> RowCheck:
    columns = _columns(given)
    same = [f"{a.value} IS NOT DISTINCT FROM {b.value}" for a, b in combinations(columns, 2) if _are_comparable(a, b)]
    return _on_rows(given, columns, " OR ".join(same) or "FALSE")


def _patterns(
    given: Arguments, name: str, match: Callable[[Arguments, Column, str], str], on: str, *, wanted: bool
) -> RowCheck:
    column, patterns = text_of(given), given.items(name)
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise given.error(f"argument {name!r} must be a list of texts", "give at least one")
    found = f"({(' OR ' if on == 'any' else ' AND ').join(match(given, column, pattern) for pattern in patterns)})"
    return on_values(given, column, f"NOT {found}" if wanted else found)


def _regex(given: Arguments, column: Column, pattern: str) -> str:
    return f"regexp_matches({as_text(column)}, {text_literal(to_re2(pattern, given.where))})"


def _like(given: Arguments, column: Column, pattern: str) -> str:
    escape = given.rule.kwargs.get("escape")
    if escape is not None and (not isinstance(escape, str) or len(escape) != 1):
        raise given.error("argument 'escape' must be one character")
    ending = f" ESCAPE {text_literal(escape)}" if escape else ""
    return f"({as_text(column)} LIKE {text_literal(pattern)}{ending})"


def _columns(given: Arguments) -> list[Column]:
    columns = [given.named(str(name)) for name in given.items("column_list")]
    if len(columns) < 2:
        raise given.error("argument 'column_list' needs two columns or more")
    return columns


def _same_as(given: Arguments, pair: Sequence[Column], values: Sequence[Any]) -> str:
    both = [
        f"{column.value} IS NULL" if value is None else f"{column.value} = {literal(value, column, given.where)}"
        for column, value in zip(pair, values, strict=True)
    ]
    return f"coalesce({' AND '.join(both)}, FALSE)"


def _are_comparable(a: Column, b: Column) -> bool:
    return a.family == b.family or any({a.family, b.family} <= group for group in (NUMBERS, TIMES))


def _require_comparable(given: Arguments, a: Column, b: Column) -> None:
    if not _are_comparable(a, b):
        raise given.error(f"column {a.name!r} is {a.type}, {b.name!r} is {b.type}: they cannot be compared")


def _on_rows(
    given: Arguments, columns: Sequence[Column], bad: str, choices: tuple[str, str, str] = _IGNORE
) -> RowCheck:
    ignore = choices.index(given.choice("ignore_row_if", choices))
    names = tuple(column.name for column in columns)
    if ignore == 2:
        return RowCheck(names, f"({bad})", None, given.mostly())
    missing = f"({(' AND ', ' OR ')[ignore].join(f'NOT {column.present}' for column in columns)})"
    return RowCheck(names, f"(NOT {missing} AND ({bad}))", missing, given.mostly())
