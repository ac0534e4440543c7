"""The metrics of the Open Data Contract Standard's library, and its thresholds, as kinds of rules and as SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from agents.core.errors import SpecError

_VALUES = "expect_column_values_to_"
OPERATORS = {
    "mustBe": "=",
    "mustNotBe": "<>",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeGreaterThanOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
    "mustBeLessThanOrEqualTo": "<=",
}
RANGES = {"mustBeBetween": "BETWEEN", "mustNotBeBetween": "NOT BETWEEN"}


class NotTaken(Exception):
    """Why an entry becomes no rule."""


def _nulls(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return f"{_VALUES}not_be_null", {}


def _missing(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    values = listed(arguments, "missingValues")
    texts = [value for value in values if value is not None]
    if len(texts) == len(values):
        return f"{_VALUES}not_be_in_set", {"value_set": texts}
    return ("", {}) if texts else (f"{_VALUES}not_be_null", {})


def _invalid(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if "pattern" in arguments and "validValues" in arguments:
        return "", {}
    if "pattern" in arguments:
        if not isinstance(arguments["pattern"], str):
            raise wrong("pattern is no text", "write it in quotes")
        return f"{_VALUES}match_regex", {"regex": arguments["pattern"]}
    return f"{_VALUES}be_in_set", {"value_set": listed(arguments, "validValues")}


def _unique(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return f"{_VALUES}be_unique", {}


METRICS: Mapping[Any, Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]] = {
    "nullValues": _nulls,
    "missingValues": _missing,
    "invalidValues": _invalid,
    "duplicateValues": _unique,
}


def bad_rows(metric: Any, names: Sequence[str], arguments: Mapping[str, Any]) -> str:
    """SQL for how many rows of `t` the metric counts."""
    columns = [quoted(name) for name in names]
    if metric == "nullValues":
        return f"count_if({columns[0]} IS NULL)"
    if metric == "missingValues":
        values = listed(arguments, "missingValues")
        parts = [f"{columns[0]} IS NULL"] if None in values else []
        some = ", ".join(_literal(value) for value in values if value is not None)
        parts += [f"coalesce({columns[0]} IN ({some}), FALSE)"] if some else []
        return f"count_if({' OR '.join(parts)})"
    if metric == "duplicateValues":
        there = " AND ".join(f"{name} IS NOT NULL" for name in columns)
        return f"(count_if({there}) - count(DISTINCT CASE WHEN {there} THEN ({', '.join(columns)}) END))"
    parts = []
    if "pattern" in arguments:
        parts.append(f"NOT regexp_matches(CAST({columns[0]} AS VARCHAR), {_literal(arguments['pattern'])})")
    if "validValues" in arguments:
        parts.append(f"{columns[0]} NOT IN ({', '.join(map(_literal, listed(arguments, 'validValues')))})")
    return f"count_if({' OR '.join(parts)})"


def threshold(check: Mapping[str, Any]) -> Callable[[str], str]:
    """What makes of SQL for a number SQL for whether the number is as it must be."""
    parts: list[tuple[str, str]] = []
    for name, operator in OPERATORS.items():
        if name in check:
            parts.append((operator, _number(name, check[name])))
    for name, operator in RANGES.items():
        if name in check:
            limits = check[name]
            if not isinstance(limits, list) or len(cast("list[Any]", limits)) != 2:
                raise wrong(f"{name} is no pair", f"write {name}: [1, 10]")
            low, high = (_number(name, limit) for limit in cast("list[Any]", limits))
            parts.append((operator, f"{low} AND {high}"))
    if not parts:
        raise wrong("an entry says no mustBe...", "add one, as mustBe: 0")
    return lambda number: " AND ".join(f"{number} {operator} {limit}" for operator, limit in parts)


def _number(name: str, value: Any) -> str:
    if isinstance(value, bool) and name in ("mustBe", "mustNotBe"):
        return "TRUE" if value else "FALSE"
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise wrong(f"{name} is no number", f"write {name}: 0")
    return repr(value)


def listed(arguments: Mapping[str, Any], name: str) -> list[Any]:
    """An argument that is a list of values. SpecError where it is none."""
    found = arguments.get(name)
    if not isinstance(found, list) or not found:
        raise wrong(f"arguments has no list {name}", f"write arguments: {{{name}: [...]}}")
    return cast("list[Any]", found)


def quoted(name: str) -> str:
    """A column in a query."""
    if "{" in name or "}" in name:
        raise NotTaken("a column with braces in its name cannot stand in a query")
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    # Braces are Great Expectations' own in a query: doubled they stand for themselves.
    return "'" + str(value).replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"


def wrong(what: str, fix: str) -> SpecError:
    """The error of an entry that the standard does not allow."""
    return SpecError(what, where="data contract: quality", fix=fix)
