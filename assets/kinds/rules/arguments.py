"""A rule's kwargs, read with care: unknown, missing and ill-typed ones are refused with the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from agents.core.errors import RuleError
from assets.kinds.rules.columns import NUMBERS, TIMES, Column, Family, literal, moment
from assets.kinds.rules.compiled import Limits
from assets.kinds.spec import Rule

# Great Expectations' own bookkeeping: says nothing about the data.
_IGNORED = frozenset({"result_format", "catch_exceptions", "batch_id", "meta", "notes", "description", "severity"})

_CONDITION = ("row_condition", "condition_parser")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The kwargs of one rule over one table's columns."""

    rule: Rule
    columns: Mapping[str, Column]
    where: str

    def error(self, what: str, fix: str = "") -> RuleError:
        return RuleError(what, where=self.where, fix=fix, rule=self.rule.type)

    def check_names(self, known: Iterable[str]) -> None:
        allowed = tuple(known)
        for name in self.rule.kwargs:
            if name in allowed or name in _IGNORED or name in _CONDITION:
                continue
            raise self.error(f"unknown argument {name!r}", nearest(name, allowed, "argument"))

    def column(self, name: str = "column") -> Column:
        wanted = self.rule.kwargs.get(name)
        if not isinstance(wanted, str) or not wanted:
            raise self.error(f"argument {name!r} must name a column", f"add {name}: <column>")
        return self.named(wanted)

    def named(self, wanted: str) -> Column:
        if wanted not in self.columns:
            raise self.error(f"no column {wanted!r}", nearest(wanted, tuple(self.columns), "column"))
        if self.columns[wanted].twice:
            raise self.error(f"more than one column is called {wanted!r}, letter case aside", "rename one of them")
        return self.columns[wanted]

    def value(self, name: str) -> Any:
        found = self.rule.kwargs.get(name)
        if found is None:
            raise self.error(f"argument {name!r} is missing", f"add {name}")
        return found

    def text(self, name: str) -> str:
        found = self.value(name)
        if not isinstance(found, str):
            raise self.error(f"argument {name!r} must be a text", f"write {name} in quotes")
        return found

    def items(self, name: str) -> list[Any]:
        found = self.value(name)
        if isinstance(found, str | Mapping) or not isinstance(found, Iterable):
            raise self.error(f"argument {name!r} must be a list", f"write {name} as a list")
        return list(found)

    def flag(self, name: str, default: bool = False) -> bool:
        found = self.rule.kwargs.get(name)
        if found is not None and not isinstance(found, bool):
            raise self.error(f"argument {name!r} must be true or false")
        return default if found is None else found

    def mostly(self) -> float:
        found = self.rule.kwargs.get("mostly", 1.0)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
            raise self.error("argument 'mostly' must be a share from 0 to 1")
        return float(found)

    def choice(self, name: str, options: Sequence[str]) -> str:
        found = self.rule.kwargs.get(name, options[0])
        if found not in options:
            raise self.error(f"argument {name!r} cannot be {found!r}", f"use one of {', '.join(options)}")
        return str(found)

    def limits(self, family: Family = "float") -> Limits:
        """The limits as Python values that compare with what DuckDB returns for the family."""
        low, high = (self._limit(name, family) for name in ("min_value", "max_value"))
        if low is None and high is None:
            raise self.error("neither min_value nor max_value is given", "add one of them")
        try:
            swapped = low is not None and high is not None and low > high
        except (TypeError, ArithmeticError) as error:
            raise self.error("min_value and max_value cannot be compared", "give both in the column's type") from error
        if swapped:
            raise self.error("min_value is greater than max_value", "swap them")
        return Limits(low, high, self.flag("strict_min"), self.flag("strict_max"))

    def _limit(self, name: str, family: Family) -> Any:
        found = self.rule.kwargs.get(name)
        if found is None:
            return None
        column = self.columns.get(str(self.rule.kwargs.get("column")))
        literal(found, column if column and column.family == family else Column(name, family, family), self.where)
        return _naive(moment(found, self.where)) if family in TIMES else found

    def require(self, column: Column, families: Iterable[str], what: str) -> None:
        allowed = {*families, "null"}
        if column.family not in allowed:
            raise self.error(
                f"column {column.name!r} is {column.type}, {what}", "use a rule that fits the column's type"
            )

    def require_number(self, column: Column) -> None:
        self.require(column, NUMBERS, "the rule needs numbers")


def _naive(at: date) -> datetime:
    """A moment as UTC without its zone, a date as its midnight: how times come out of DuckDB here."""
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day)
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def nearest(name: str, among: Sequence[str], what: str) -> str:
    """A hint: the name that was probably meant, and those there are."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(name, among, scorer=fuzz.ratio, score_cutoff=55)
    known = ", ".join(sorted(among)[:20]) + (", ..." if len(among) > 20 else "")
    return (f"did you mean {best[0]!r}? " if best else "") + f"{what}s: {known or 'none'}"
