"""What a rule becomes: a predicate on rows, a number with limits, a grouping, a query, or a statement on the schema."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

NOW = "__now__"
"""Stands in SQL for the moment of evaluation."""


def count_where(condition: str) -> str:
    """SQL for how many rows a condition is true of; cheaper than a filtered count, which is never NULL."""
    return f"coalesce(count_if({condition}), 0)"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a number or a time; a limit that is None is open."""

    low: Any = None
    high: Any = None
    strict_low: bool = False
    strict_high: bool = False

    def hold(self, value: Any) -> bool:
        """Whether the value lies within; NaN lies nowhere."""
        if isinstance(value, float) and isnan(value):
            return False
        if self.low is not None and (value <= self.low if self.strict_low else value < self.low):
            return False
        return self.high is None or (value < self.high if self.strict_high else value <= self.high)


@dataclass(frozen=True, slots=True)
class RowCheck:
    """`bad` is true for an unexpected row, false or NULL for others; `missing` is true for rows that do not count.

    `where`, here and below, is SQL for the rows the rule is about; empty for all. Here it is in both already.
    """

    columns: tuple[str, ...]
    bad: str
    missing: str | None
    mostly: float
    where: str = ""
    kind: Literal["row"] = "row"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number of a column, computed in the table's one pass."""

    columns: tuple[str, ...]
    sql: str
    limits: Limits
    where: str = ""
    kind: Literal["aggregate"] = "aggregate"


@dataclass(frozen=True, slots=True)
class Distinct:
    """Number of distinct values of a column, or their share of the values that are there."""

    columns: tuple[str, ...]
    value: str
    share: bool
    limits: Limits
    where: str = ""
    kind: Literal["distinct"] = "distinct"


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows with the same values, among rows for which `counts` is true; `whole`: one column of whole numbers.

    Rows outside `where` do not count.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    counts: str
    mostly: float
    whole: bool = False
    where: str = ""
    kind: Literal["unique"] = "unique"


@dataclass(frozen=True, slots=True)
class Query:
    """A query whose rows are the unexpected ones. `tables` are `layer/name` to the name they have in `sql`."""

    sql: str
    tables: tuple[tuple[str, str], ...]
    columns: tuple[str, ...] = ()
    kind: Literal["query"] = "query"


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """A statement on names and types; decided without reading rows."""

    subject: Literal["exists", "set", "ordered", "type"]
    wanted: tuple[str, ...]
    columns: tuple[str, ...] = ()
    exact: bool = True
    index: int | None = None
    kind: Literal["schema"] = "schema"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A rule that Great Expectations evaluates itself; over the rows of `where`, which it is spared to find."""

    columns: tuple[str, ...]
    where: str = ""
    kind: Literal["foreign"] = "foreign"


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not fit its table: it fails, and says why."""

    error: str
    columns: tuple[str, ...] = ()
    kind: Literal["broken"] = "broken"


Compiled = RowCheck | Aggregate | Distinct | Unique | Query | SchemaCheck | Foreign | Broken
