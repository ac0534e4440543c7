"""`row_condition`: the rows a rule is about, as one SQL predicate that is never NULL.

What it means is what Great Expectations 1.24 means by it on pandas (read in its pandas_execution_engine.py and tried):
the rule sees the rows that fit and no others, and a missing value fits `!=` and NOT_IN, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from agents.core.errors import RuleError
from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.columns import Column
from assets.kinds.rules.compiled import Aggregate, Compiled, Distinct, Foreign, RowCheck, SchemaCheck, Unique
from assets.kinds.rules.predicates import Filter, Predicates

WITHOUT = frozenset(
    {
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        "unexpected_rows_expectation",
    }
)
"""Types that say nothing about rows, or choose them in their query: Great Expectations refuses a condition there."""
_MOST = 100
"""Great Expectations' own limit of conditions in one."""
_LONGEST = 10_000
_GX_PARSERS = ("great_expectations", "great_expectations__experimental__")
PARSERS = ("pandas", *_GX_PARSERS, "spark")
_QUOTED = r"\"[^\"']*\"|'[^\"']*'"
_GX_TEXT = re.compile(
    r"\s*col\(\"(?P<column>[^\"]+)\"\)\s*(?:(?P<there>(?i:\.notnull\(\)))|(?P<op>==|!=|<=|>=|<|>)\s*"
    rf"(?:(?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<text>{_QUOTED})|date\(\s*(?P<date>{_QUOTED})\s*\)))\s*",
)
_OPERATORS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COMPARISON = "{type: comparison, column: {name: amount}, operator: '>', parameter: 0}"


def condition_of(given: Arguments) -> Filter | None:
    """The rule's condition; None where it has none. RuleError where it cannot be understood, with what to write."""
    kwargs = given.rule.kwargs
    said, parser = kwargs.get("row_condition"), kwargs.get("condition_parser")
    if parser is not None and parser not in PARSERS:
        raise given.error(f"condition_parser cannot be {parser!r}", f"use one of {', '.join(PARSERS)}, or none")
    if said is None:
        return None
    if given.rule.type in WITHOUT:
        fix = "write it into the query's WHERE" if given.rule.type.startswith("unexpected") else "leave it out"
        raise given.error("the rule takes no row_condition, as in Great Expectations", fix)
    predicates = Predicates(given)
    try:
        return _any(predicates, said, parser)
    except RuleError as error:
        raise given.error(f"row_condition: {error.what}", error.fix) from error


def _any(predicates: Predicates, said: Any, parser: str | None) -> Filter:
    if isinstance(said, Mapping):
        of = cast("Mapping[str, Any]", said)
        if of.get("type") != "pass_through":
            return predicates.filter(_tree(predicates, of))
        said = of.get("pass_through_filter")
    if not isinstance(said, str) or not said.strip():
        raise predicates.error("it is neither a text nor a condition", f"write it as {_COMPARISON}")
    if len(said) > _LONGEST:
        raise predicates.error(f"it has more than {_LONGEST} characters", "write a shorter one")
    return _reader(parser)(predicates, said)


def _reader(parser: str | None) -> Callable[[Predicates, str], Filter]:
    if parser in _GX_PARSERS:
        return _great_expectations
    if parser == "spark":
        from assets.kinds.rules.spark_conditions import read_spark

        return read_spark
    from assets.kinds.rules.pandas_conditions import read_pandas

    return read_pandas


def _great_expectations(predicates: Predicates, text: str) -> Filter:
    """One comparison as `col("amount") > 0`. Great Expectations drops what follows it; here that is refused."""
    found = _GX_TEXT.fullmatch(text)
    if found is None:
        raise predicates.error(
            'it is not one comparison like col("amount") > 0',
            'write one of these or col("x").notnull(); join several as {type: and, conditions: [...]}',
        )
    column = predicates.column(found["column"])
    if found["there"]:
        return predicates.filter(f"NOT {predicates.missing(column)}")
    if number := found["number"]:
        value: Any = int(number) if re.fullmatch(r"[+-]?\d+", number) else float(number)
    else:
        value = (found["text"] or found["date"])[1:-1]
    return predicates.filter(predicates.compare(column, _OPERATORS[found["op"]], value))


