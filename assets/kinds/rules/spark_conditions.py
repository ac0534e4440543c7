"""Conditions in Spark SQL: comparisons, sets, ranges and null checks; a comparison with NULL is neither true nor false.

Great Expectations reads them on Spark alone, so what is not compiled is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assets.kinds.rules.columns import Column, literal
from assets.kinds.rules.predicates import Filter, Predicates

if TYPE_CHECKING:
    from sqlglot import exp

_FIX = "compare columns with values or columns, joined by AND/OR/NOT: amount > 0 AND country IN ('DE', 'AT')"


def read_spark(predicates: Predicates, text: str) -> Filter:
    """The condition compiled; RuleError where it holds more."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(f"SELECT * FROM t WHERE {text}", dialect="spark")
    except (SqlglotError, RecursionError) as error:
        raise predicates.error("it does not parse as Spark SQL", _FIX) from error
    query = trees[0] if len(trees) == 1 else None
    if query is None or {name for name, value in query.args.items() if value} - {"expressions", "from_", "from"} != {
        "where"
    }:
        raise predicates.error("it is more than a condition", _FIX)
    return predicates.filter(f"coalesce({_Reading(predicates).test(query.args['where'].this)}, FALSE)")


class _Reading:
    def __init__(self, predicates: Predicates) -> None:
        self._predicates = predicates

    def test(self, node: exp.Expr) -> str:
        from sqlglot import exp

        compare: dict[type[exp.Expr], str] = {
            exp.EQ: "=",
            exp.NEQ: "<>",
            exp.LT: "<",
            exp.LTE: "<=",
            exp.GT: ">",
            exp.GTE: ">=",
        }
        if isinstance(node, exp.Paren):
            return self.test(node.this)
        if isinstance(node, exp.And | exp.Or):
            parts = [self.test(part) for part in node.flatten()]
            return f"({(' AND ' if isinstance(node, exp.And) else ' OR ').join(parts)})"
        if isinstance(node, exp.Not):
            return f"(NOT {self.test(node.this)})"
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return f"({self._column(node.this).sql} IS NULL)"
        if isinstance(node, exp.In) and node.args.get("expressions") and not node.args.get("query"):
            column = self._column(node.this)
            return f"({column.sql} IN ({', '.join(self._value(one, column) for one in node.expressions)}))"
        if isinstance(node, exp.Between):
            column = self._column(node.this)
            low, high = (self._value(node.args[name], column) for name in ("low", "high"))
            return f"({column.sql} BETWEEN {low} AND {high})"
        if type(node) in compare:
            return self._compared(node.args["this"], compare[type(node)], node.args["expression"])
        if isinstance(node, exp.Column) and self._column(node).family == "boolean":
            return self._column(node).sql
        raise self._predicates.error("it holds more than comparisons", _FIX)

    def _compared(self, a: exp.Expr, operator: str, b: exp.Expr) -> str:
        from sqlglot import exp

        if isinstance(a, exp.Column) and isinstance(b, exp.Column):
            left, right = self._column(a), self._column(b)
            self._predicates.compare_columns(left, "=", right)
            return f"({left.sql} {operator} {right.sql})"
        if isinstance(a, exp.Column):
            column = self._column(a)
            return f"({column.sql} {operator} {self._value(b, column)})"
        column = self._column(b)
        return f"({self._value(a, column)} {operator} {column.sql})"

    def _column(self, node: exp.Expr) -> Column:
        from sqlglot import exp

        if not isinstance(node, exp.Column) or node.table or isinstance(node.this, exp.Star):
            raise self._predicates.error("it compares more than columns and values", _FIX)
        return self._predicates.column(node.name, any_case=True)

    def _value(self, node: exp.Expr, column: Column) -> str:
        return literal(self._constant(node), column, "")

    def _constant(self, node: exp.Expr) -> Any:
        from sqlglot import exp

        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -self._constant(node.this)
        if isinstance(node, exp.Boolean):
            return bool(node.this)
        if isinstance(node, exp.Literal):
            text = str(node.this)
            return text if node.is_string else int(text) if text.isdigit() else float(text)
        moments = (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ)
        if isinstance(node, exp.Cast) and node.to.this in moments and node.this.is_string:
            return str(node.this.this)  # DATE '2026-01-31'
        raise self._predicates.error("it compares with more than a value", _FIX)
