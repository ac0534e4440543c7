"""Rows of a batch that break a rule, told from those that do not: one vectorised pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
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
        self._used = list(dict.fromkeys(name for rule in rules for name in rule.check.columns))
        self._con: duckdb.DuckDBPyConnection | None = None

    def split(self, batch: pa.RecordBatch, now: datetime) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """`(good, bad)`; bad has `_rule` (the first broken) and `_reason` (of all broken ones) appended, or is None."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._rules or batch.num_rows == 0:
            return batch, None
        verdicts = self._verdicts(batch, now)
        bad = reduce(lambda a, b: pc.call_function("or", [a, b]), verdicts)
        if bad.true_count == 0:
            return batch, None
        broken = batch.filter(bad)
        rules, reasons = self._why([verdict.filter(bad).to_pylist() for verdict in verdicts])
        for name, values in (("_rule", rules), ("_reason", reasons)):
            broken = broken.append_column(name, pa.array(values, pa.string()))
        return batch.filter(pc.call_function("invert", [bad])), broken

    def _why(self, verdicts: Sequence[Sequence[bool]]) -> tuple[list[str], list[str]]:
        rules: list[str] = []
        reasons: list[str] = []
        for row in zip(*verdicts, strict=True):
            broken = [rule for rule, is_broken in zip(self._rules, row, strict=True) if is_broken]
            rules.append(broken[0].name)
            reasons.append("; ".join(rule.reason for rule in broken))
        return rules, reasons

    def _verdicts(self, batch: pa.RecordBatch, now: datetime) -> list[pa.BooleanArray]:
        """For each rule, whether it is broken, in the order of the batch's rows."""
        import pyarrow as pa

        con = self._con = self._con or connect()
        # A stream costs DuckDB less than a table; columns no rule looks at stay out of it.
        used = batch.select(self._used) if self._used else batch
        con.register(_VIEW, pa.RecordBatchReader.from_batches(used.schema, [used]))
        asked = ", ".join(f"coalesce({rule.check.bad}, FALSE) AS c{i}" for i, rule in enumerate(self._rules))
        try:
            # Not con.sql(...): it plans the query twice, which costs more than the work on a batch.
            found = con.execute(f"SELECT {asked} FROM {_VIEW}".replace(NOW, instant_literal(now))).fetchnumpy()
        finally:
            con.unregister(_VIEW)
        return [pa.array(found[f"c{i}"], pa.bool_()) for i in range(len(self._rules))]