def _tree(predicates: Predicates, of: Mapping[str, Any]) -> str:
    """A condition object of Great Expectations in its JSON form."""
    left = [_MOST]

    def within(one: Any, groups: tuple[str, ...]) -> str:
        if not isinstance(one, Mapping):
            raise predicates.error("a condition in it is no condition", f"write it as {_COMPARISON}")
        node = cast("Mapping[str, Any]", one)
        kind = node.get("type")
        if kind not in ("and", "or"):
            left[0] -= 1
            if left[0] < 0:
                raise predicates.error(f"it has more than {_MOST} conditions", "use IN with a list of values")
            return _leaf(predicates, node)
        if kind == "or" and groups:
            raise predicates.error(
                f"OR stands inside {groups[-1].upper()}, which Great Expectations does not take",
                "write it as one OR of ANDs",
            )
        parts = node.get("conditions")
        if not isinstance(parts, list) or not parts or len(groups) > _MOST:
            raise predicates.error(f"{kind!r} needs a list of conditions", f"conditions: [{_COMPARISON}]")
        said = [within(part, (*groups, kind)) for part in cast("list[Any]", parts)]
        return f"({f' {kind.upper()} '.join(said)})"

    return within(of, ())


def _leaf(predicates: Predicates, node: Mapping[str, Any]) -> str:
    named = node.get("column")
    name = cast("Mapping[str, Any]", named).get("name") if isinstance(named, Mapping) else None
    kind = node.get("type")
    if kind not in ("comparison", "nullity") or not isinstance(name, str):
        raise predicates.error("a condition in it is no condition", f"write it as {_COMPARISON}")
    column = predicates.column(name)
    if kind == "nullity":
        if not isinstance(node.get("is_null"), bool):
            raise predicates.error("nullity needs is_null: true or false", "add it")
        return predicates.missing(column) if node["is_null"] else f"NOT {predicates.missing(column)}"
    operator, value = node.get("operator"), node.get("parameter")
    if operator in ("IN", "NOT_IN"):
        return _one_of(predicates, column, operator == "IN", value)
    if operator not in _OPERATORS:
        raise predicates.error(f"no operator {operator!r}", f"use one of {', '.join(_OPERATORS)}, IN, NOT_IN")
    return predicates.compare(column, _OPERATORS[str(operator)], value)


def _one_of(predicates: Predicates, column: Column, wanted: bool, values: Any) -> str:
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise predicates.error("IN and NOT_IN need a list of values", "write parameter as a list")
    found = predicates.one_of(column, list(cast("Sequence[Any]", values)))
    return found if wanted else f"NOT {found}"


def conditioned(given: Arguments, check: Compiled, rows: Filter) -> Compiled:
    """The check over the rows that fit. Its own columns stay first: examples are shown of the first."""
    columns = tuple(dict.fromkeys((*check.columns, *rows.columns)))
    if rows.foreign:
        if isinstance(check, RowCheck) and given.rule.meta.action == "quarantine":
            raise given.error(
                "only Great Expectations can evaluate the row_condition, and it quarantines no rows",
                f"compare columns with values or columns, as {_COMPARISON}; or set action: alert",
            )
        return check if isinstance(check, SchemaCheck) else Foreign(columns)
    sql = rows.sql
    if isinstance(check, RowCheck):
        missing = f"({sql} AND {check.missing})" if check.missing else None
        return replace(check, columns=columns, bad=f"({sql} AND {check.bad})", missing=missing, where=sql)
    if isinstance(check, Unique):
        return replace(check, columns=columns, counts=f"({sql} AND {check.counts})", where=sql)
    if isinstance(check, Aggregate | Distinct | Foreign):
        return replace(check, columns=columns, where=sql)
    return check  # a type is the whole column's, whichever rows are looked at
