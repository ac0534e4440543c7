"""When a table refreshes by itself: declarative automation, which scales to thousands of tables in one sensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

import dagster as dg

from agents.core.catalog import TableId
from assets.kinds.keys import asset_key
from assets.kinds.spec import Table

Condition = dg.AutomationCondition[Any]


def condition(table: Table, deps: Iterable[TableId], automated: Mapping[TableId, bool]) -> Condition | None:
    """On its schedule; a computed table without one whenever a table it reads was refreshed; else only by hand.

    On its schedule a SQL table waits for the tables it reads, except for those nothing refreshes: they would keep it
    waiting for ever.
    """
    if table.schedule is None:
        return None if table.source is not None else on_update()
    idle = [asset_key(dep) for dep in deps if not automated.get(dep, False)]
    if not idle:
        return on_schedule(table.schedule)
    waiting = dg.AutomationCondition.on_cron(table.schedule).ignore(dg.AssetSelection.assets(*idle))
    return cast(Condition, waiting)


@cache
def on_schedule(cron: str) -> Condition:
    """At each tick, UTC, once the tables it reads are fresh."""
    return cast(Condition, dg.AutomationCondition.on_cron(cron))


@cache
def on_update() -> Condition:
    """When a table it reads was refreshed and passed its blocking checks, one run at a time."""
    cond = dg.AutomationCondition
    ready = (
        cond.any_deps_updated().since_last_handled()
        & ~cond.any_deps_missing()
        & ~cond.any_deps_in_progress()
        & ~cond.in_progress()
        & cond.all_deps_blocking_checks_passed()
    )
    return cast(Condition, ready.with_label("a table it reads was refreshed"))


def automated_tables(tables: Mapping[TableId, tuple[Table, tuple[TableId, ...]]]) -> dict[TableId, bool]:
    """Which tables refresh by themselves: scheduled, or computed from at least one table that does."""
    known: dict[TableId, bool] = {}

    def automated(name: TableId) -> bool:
        if name not in known:
            known[name] = False  # also ends a walk round a cycle, which validation has refused already
            found = tables.get(name)
            if found:
                table, deps = found
                known[name] = table.schedule is not None or any(map(automated, deps))
        return known[name]

    for name in tables:
        automated(name)
    return known
