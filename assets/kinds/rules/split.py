"""Rows of a batch that break a rule, told from those that do not: one vectorised pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agents.core.errors import RuleError
from assets.kinds.rules.columns import instant_literal, quote
from assets.kinds.rules.compiled import NOW, RowCheck
from assets.kinds.rules.session import connect

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_VIEW = "batch_"
_ROW = "__row"


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule that decides row by row whether a row goes to quarantine."""

    name: str
    reason: str
    check: RowCheck


class _Current:
    """The batch in hand, as a table whose rows change: what is prepared over it once serves every batch."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.batch.schema, [self.batch]).__arrow_c_stream__(requested_schema)


class Splitter:
    """Splits batches; keeps one DuckDB for all of them. Not for several threads at once."""

    def __init__(self, rules: Sequence[RowRule], where: str = "") -> None:
        self._rules, self._where = tuple(rules), where
        self._used = list(dict.fromkeys(name for rule in rules for name in rule.check.columns))
        self._con: duckdb.DuckDBPyConnection | None = None
        self._current: _Current | None = None
        self._prepared: tuple[pa.Schema, datetime] | None = None

    def split(self, batch: pa.RecordBatch, now: datetime) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """`(good, bad)`; bad has `_rule` (the first broken) and `_reason` (of all broken ones) appended, or is None.

        Raises RuleError where a rule cannot be computed on the batch's values.
        """
        import duckdb
        import numpy as np
        import pyarrow as pa

        if not self._rules or batch.num_rows == 0:
            return batch, None
        try:
            found = self._broken(batch, now)
        except duckdb.Error as error:
            raise self._failed(batch, now, error) from error
        rows = found[_ROW]
        if not len(rows):
            return batch, None
        good = np.ones(batch.num_rows, dtype=bool)
        good[rows] = False
        broken = batch.take(pa.array(rows))
        rules, reasons = self._why([found[f"c{i}"].tolist() for i in range(len(self._rules))])
        for name, values in (("_rule", rules), ("_reason", reasons)):
            broken = broken.append_column(name, pa.array(values, pa.string()))
        return batch.filter(pa.array(good)), broken

    def _why(self, verdicts: Sequence[Sequence[bool]]) -> tuple[list[str], list[str]]:
        rules: list[str] = []
        reasons: list[str] = []
        for row in zip(*verdicts, strict=True):
            broken = [rule for rule, is_broken in zip(self._rules, row, strict=True) if is_broken]
            rules.append(broken[0].name)
            reasons.append("; ".join(rule.reason for rule in broken))
        return rules, reasons

    def _broken(self, batch: pa.RecordBatch, now: datetime) -> Mapping[str, Any]:
        """The numbers of the rows that break a rule, ascending, and for each rule whether it is broken there."""
        import numpy as np
        import pyarrow as pa

        # Columns no rule looks at stay out of it.
        used = batch.select(self._used).append_column(_ROW, pa.array(np.arange(batch.num_rows, dtype=np.int32)))
        con = self._prepare(used, now)
        return con.execute("EXECUTE split_").fetchnumpy()

    def _prepare(self, used: pa.RecordBatch, now: datetime) -> duckdb.DuckDBPyConnection:
        con = self._con = self._con or connect()
        if self._current is not None and self._prepared == (used.schema, now):
            self._current.batch = used
            return con
        self._current = _Current(used)
        con.register(_VIEW, self._current)
        asked = ", ".join(f"coalesce({rule.check.bad}, FALSE) AS c{i}" for i, rule in enumerate(self._rules))
        any_of = " OR ".join(f"({rule.check.bad})" for rule in self._rules)
        sql = f"SELECT {quote(_ROW)}, {asked} FROM {_VIEW} WHERE {any_of} ORDER BY {quote(_ROW)}"
        # Planning a query costs more than the work on a batch: it is done once.
        con.execute("PREPARE split_ AS " + sql.replace(NOW, instant_literal(now)))
        self._prepared = (used.schema, now)
        return con

    def _failed(self, batch: pa.RecordBatch, now: datetime, error: Exception) -> RuleError:
        """Says which rule cannot be computed: the first that alone fails as all did together."""
        import duckdb

        culprit = self._rules[0].name
        for rule in self._rules if len(self._rules) > 1 else ():
            try:
                Splitter([rule])._broken(batch, now)
            except duckdb.Error:
                culprit = rule.name
                break
        kind = type(error).__name__
        return RuleError(
            f"rule {culprit} cannot be computed on the data ({kind})",
            where=self._where,
            fix="mend the rule, or mute it",
            rule=culprit,
        )
