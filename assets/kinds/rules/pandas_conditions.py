"""Conditions as `DataFrame.query` reads them, from a syntax tree: nothing of the text is ever run here.

pandas would: names behind `@`, attributes and calls reach any code. So what is not compiled goes on to Great
Expectations only where it is made of columns, numbers, texts, arithmetic and a few methods of texts.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from assets.kinds.rules.columns import Column
from assets.kinds.rules.predicates import Filter, Predicates

_PIECES = re.compile(r"""('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|`([^`\n]*)`|([&|])""")
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NULLS = {"isnull": True, "isna": True, "notnull": False, "notna": False}
_DEEPEST = 50
_FIX = (
    "compare columns with values or columns, joined by and/or/not: amount > 0 and country in ['DE', 'AT']; "
    'for col("x") set condition_parser: great_expectations'
)


class _Unknown(Exception):
    """A part that is not compiled."""


def read_pandas(predicates: Predicates, text: str) -> Filter:
    """The condition compiled, or left to Great Expectations where it is harmless; RuleError where neither can be."""
    names: dict[str, str] = {}

    def piece(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        if found[2] is None:
            return " and " if found[3] == "&" else " or "  # that weakly do they bind in pandas
        key = f"column_{len(names)}_of_condition"
        names[key] = found[2]
        return key

    try:
        tree = ast.parse(_PIECES.sub(piece, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise predicates.error("it does not parse as pandas reads conditions", _FIX) from error
    reading = _Reading(predicates, names)
    try:
        return predicates.filter(reading.test(tree, 0))
    except _Unknown as unknown:
        if reading.harmless(tree, 0) == "test":
            return predicates.foreign()
        raise predicates.error("it holds more than comparisons", _FIX) from unknown


class _Reading:
    def __init__(self, predicates: Predicates, names: dict[str, str]) -> None:
        self._predicates, self._names = predicates, names

    def test(self, node: ast.expr, depth: int) -> str:
        """SQL for what is true or false of a row."""
        if depth > _DEEPEST:
            raise self._predicates.error(f"it is nested more than {_DEEPEST} deep", "write a flatter one")
        if isinstance(node, ast.BoolOp):
            word = " AND " if isinstance(node.op, ast.And) else " OR "
            return f"({word.join(self.test(part, depth + 1) for part in node.values)})"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
            return f"(NOT {self.test(node.operand, depth + 1)})"
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = [self._pair(a, op, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
            return f"({' AND '.join(pairs)})"
        if isinstance(node, ast.Name):
            column = self._column(node)
            if column.family == "boolean":
                return f"coalesce({column.sql}, FALSE)"
            raise self._predicates.error(f"column {column.name!r} is not true or false", _FIX)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise _Unknown

    def _pair(self, a: ast.expr, op: ast.cmpop, b: ast.expr) -> str:
        left, right = self._side(a), self._side(b)
        if not isinstance(left, Column):
            left, right, flipped = right, left, True
        else:
            flipped = False
        if not isinstance(left, Column):
            raise self._predicates.error("it compares two values", _FIX)
        inside = isinstance(op, ast.In | ast.NotIn)
        if isinstance(right, list) and not flipped and (inside or isinstance(op, ast.Eq | ast.NotEq)):
            found = self._predicates.one_of(left, right)
            return found if isinstance(op, ast.In | ast.Eq) else f"(NOT {found})"
        if inside or isinstance(right, list) or type(op) not in _COMPARE:
            raise self._predicates.error("a list is not compared so", "write column in [value, value]")
        operator = _COMPARE[type(op)]
        if isinstance(right, Column):
            return self._predicates.compare_columns(left, operator, right)
        return self._predicates.compare(left, _FLIPPED.get(operator, operator) if flipped else operator, right)

    def _call(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Attribute) or not isinstance(node.func.value, ast.Name) or node.keywords:
            raise _Unknown
        name, given = node.func.attr, [self._side(argument) for argument in node.args]
        column = self._column(node.func.value)
        if name in _NULLS and not given:
            missing = self._predicates.missing(column)
            return missing if _NULLS[name] else f"(NOT {missing})"
        if name == "isin" and len(given) == 1 and isinstance(given[0], list):
            return self._predicates.one_of(column, given[0])
        if name == "between" and len(given) == 2 and not any(isinstance(one, Column | list) for one in given):
            low, high = (self._predicates.compare(column, *limit) for limit in zip((">=", "<="), given, strict=True))
            return f"({low} AND {high})"
        raise _Unknown

    def _column(self, node: ast.Name) -> Column:
        return self._predicates.column(self._names.get(node.id, node.id))

    def _side(self, node: ast.expr) -> Any:
        """A column, a value, or a list of values."""
        if isinstance(node, ast.Name):
            return self._column(node)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value(item) for item in node.elts]
        return self._value(node)

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_number(node.operand):
            return -node.operand.value  # type: ignore[attr-defined, no-any-return]
        if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str | int | float)):
            return node.value
        raise _Unknown

    def harmless(self, node: ast.expr, depth: int) -> str:
        """`test`, `number` or `text` where pandas may evaluate it; empty where it may not."""
        if depth > _DEEPEST:
            return ""

        def of(*nodes: ast.expr) -> set[str]:
            return {self.harmless(one, depth + 1) for one in nodes}

        if isinstance(node, ast.Name):
            return {"integer": "number", "float": "number", "text": "text"}.get(self._column(node).family, "")
        if isinstance(node, ast.Constant):
            return "number" if _is_number(node) else "text" if isinstance(node.value, str) else ""
        if isinstance(node, ast.BoolOp):
            return "test" if of(*node.values) == {"test"} else ""
        if isinstance(node, ast.UnaryOp):
            wanted = "number" if isinstance(node.op, ast.USub) else "test"
            return wanted if of(node.operand) == {wanted} else ""
        if isinstance(node, ast.BinOp):
            fits = isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.Mod)
            return "number" if fits and of(node.left, node.right) == {"number"} else ""
        if isinstance(node, ast.Compare):
            alike = all(type(op) in _COMPARE for op in node.ops) and of(node.left, *node.comparators)
            return "test" if alike in ({"number"}, {"text"}) else ""
        return self._harmless_call(node, of)

    def _harmless_call(self, node: ast.expr, of: Any) -> str:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
            return ""
        name, inner = node.func.attr, node.func.value
        if name in _NULLS and not node.args and isinstance(inner, ast.Name):
            return "test" if self._column(inner) else ""
        if not isinstance(inner, ast.Attribute) or inner.attr != "str" or of(inner.value) != {"text"}:
            return ""
        if isinstance(inner.value, ast.Constant):
            return ""
        if name in ("startswith", "endswith") and len(node.args) == 1:
            return "test" if isinstance(node.args[0], ast.Constant) and of(*node.args) == {"text"} else ""
        return (
            {"len": "number", "lower": "text", "upper": "text", "strip": "text"}.get(name, "") if not node.args else ""
        )


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
