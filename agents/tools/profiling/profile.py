"""What a table holds, in numbers: the profile that rules are written from."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assets.kinds.rules.columns import Family
from assets.kinds.rules.masking import shown
from assets.kinds.rules.result import plain
from assets.kinds.spec import Rule

Semantic = Literal[
    "identifier",
    "category",
    "text",
    "free text",
    "email",
    "phone",
    "url",
    "code",
    "date as text",
    "number as text",
    "number with unit",
    "number",
    "boolean",
    "timestamp",
    "date",
    "empty",
    "other",
]


QUANTILES = ("p05", "p25", "p50", "p75", "p95")
HYPERLOGLOG = 0.05
"""Relative error of an estimated number of distinct values."""


@dataclass(frozen=True, slots=True)
class Format:
    """A form that values follow: how many of those that are there."""

    name: str
    regex: str
    count: int


@dataclass(frozen=True, slots=True)
class Tail:
    """One end of a column's numbers (times: seconds since 1970): where the body ends, and what lies apart from it.

    `wrong` says that no tail comes to what lies apart: several values, many times as far out as the tail reaches.
    """

    limit: float
    inside: float
    outside: float | None
    count: int
    apart: bool
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Negatives:
    """Values below zero: how many, and whether they are a tail of the distribution or a thing of their own."""

    count: int
    apart: bool


@dataclass(frozen=True, slots=True)
class Quantities:
    """Numbers with a unit around them: the share of values in each unit, and quantiles (5, 25, 50, 75, 95 %)."""

    units: Mapping[str, float]
    quantiles: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "units": {unit: round(share, 6) for unit, share in self.units.items()},
            "quantiles": dict(zip(QUANTILES, self.quantiles, strict=False)),
        }


@dataclass(frozen=True, slots=True)
class Season:
    """How rows spread over weekdays (Monday first) and hours (UTC): shares, and how much of the ups and downs of the
    counts each explains (0 to 1). Empty where there are too few days, or no times of day."""

    days: int
    by_weekday: tuple[float, ...]
    weekly: float
    by_hour: tuple[float, ...]
    daily: float

    def to_json(self) -> dict[str, Any]:
        return {
            "days": self.days,
            "by_weekday": list(self.by_weekday),
            "weekly_strength": self.weekly,
            "by_hour": list(self.by_hour),
            "daily_strength": self.daily,
        }


@dataclass(frozen=True, slots=True)
class Determined:
    """Of `rows` of the sample, all but `breaking` have the `of` that most rows with their `by` have.

    `strength` is 1 where it always holds and 0 where it holds as often as by chance.
    """

    by: str
    of: str
    strength: float
    rows: int
    breaking: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column; of its times, `future` lie more than `horizon` days ahead.

    `missing_together`: where it is missing, so is another column, and not just because the row ends early.

    `distinct` is exact where `distinct_exact`, else a HyperLogLog estimate (about 5 %).
    """

    name: str
    type: str
    family: Family
    semantic: Semantic
    count: int
    missing: int
    distinct: int
    distinct_exact: bool
    minimum: Any = None
    maximum: Any = None
    quantiles: tuple[float, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    blanks: tuple[tuple[str, int], ...] = ()
    formats: tuple[Format, ...] = ()
    lengths: tuple[int, int] | None = None
    low: Tail | None = None
    high: Tail | None = None
    negatives: Negatives = Negatives(0, False)
    future: int = 0
    horizon: int = 1
    monotone: bool = False
    missing_together: bool = False
    quantities: Quantities | None = None
    season: Season | None = None

    @property
    def present(self) -> int:
        return self.count - self.missing

    @property
    def missing_share(self) -> float:
        return self.missing / self.count if self.count else 0.0

    def to_json(self, *, hidden: bool = False) -> dict[str, Any]:
        """The column as JSON; text appears only where the column is a category, and as the units of its numbers.

        Of a `hidden` column no value appears.
        """
        text = hidden or self.family in ("text", "other")
        body: dict[str, Any] = {
            "type": self.type,
            "semantic": self.semantic,
            "missing": self.missing,
            "missing_share": round(self.missing_share, 6),
            "distinct": self.distinct,
            "distinct_exact": self.distinct_exact,
            "unique": self.distinct_exact and self.distinct == self.present > 0,
            "min": None if text else plain(self.minimum),
            "max": None if text else plain(self.maximum),
            "quantiles": {} if hidden else dict(zip(QUANTILES, self.quantiles, strict=False)),
            "formats": [
                {"name": f.name, "regex": f.regex, "share": round(f.count / self.present, 6)} for f in self.formats
            ],
            "monotone": self.monotone,
        }
        if self.lengths:
            body["lengths"] = {"min": self.lengths[0], "max": self.lengths[1]}
        if self.quantities and not hidden:
            body["quantities"] = self.quantities.to_json()
        if self.season:
            body["volume"] = self.season.to_json()
        if not self.distinct_exact:
            body["distinct_error"] = HYPERLOGLOG
        if self.semantic in ("category", "boolean") and not hidden:
            body["top"] = [{"value": shown(v, category=True), "count": n} for v, n in self.top[:20]]
        return body


@dataclass(frozen=True, slots=True)
class Ordered:
    """Two columns of times where `earlier` is hardly ever after `later`."""

    earlier: str
    later: str
    both: int
    violations: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A table's profile. `keys` are the column sets that tell its rows apart, with the rows that repeat one."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    keys: tuple[tuple[tuple[str, ...], int], ...] = ()
    declared_key: tuple[str, ...] = ()
    ordered: tuple[Ordered, ...] = ()
    sampled: int = 0
    determined: tuple[Determined, ...] = ()

    @property
    def sampling_error(self) -> float:
        """How far, with 95 % confidence, a share or a quantile's rank in the sample lies from the table's at most."""
        if not 0 < self.sampled < self.rows:
            return 0.0
        return 0.98 / math.sqrt(self.sampled) * math.sqrt(1 - self.sampled / self.rows)

    def to_json(self, rules: Sequence[Rule] = (), hidden: Collection[str] = ()) -> dict[str, Any]:
        """`{rows, columns, rules}` as `adp quality profile` prints it; of `hidden` columns no value appears."""
        return {
            "rows": self.rows,
            "sampled_rows": self.sampled,
            "sampling_error": {
                "share": round(self.sampling_error, 6),
                "confidence": 0.95,
                "of": ["quantiles", "semantic", "formats' choice", "quantities", "dependencies"],
            },
            "columns": {name: column.to_json(hidden=name in hidden) for name, column in self.columns.items()},
            "keys": [{"columns": list(names), "repeated_rows": repeated} for names, repeated in self.keys],
            "ordered": [
                {"earlier": o.earlier, "later": o.later, "rows": o.both, "violations": o.violations}
                for o in self.ordered
            ],
            "dependencies": [
                {"by": d.by, "of": d.of, "strength": d.strength, "sampled_rows": d.rows, "breaking": d.breaking}
                for d in self.determined
            ],
            "rules": [rule.to_gx() for rule in rules],
        }
