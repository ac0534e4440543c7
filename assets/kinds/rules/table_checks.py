"""Rules on a whole table: numbers of a column, uniqueness, names and types."""

from __future__ import annotations

from collections.abc import Callable

from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.columns import NUMBERS, TIMES, Column, literal
from assets.kinds.rules.compiled import Aggregate, Distinct, Limits, SchemaCheck, Unique, count_where
from assets.kinds.rules.registry import rule_type

_LIMITS = ("min_value", "max_value", "strict_min", "strict_max")


@rule_type("expect_column_values_to_be_unique", "column", "mostly")
def unique(given: Arguments) -> Unique:
    column = given.column()
    return Unique((column.name,), (column.value,), column.present, given.mostly(), column.family == "integer")


@rule_type("expect_compound_columns_to_be_unique", "column_list", "ignore_row_if", "mostly")
def compound_unique(given: Arguments) -> Unique:
    columns = [given.named(str(name)) for name in given.items("column_list")]
    if len(columns) < 2:
        raise given.error("argument 'column_list' needs two columns or more", "use expect_column_values_to_be_unique")
    ignore = given.choice("ignore_row_if", ("all_values_are_missing", "any_value_is_missing", "never"))
    word = {"all_values_are_missing": " OR ", "any_value_is_missing": " AND ", "never": ""}[ignore]
    counts = f"({word.join(column.present for column in columns)})" if word else "TRUE"
    return Unique(tuple(c.name for c in columns), tuple(c.value for c in columns), counts, given.mostly())


@rule_type("expect_table_row_count_to_be_between", *_LIMITS)
def row_count(given: Arguments) -> Aggregate:
    return Aggregate((), "count(*)", given.limits())


@rule_type("expect_table_row_count_to_equal", "value")
def row_count_equals(given: Arguments) -> Aggregate:
    return Aggregate((), "count(*)", _exactly(given))


@rule_type("expect_table_column_count_to_be_between", "min_value", "max_value")
def column_count(given: Arguments) -> Aggregate:
    return Aggregate((), f"{len(given.columns)} + 0 * count(*)", given.limits())


@rule_type("expect_table_column_count_to_equal", "value")
def column_count_equals(given: Arguments) -> Aggregate:
    return Aggregate((), f"{len(given.columns)} + 0 * count(*)", _exactly(given))


def _exactly(given: Arguments) -> Limits:
    wanted = given.value("value")
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise given.error("argument 'value' must be a whole number")
    return Limits(wanted, wanted)


@rule_type("expect_column_proportion_of_non_null_values_to_be_between", "column", *_LIMITS)
def filled_share(given: Arguments) -> Aggregate:
    column = given.column()
    return Aggregate(
        (column.name,), f"coalesce({count_where(column.present)} / nullif(count(*), 0), 0)", given.limits()
    )


@rule_type("expect_column_distinct_values_to_be_in_set", "column", "value_set")
def distinct_in_set(given: Arguments) -> Aggregate:
    column, _, outside, _ = _distinct_set(given)
    return Aggregate((column.name,), outside, Limits(0, 0))


@rule_type("expect_column_distinct_values_to_contain_set", "column", "value_set")
def distinct_contain_set(given: Arguments) -> Aggregate:
    column, wanted, _, found = _distinct_set(given)
    return Aggregate((column.name,), f"{wanted} - {found}", Limits(0, 0))


@rule_type("expect_column_distinct_values_to_equal_set", "column", "value_set")
def distinct_equal_set(given: Arguments) -> Aggregate:
    column, wanted, outside, found = _distinct_set(given)
    return Aggregate((column.name,), f"{outside} + {wanted} - {found}", Limits(0, 0))


def _distinct_set(given: Arguments) -> tuple[Column, int, str, str]:
    """The column, the number of wanted values, SQL for the rows with others, and for how many wanted ones are there."""
    column = given.column()
    values = list(dict.fromkeys(literal(v, column, given.where) for v in given.items("value_set") if v is not None))
    if not values:
        return column, 0, count_where(column.present), "0"
    wanted = f"({', '.join(values)})"
    outside = count_where(f"{column.present} AND {column.sql} NOT IN {wanted}")
    return column, len(values), outside, f"count(DISTINCT CASE WHEN {column.sql} IN {wanted} THEN {column.sql} END)"


