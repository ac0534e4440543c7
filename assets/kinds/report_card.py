"""What a refresh leaves for those who watch quality: a measurement in the store, a scorecard in the UI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from agents.core.catalog import TableId
from assets.kinds.cron import longest_pause
from assets.kinds.measuring import measure
from assets.kinds.pins import confirmed
from assets.kinds.promises import column_types, promises_more
from assets.kinds.scorecard import CHARTED, scorecard
from assets.kinds.scoring import scores
from assets.kinds.spec import Override
from resources.measurements import Measurement

if TYPE_CHECKING:
    from assets.kinds.contract import Contract
    from assets.kinds.rules import RuleResult
    from resources.platform import Platform

# A table with more failing rules than these has one problem, not many.
_MOST_FAILING = 20
# A scheduled run may begin so much later than it was due.
_RUN_LATE = 1.5


def card(
    platform: Platform,
    table: TableId,
    results: Mapping[str, RuleResult],
    numbers: Mapping[str, Any],
    run_id: str,
    now: datetime,
    *,
    override: Override,
    freshness_hours: float | None = None,
    schedule: str | None = None,
    refused: Sequence[str] = (),
    contract: Contract | None = None,
) -> dict[str, Any]:
    """Measure the table as it stands, score it, keep both; metadata for Dagster: the card, and scores that plot.

    How old it may have become is what `freshness_hours` says, else what its `schedule` (cron) brings about.
    """
    kept, at = platform.measurements, now.timestamp()
    history = kept.history(table, limit=CHARTED)
    facts: dict[str, Any] = {**measure(platform.lake, table), **_read(numbers), "failing": _failing(results)}
    if refused:
        facts["refused"] = list(refused)
    elif more := promises_more(contract, column_types(platform.lake.schema(table))):
        facts["unpromised"] = more[:_MOST_FAILING]
    usual = [(m.at, int(m.facts["rows"])) for m in usual_of(history, override)]
    allowed = (
        freshness_hours * 3600 if freshness_hours else _RUN_LATE * longest_pause(schedule, at) if schedule else None
    )
    facts["scores"] = scores(facts, results.values(), usual, at, allowed)
    kept.record(table, run_id, at, facts)
    text = scorecard([*history, Measurement(table, run_id, at, facts)])
    shown = {f"quality/{name}": score for name, score in facts["scores"].items()}
    return {"scorecard": dg.MetadataValue.md(text), **shown}


def usual_of(history: Sequence[Measurement], override: Override) -> list[Measurement]:
    """The refreshes that say what is usual: those that were taken, since a person last confirmed a change."""
    return [m for m in history if not m.facts.get("refused") and m.at >= confirmed(override)]


def _read(numbers: Mapping[str, Any]) -> dict[str, int]:
    names = {"rows read": "read", "rows quarantined": "quarantined"}
    return {short: int(numbers[name]) for name, short in names.items() if name in numbers}


def _failing(results: Mapping[str, RuleResult]) -> list[dict[str, Any]]:
    """The rules that do not hold; their examples are masked where they are found."""
    return [
        {
            "name": name,
            "reason": result.rule.meta.reason or result.rule.type,
            "action": result.rule.meta.action,
            "unexpected": result.unexpected_count,
            "examples": list(result.examples) or ([str(result.observed)] if result.observed is not None else []),
        }
        for name, result in results.items()
        if not result.success
    ][:_MOST_FAILING]
