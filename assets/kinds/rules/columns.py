"""A table's columns as rules see them: family of type, SQL reference, literals that fit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from agents.core.errors import RuleError

if TYPE_CHECKING:
    import pyarrow as pa

Family = Literal["integer", "decimal", "float", "text", "boolean", "date", "timestamp", "instant", "null", "other"]
NUMBERS = frozenset({"integer", "decimal", "float"})
TIMES = frozenset({"date", "timestamp", "instant"})
_PREFIXES: tuple[tuple[str, Family], ...] = (
    ("int", "integer"),
    ("uint", "integer"),
    ("decimal", "decimal"),
    ("float", "float"),
    ("double", "float"),
    ("halffloat", "float"),
    ("string", "text"),
    ("large_string", "text"),
    ("utf8", "text"),
    ("bool", "boolean"),
    ("date", "date"),
    ("null", "null"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `sql` refers to it; in `value` NaN is NULL, as Great Expectations on pandas counts it."""

    name: str
    type: str
    family: Family
    twice: bool = False
    """Whether another column has the name, letter case aside: DuckDB could not tell which is meant."""

    @property
    def sql(self) -> str:
        bare = quote(self.name)
        return f"CAST({bare} AS VARCHAR)" if self.type.startswith("dictionary") or self.family == "null" else bare

    @property
    def value(self) -> str:
        return f"nullif({self.sql}, CAST('NaN' AS DOUBLE))" if self.family == "float" else self.sql

    @property
    def present(self) -> str:
        return (
            f"({self.sql} IS NOT NULL AND NOT isnan({self.sql}))"
            if self.family == "float"
            else f"({self.sql} IS NOT NULL)"
        )


def columns_of(schema: Mapping[str, pa.DataType] | pa.Schema) -> dict[str, Column]:
    """Columns by name, in the table's order; a name that comes again carries its number, as in DuckDB."""
    pairs = list(schema.items() if isinstance(schema, Mapping) else zip(schema.names, schema.types, strict=True))
    times = Counter(str(name).casefold() for name, _ in pairs)
    found: dict[str, Column] = {}
    for name, kind in pairs:
        key, number = str(name), 0
        while key in found:
            number += 1
            key = f"{name}_{number}"
        found[key] = Column(key, str(kind), family_of(str(kind)), times[str(name).casefold()] > 1)
    return found


def family_of(arrow_type: str) -> Family:
    """The family of an Arrow type, given as Arrow prints it."""
    if arrow_type.startswith("timestamp"):
        return "instant" if "tz=" in arrow_type else "timestamp"
    if arrow_type.startswith("dictionary"):
        return "text" if "values=string" in arrow_type or "values=large_string" in arrow_type else "other"
    for prefix, family in _PREFIXES:
        if arrow_type.startswith(prefix):
            return family
    return "other"


def quote(name: str) -> str:
    """A name as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''").replace("\0", "' || chr(0) || '") + "'"


def literal(value: Any, column: Column, where: str) -> str:
    """SQL for a value of a rule, of the column's family; RuleError where the two cannot be compared."""
    family = column.family
    if family in NUMBERS and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _number(value, where)
    if family == "text" and isinstance(value, str):
        return text_literal(value)
    if family == "boolean" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if family in TIMES and isinstance(value, str | date):
        return _time(value, family, where)
    if family == "null":
        return "NULL"
    raise RuleError(
        f"column {column.name!r} is {column.type}, the rule's value is {type(value).__name__}: they cannot be compared",
        where=where,
        fix="write it in quotes: YAML reads yes, no, on and off as true or false, and 1 as a number; to compare it as a"
        " number, cast the column in a table derived from it"
        if family == "text"
        else "write the value in the column's type, or change the column's type in a table derived from it",
    )


def _number(value: int | float | Decimal, where: str) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            raise RuleError("NaN is not a limit", where=where, fix="leave the limit out")
        return f"CAST('{value}' AS DOUBLE)"
    return f"({value})" if value < 0 else str(value)


def moment(value: str | date, where: str) -> datetime | date:
    """A date or time from a rule's value: itself, or its ISO 8601 text."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError as error:
        raise RuleError(
            f"{value!r} is not a date or time", where=where, fix="write it as 2026-01-31T00:00:00"
        ) from error


def _time(value: str | date, family: Family, where: str) -> str:
    at = moment(value, where)
    if isinstance(at, datetime) and at.tzinfo is not None:
        at = at.astimezone(UTC)
        return instant_literal(at) if family == "instant" else f"TIMESTAMP '{at.replace(tzinfo=None).isoformat(' ')}'"
    if family == "instant":
        midnight = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)
        return instant_literal(midnight.replace(tzinfo=UTC))
    return f"TIMESTAMP '{at.isoformat(' ')}'" if isinstance(at, datetime) else f"DATE '{at.isoformat()}'"


def instant_literal(at: datetime) -> str:
    """A moment as SQL literal with its zone."""
    return f"TIMESTAMPTZ '{at.isoformat(' ')}'"
