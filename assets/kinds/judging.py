"""A table's rules at work: rows taken out while it is written, the whole judged after, results as Dagster checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from agents.core.catalog import TableId
from agents.core.digest import digest
from assets.kinds.checks import said_of
from assets.kinds.keys import asset_key
from assets.kinds.rules import RuleResult, RuleSet, check_names
from assets.kinds.rules.masking import shape
from assets.kinds.spec import NO_PII, Column, Rule

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake

# Rules whose observed number is the value of some row.
_TELLING = ("_min_", "_max_", "_median_", "_sum_", "_quantile_")


@dataclass(slots=True)
class Sieve:
    """Splits batches by a table's quarantining rules, compiled for the first batch's columns; counts what it took.

    A rule that only alerts and does not fit the columns stops no load: it fails as a check, when the table is judged.
    """

    rules: Sequence[Rule]
    where: str
    now: datetime
    counts: Counter[str] = field(default_factory=Counter[str])
    _set: RuleSet | None = None

    def split(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """`(good, bad)`. Raises RuleError where one of them does not fit the columns, before anything is committed."""
        if not self.rules:
            return batch, None
        if self._set is None:
            strict = [rule for rule in self.rules if rule.meta.action != "alert"]
            self._set = RuleSet(strict, batch.schema, where=self.where)
        good, bad = self._set.split(batch, now=self.now)
        if bad is not None:
            self.counts.update(str(rule) for rule in bad.column(bad.schema.get_field_index("_rule")).to_pylist())
        return good, bad


def quarantining(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that take rows out."""
    return [rule for rule in rules if rule.meta.action == "quarantine" and not rule.meta.muted]


def rules_digest(rules: Iterable[Rule]) -> str:
    """What the rows of a table were held against; empty without such rules."""
    hard = sorted((rule.to_gx() for rule in quarantining(rules)), key=str)
    return digest([{"type": rule["type"], "kwargs": rule["kwargs"]} for rule in hard]) if hard else ""


def judge(
    lake: Lake,
    table: TableId,
    rules: Sequence[Rule],
    where: str,
    now: datetime,
    columns: Mapping[str, Column] | None = None,
) -> dict[str, RuleResult]:
    """The verdict on the table as it stands, by check name; muted rules have none.

    Of `columns` that hold personal data, examples are shown by their form alone, numbers and dates too.
    """
    if not rules:
        return {}
    compiled = RuleSet(rules, lake.schema(table), where=where, lenient=True)

    def other(name: str) -> Any:
        layer, _, bare = name.partition("/")
        return lake.dataset(TableId(table.environment, layer, bare))

    personal = frozenset(name for name, column in (columns or {}).items() if column.pii not in ("", NO_PII))
    results = compiled.evaluate(lake.dataset(table), tables=other, now=now)
    return {name: _hidden(result, personal) for name, result in zip(compiled.names, results, strict=True)}


def _hidden(result: RuleResult, personal: frozenset[str]) -> RuleResult:
    if not personal & (_columns(result.rule) or personal):  # a query may show any column
        return result
    telling = result.observed is not None and any(word in result.rule.type for word in _TELLING)
    observed = shape(str(result.observed)) if telling else result.observed
    return replace(result, examples=tuple(map(shape, result.examples)), observed=observed)


def _columns(rule: Rule) -> set[str]:
    """The columns that a rule names."""
    names = [rule.kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return {str(name) for name in (*names, *rule.kwargs.get("column_list", ())) if name}


def refused(results: Mapping[str, RuleResult]) -> list[str]:
    """The checks whose failure refuses the new version."""
    return [name for name, result in results.items() if not result.success and result.rule.meta.action == "block"]


def check_results(
    table: TableId,
    rules: Sequence[Rule],
    results: Mapping[str, RuleResult],
    wanted: Iterable[str],
    taken: Mapping[str, int] | None = None,
) -> Iterator[dg.AssetCheckResult]:
    """A result for each wanted check; `taken` counts the rows that each rule sent to quarantine in this run."""
    by_name = dict(zip(check_names(rules), rules, strict=True))
    for name in sorted(wanted):
        rule, result = by_name[name], results.get(name)
        soft = rule.meta.action == "alert" or rule.meta.muted
        yield dg.AssetCheckResult(
            asset_key=asset_key(table),
            check_name=name,
            passed=result is None or result.success,
            severity=dg.AssetCheckSeverity.WARN if soft else dg.AssetCheckSeverity.ERROR,
            description=_said(rule, result),
            metadata=_metadata(rule, result, (taken or {}).get(name)),
        )


def _said(rule: Rule, result: RuleResult | None) -> str:
    reason = said_of(rule)
    if result is None:
        return reason
    if result.error:
        return f"{reason}: could not be evaluated: {result.error}"
    if result.success:
        return reason
    if result.observed is not None:
        return f"{reason}: observed {result.observed}"
    return f"{reason}: broken by {result.unexpected_count} of {result.element_count} rows"


def _metadata(rule: Rule, result: RuleResult | None, taken: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": rule.type, "action": rule.meta.action}
    if taken is not None:
        found["quarantined rows"] = taken
    if result is None:
        return {**found, "muted": True}
    if result.error:
        return {**found, "error": result.error}
    found["rows"] = result.element_count
    found["unexpected rows"] = result.unexpected_count
    if result.observed is not None:
        found["observed"] = str(result.observed)
    if result.examples:
        found["examples"] = ", ".join(result.examples)
    return found
