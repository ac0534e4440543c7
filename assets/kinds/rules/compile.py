"""A table's rules, compiled once: split its batches, evaluate it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agents.core.errors import RuleError
from assets.kinds.rules import queries, row_checks, several_columns, table_checks
from assets.kinds.rules.columns import columns_of
from assets.kinds.rules.compiled import Broken, Compiled, RowCheck
from assets.kinds.rules.evaluate import Pair, evaluate
from assets.kinds.rules.names import check_names
from assets.kinds.rules.registry import compile_rule
from assets.kinds.rules.result import RuleResult
from assets.kinds.rules.split import RowRule, Splitter
from assets.kinds.spec import Rule

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.kinds.rules.reading import Dataset, Tables

COMPILERS = (row_checks, several_columns, table_checks, queries)
"""The modules whose import registers the rule types."""


class RuleSet:
    """The rules of one table that are not muted.

    RuleError at once where one does not fit the columns; with `lenient` it fails when evaluated, and the others count.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        columns: Mapping[str, pa.DataType] | pa.Schema,
        *,
        where: str = "",
        lenient: bool = False,
    ) -> None:
        self._columns = columns_of(columns)
        named = zip(check_names(rules), rules, strict=True)
        self._named = tuple((name, rule) for name, rule in named if not rule.meta.muted)
        self._pairs = tuple(Pair(rule, self._compiled(rule, where, lenient)) for _, rule in self._named)
        self._splitter = Splitter(
            [
                RowRule(name, pair.rule.meta.reason or name, pair.check)
                for (name, _), pair in zip(self._named, self._pairs, strict=True)
                if pair.rule.meta.action == "quarantine" and isinstance(pair.check, RowCheck)
            ],
            where,
        )

    def _compiled(self, rule: Rule, where: str, lenient: bool) -> Compiled:
        try:
            return compile_rule(rule, self._columns, where)
        except RuleError as error:
            if not lenient:
                raise
            return Broken(f"{error.what}; fix: {error.fix}" if error.fix else error.what)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are evaluated, in their order."""
        return tuple(rule for _, rule in self._named)

    @property
    def names(self) -> tuple[str, ...]:
        """The check names of `rules`, in the same order."""
        return tuple(name for name, _ in self._named)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Each of `rules` with what it was compiled to."""
        return self._pairs

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """The rules by which `split` sends rows to quarantine."""
        return tuple(
            pair.rule
            for pair in self._pairs
            if pair.rule.meta.action == "quarantine" and isinstance(pair.check, RowCheck)
        )

    @property
    def blocking(self) -> tuple[Rule, ...]:
        """The rules whose failure stops what reads the table."""
        return tuple(rule for rule in self.rules if rule.meta.action == "block")

    def split(
        self, batch: pa.RecordBatch, *, now: datetime | None = None
    ) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """`(good, bad)`: bad rows break a row rule with action quarantine and carry `_rule`, `_reason`, or are None."""
        return self._splitter.split(batch, now or datetime.now(UTC))

    def evaluate(self, dataset: Dataset, *, tables: Tables | None = None, now: datetime) -> list[RuleResult]:
        """One result per rule, in the order of `rules`. `dataset` must be readable more than once."""
        return evaluate(self._pairs, dataset, columns_of(dataset.schema), tables, now)
