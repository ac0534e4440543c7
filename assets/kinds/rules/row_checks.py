"""Rules on single rows: compiled to one SQL predicate each, with Great Expectations' treatment of missing values."""

from __future__ import annotations

from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.columns import TIMES, Column, literal, text_literal
from assets.kinds.rules.compiled import RowCheck
from assets.kinds.rules.regex import to_re2
from assets.kinds.rules.registry import rule_type

_TEXTLIKE = ("text", "integer", "date", "boolean")
_LIMITS = ("min_value", "max_value", "strict_min", "strict_max")
_PAIR = ("column_A", "column_B", "ignore_row_if", "mostly")


@rule_type("expect_column_values_to_not_be_null", "column", "mostly")
def not_null(given: Arguments) -> RowCheck:
    column = given.column()
    return RowCheck((column.name,), f"NOT {column.present}", None, given.mostly())


@rule_type("expect_column_values_to_be_null", "column", "mostly")
def null(given: Arguments) -> RowCheck:
    column = given.column()
    return RowCheck((column.name,), column.present, None, given.mostly())


@rule_type("expect_column_values_to_be_between", "column", "mostly", *_LIMITS)
def between(given: Arguments) -> RowCheck:
    column = given.column()
    limits = given.limits(column.family)
    parts: list[str] = []
    for name, strict, operator in (("min_value", limits.strict_low, "<"), ("max_value", limits.strict_high, ">")):
        if given.rule.kwargs.get(name) is not None:
            limit = literal(given.rule.kwargs[name], column, given.where)
            parts.append(f"{column.sql} {operator}{'=' if strict else ''} {limit}")
    return on_values(given, column, " OR ".join(parts))


@rule_type("expect_column_values_to_be_in_set", "column", "mostly", "value_set")
def in_set(given: Arguments) -> RowCheck:
    column = given.column()
    allowed = _set_of(given, column)
    return on_values(given, column, f"{column.sql} NOT IN ({allowed})" if allowed else "TRUE")


@rule_type("expect_column_values_to_not_be_in_set", "column", "mostly", "value_set")
def not_in_set(given: Arguments) -> RowCheck:
    column = given.column()
    forbidden = _set_of(given, column)
    return on_values(given, column, f"{column.sql} IN ({forbidden})" if forbidden else "FALSE")


@rule_type("expect_column_values_to_match_regex", "column", "mostly", "regex")
def match_regex(given: Arguments) -> RowCheck:
    column, pattern = text_of(given), text_literal(to_re2(given.text("regex"), given.where))
    return on_values(given, column, f"NOT regexp_matches({as_text(column)}, {pattern})")


@rule_type("expect_column_values_to_not_match_regex", "column", "mostly", "regex")
def not_match_regex(given: Arguments) -> RowCheck:
    column, pattern = text_of(given), text_literal(to_re2(given.text("regex"), given.where))
    return on_values(given, column, f"regexp_matches({as_text(column)}, {pattern})")


@rule_type("expect_column_value_lengths_to_be_between", "column", "mostly", *_LIMITS)
def lengths_between(given: Arguments) -> RowCheck:
    column, limits = text_of(given), given.limits()
    parts: list[str] = []
    if limits.low is not None:
        parts.append(f"length({as_text(column)}) {'<=' if limits.strict_low else '<'} {limits.low}")
    if limits.high is not None:
        parts.append(f"length({as_text(column)}) {'>=' if limits.strict_high else '>'} {limits.high}")
    return on_values(given, column, " OR ".join(parts))


@rule_type("expect_column_value_lengths_to_equal", "column", "mostly", "value")
def lengths_equal(given: Arguments) -> RowCheck:
    column, wanted = text_of(given), given.value("value")
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise given.error("argument 'value' must be a number")
    return on_values(given, column, f"length({as_text(column)}) <> {wanted}")


@rule_type("expect_column_pair_values_a_to_be_greater_than_b", *_PAIR, "or_equal")
def pair_greater(given: Arguments) -> RowCheck:
    return _pair(given, ">=" if given.flag("or_equal") else ">")


@rule_type("expect_column_pair_values_to_be_equal", *_PAIR)
def pair_equal(given: Arguments) -> RowCheck:
    return _pair(given, "=")


def on_values(given: Arguments, column: Column, bad: str) -> RowCheck:
    """A check of the values that are there; `bad` is SQL that is true of an unexpected one."""
    # Of NULL a condition is NULL, which is as good as false; of NaN it may be true.
    bad = f"({column.present} AND ({bad}))" if column.family == "float" or bad == "TRUE" else f"({bad})"
    return RowCheck((column.name,), bad, f"NOT {column.present}", given.mostly())


def _set_of(given: Arguments, column: Column) -> str:
    values = [value for value in given.items("value_set") if value is not None]
    return ", ".join(literal(value, column, given.where) for value in values)


def text_of(given: Arguments) -> Column:
    """The rule's column, which can be read as text."""
    column = given.column()
    given.require(column, _TEXTLIKE, "the rule needs text")
    return column


def as_text(column: Column) -> str:
    """SQL for the column's values as text."""
    return column.sql if column.family == "text" else f"CAST({column.sql} AS VARCHAR)"


def _pair(given: Arguments, operator: str) -> RowCheck:
    a, b = given.column("column_A"), given.column("column_B")
    given.require(b, _comparable(a), f"column {a.name!r} is {a.type}: they cannot be compared")
    ignore = given.choice("ignore_row_if", ("both_values_are_missing", "either_value_is_missing", "neither"))
    word = {"both_values_are_missing": "AND", "either_value_is_missing": "OR", "neither": ""}[ignore]
    missing = f"(NOT {a.present} {word} NOT {b.present})" if word else None
    broken = f"NOT coalesce({a.value} {operator} {b.value}, FALSE)"
    bad = f"(NOT {missing} AND {broken})" if missing else broken
    return RowCheck((a.name, b.name), bad, missing, given.mostly())


def _comparable(column: Column) -> frozenset[str]:
    if column.family in TIMES:
        return frozenset(TIMES)
    numbers = frozenset({"integer", "decimal", "float"})
    return numbers if column.family in numbers else frozenset({column.family})
