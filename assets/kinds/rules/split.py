"""Rows of a batch that break a rule, told from those that do not: one vectorised pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from assets.kinds.rules.columns import instant_literal
from assets.kinds.rules.compiled import NOW, RowCheck
from assets.kinds.rules.session import connect

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_VIEW = "batch_"


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule that decides row by row whether a row goes to quarantine."""

    name: str
    reason: str
    check: RowCheck


class Splitter:
    """Splits batches; keeps one DuckDB for all of them. Not for several threads at once."""

    def __init__(self, rules: Sequence[RowRule]) -> None:
        self._rules = tuple(rules)
        self._con: duckdb.DuckDBPyConnection | None = None

    def split(self, batch: pa.RecordBatch, now: datetime) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """`(good, bad)`; bad has `_rule` (the first broken) and `_reason` (of all broken ones) appended, or is None."""
        import pyarrow as pa

        if not self._rules or batch.num_rows == 0:
            return batch, None
        fine = " AND ".join(f"NOT coalesce({rule.check.bad}, FALSE)" for rule in self._rules)
        good, bad = self._columns(batch, [fine, f"NOT ({fine})"], now)
        if bad.true_count == 0:
            return batch, None
        broken = batch.filter(bad)
        rules, reasons = self._why(broken, now)
        for name, values in (("_rule", rules), ("_reason", reasons)):
            broken = broken.append_column(name, pa.array(values, pa.string()))
        return batch.filter(good), broken

    def _why(self, bad: pa.RecordBatch, now: datetime) -> tuple[list[str], list[str]]:
        asked = [f"coalesce({rule.check.bad}, FALSE)" for rule in self._rules]
        verdicts = [column.to_pylist() for column in self._columns(bad, asked, now)]
        rules: list[str] = []
        reasons: list[str] = []
        for row in zip(*verdicts, strict=True):
            broken = [rule for rule, is_broken in zip(self._rules, row, strict=True) if is_broken]
            rules.append(broken[0].name)
            reasons.append("; ".join(rule.reason for rule in broken))
        return rules, reasons

    def _columns(self, batch: pa.RecordBatch, sql: Sequence[str], now: datetime) -> list[pa.BooleanArray]:
        """One Boolean column for each expression, in the order of the batch's rows."""
        import pyarrow as pa

        if self._con is None:
            self._con = connect()
        self._con.register(_VIEW, pa.Table.from_batches([batch]))
        try:
            asked = ", ".join(f"{expression} AS c{i}" for i, expression in enumerate(sql))
            query = f"SELECT {asked} FROM {_VIEW}".replace(NOW, instant_literal(now))
            found: pa.Table = self._con.sql(query).to_arrow_table()
        finally:
            self._con.unregister(_VIEW)
        return [column.combine_chunks() for column in found.columns]
