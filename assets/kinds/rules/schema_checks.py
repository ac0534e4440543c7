"""Statements on a table's columns, decided from its schema."""

from __future__ import annotations

from collections.abc import Mapping

from assets.kinds.rules.columns import Column
from assets.kinds.rules.compiled import SchemaCheck
from assets.kinds.rules.result import RuleResult
from assets.kinds.spec import Rule

_ALIASES: dict[str, tuple[str, ...]] = {
    "integer": ("integer", "int", "bigint", "smallint", "tinyint", "hugeint", "long"),
    "float": ("float", "double", "real"),
    "decimal": ("decimal", "numeric"),
    "text": ("text", "varchar", "char", "str", "object", "string", "large_string", "nvarchar"),
    "boolean": ("boolean", "bool"),
    "date": ("date",),
    "timestamp": ("timestamp", "datetime", "datetime64", "datetime64[ns]", "datetime64[us]"),
    "instant": ("timestamptz", "timestamp with time zone", "timestamp", "datetime"),
}


def judge_schema(rule: Rule, check: SchemaCheck, columns: Mapping[str, Column]) -> RuleResult:
    """The verdict of a statement on names or types."""
    if check.subject == "type":
        column = columns[check.columns[0]]
        success = any(is_type(column, name) for name in check.wanted)
        return RuleResult(rule, success, observed=column.type)
    names = list(columns)
    if check.subject == "exists":
        name = check.wanted[0]
        success = name in columns and (check.index is None or names.index(name) == check.index)
    elif check.subject == "ordered":
        success = tuple(names) == check.wanted
    else:
        lacking = set(check.wanted) - set(names)
        success = not lacking and (not check.exact or set(names) == set(check.wanted))
    return RuleResult(rule, success, observed=", ".join(names))


def is_type(column: Column, name: str) -> bool:
    """Whether a column has a type, named as Arrow, SQL, pandas or Python name it."""
    wanted = name.strip().lower()
    arrow = column.type.lower()
    exact = {
        arrow,
        arrow.split("[")[0],
        arrow.split("(")[0],
        {"double": "float64", "float": "float32"}.get(arrow, arrow),
    }
    return wanted in exact or wanted in _ALIASES.get(column.family, ())
