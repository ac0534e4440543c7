"""Predicates on a row as every language of conditions says them: comparisons, sets, missing values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agents.core.errors import RuleError
from assets.kinds.rules.arguments import Arguments
from assets.kinds.rules.columns import NUMBERS, TIMES, Column, literal


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows that fit: `sql` is true or false of each, never NULL; `foreign` where only Great Expectations can tell."""

    columns: tuple[str, ...]
    sql: str = ""
    foreign: bool = False


class Predicates:
    """Builds SQL over one table's columns and remembers which it named. NaN counts as missing, as on pandas."""

    def __init__(self, given: Arguments) -> None:
        self._given, self._used = given, dict[str, None]()

    def error(self, what: str, fix: str) -> RuleError:
        return self._given.error(what, fix)

    def filter(self, sql: str) -> Filter:
        return Filter(tuple(self._used), sql)

    def foreign(self) -> Filter:
        return Filter(tuple(self._used), foreign=True)

    def column(self, name: str, *, any_case: bool = False) -> Column:
        """The column; `any_case` where the language does not tell letter cases apart."""
        if any_case and name not in self._given.columns:
            name = next((known for known in self._given.columns if known.casefold() == name.casefold()), name)
        found = self._given.named(name)
        self._used[found.name] = None
        return found

    def missing(self, column: Column) -> str:
        return f"(NOT {column.present})"

    def compare(self, column: Column, operator: str, value: Any) -> str:
        """A column against a value; `operator` is one of = != < <= > >=."""
        if value is None:
            raise self.error("it compares with nothing", "ask whether the value is null instead")
        return self._compared(column.value, operator, literal(value, column, ""))

    def compare_columns(self, a: Column, operator: str, b: Column) -> str:
        if not any({a.family, b.family} <= group for group in (NUMBERS, TIMES, {a.family, "null"})):
            raise self.error(
                f"column {a.name!r} is {a.type}, {b.name!r} is {b.type}: they cannot be compared",
                "compare columns of one type",
            )
        return self._compared(a.value, operator, b.value)

    def one_of(self, column: Column, values: Iterable[Any]) -> str:
        """Whether the column's value is one of a list; a missing one never is."""
        given = list(values)
        if any(value is None for value in given):
            raise self.error("its list holds nothing as a value", "ask whether the value is null instead")
        listed = ", ".join(literal(value, column, "") for value in given)
        return f"coalesce({column.value} IN ({listed}), FALSE)" if listed else "FALSE"

    def _compared(self, left: str, operator: str, right: str) -> str:
        if operator == "!=":
            return f"(NOT coalesce({left} = {right}, FALSE))"
        return f"coalesce({left} {operator} {right}, FALSE)"
