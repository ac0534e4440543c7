"""After the quarantining rules of a table changed: rows that pass now land, rows that break a new rule leave.

Both happen before the load. A load then decides anew the rows that it reads again, wherever these were, so that none
is in the table and in quarantine at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from agents.core.errors import RuleError
from assets.kinds.judging import Sieve, quarantining, rules_digest
from assets.kinds.lake_writing import RULES_MARK
from assets.kinds.quarantine import quarantined, sweep
from assets.kinds.replay import Plan, Replayed, replay
from assets.kinds.spec import Rule, Table

if TYPE_CHECKING:
    from resources.lake import Lake


@dataclass(frozen=True, slots=True)
class Held:
    """What holding a table to new rules did. `later` is True where a rule names a column that the load will bring."""

    replayed: Replayed | None = None
    swept: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    later: bool = False


def hold_to_new_rules(lake: Lake, table: TableId, spec: Table, where: str, run_id: str, now: datetime) -> Held:
    """Replay and sweep an incremental table whose rules are no longer those its rows were held against.

    A load that reads everything does so by itself.
    """
    source, rules = spec.source, spec.rules
    if source is None or source.mode == "full" or not lake.exists(table) or holds_to(lake, table, rules):
        return Held()
    if not _fits(lake, table, quarantining(rules), where):
        return Held(later=True)
    replayed = None
    if quarantined(lake, table):
        plan = Plan(table, Sieve(rules, where, now).split, spec.key, source.watermark, why="the rules changed")
        replayed = replay(lake, plan, run_id, now)
    if not quarantining(rules):
        return Held(replayed)
    sieve = Sieve(rules, where, now)
    swept = sweep(lake, table, sieve.split, run_id, now, source.watermark)
    return Held(replayed, swept.rows_quarantined, sieve.counts)


def remember_rules(lake: Lake, table: TableId, rules: Sequence[Rule], held: Held) -> None:
    """Keep with the table which rules its rows were held against."""
    if held.later or holds_to(lake, table, rules):
        return
    import pyarrow as pa

    nothing = pa.RecordBatchReader.from_batches(lake.schema(table), [])
    lake.append(table, nothing, marks={RULES_MARK: rules_digest(rules)})


def holds_to(lake: Lake, table: TableId, rules: Sequence[Rule]) -> bool:
    """Whether every row of the table was held against these rules."""
    return lake.marks(table).get(RULES_MARK, "") == rules_digest(rules)


def _fits(lake: Lake, table: TableId, rules: Sequence[Rule], where: str) -> bool:
    from assets.kinds.rules import RuleSet

    try:
        RuleSet(rules, lake.schema(table), where=where)
    except RuleError:
        return False
    return True