def _aggregate(name: str, sql: Callable[[Column], str], families: frozenset[str], what: str) -> None:
    @rule_type(f"expect_column_{name}_to_be_between", "column", *_LIMITS)
    def compile_it(given: Arguments) -> Aggregate:
        column = given.column()
        given.require(column, families, what)
        return Aggregate((column.name,), sql(column), given.limits(column.family))

    del compile_it


def _comparable(column: Column) -> str:
    """Times without a zone (UTC) and within Python's years, so that they compare with limits."""
    if column.family not in TIMES:
        return column.value
    plain = f"({column.sql} AT TIME ZONE 'UTC')" if column.family == "instant" else column.sql
    first, last = "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
    return f"CASE WHEN {column.sql} IS NOT NULL THEN least(greatest(CAST({plain} AS TIMESTAMP), {first}), {last}) END"


_ORDERED = NUMBERS | TIMES | {"text"}
_aggregate("min", lambda c: f"min({_comparable(c)})", _ORDERED, "the rule needs numbers, times or text")
_aggregate("max", lambda c: f"max({_comparable(c)})", _ORDERED, "the rule needs numbers, times or text")
_aggregate("mean", lambda c: f"avg({c.value})", NUMBERS, "the rule needs numbers")
_aggregate("median", lambda c: f"median({c.value})", NUMBERS, "the rule needs numbers")
_aggregate("sum", lambda c: f"coalesce(sum({c.value}), 0)", NUMBERS, "the rule needs numbers")
_aggregate("stdev", lambda c: f"stddev_samp({c.value})", NUMBERS, "the rule needs numbers")


@rule_type("expect_column_unique_value_count_to_be_between", "column", *_LIMITS)
def unique_count(given: Arguments) -> Distinct:
    column = given.column()
    return Distinct((column.name,), column.value, False, given.limits())


@rule_type("expect_column_proportion_of_unique_values_to_be_between", "column", *_LIMITS)
def unique_share(given: Arguments) -> Distinct:
    column = given.column()
    return Distinct((column.name,), column.value, True, given.limits())


@rule_type("expect_column_to_exist", "column", "column_index")
def column_exists(given: Arguments) -> SchemaCheck:
    index = given.rule.kwargs.get("column_index")
    if index is not None and (isinstance(index, bool) or not isinstance(index, int)):
        raise given.error("argument 'column_index' must be a whole number")
    return SchemaCheck("exists", (given.text("column"),), index=index)


@rule_type("expect_table_columns_to_match_set", "column_set", "exact_match")
def columns_match_set(given: Arguments) -> SchemaCheck:
    wanted = tuple(sorted({str(name) for name in given.items("column_set")}))
    return SchemaCheck("set", wanted, exact=given.flag("exact_match", True))


@rule_type("expect_table_columns_to_match_ordered_list", "column_list")
def columns_match_list(given: Arguments) -> SchemaCheck:
    return SchemaCheck("ordered", tuple(str(name) for name in given.items("column_list")))


@rule_type("expect_column_type_to_be", "column", "type_")
def type_is(given: Arguments) -> SchemaCheck:
    return SchemaCheck("type", (given.text("type_"),), (given.column().name,))


@rule_type("expect_column_values_to_be_of_type", "column", "type_", "mostly")
def of_type(given: Arguments) -> SchemaCheck:
    return SchemaCheck("type", (given.text("type_"),), (given.column().name,))


@rule_type("expect_column_values_to_be_in_type_list", "column", "type_list", "mostly")
def in_type_list(given: Arguments) -> SchemaCheck:
    wanted = tuple(str(name) for name in given.items("type_list"))
    return SchemaCheck("type", wanted, (given.column().name,))
