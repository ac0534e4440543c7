"""The retention sensor: asks people, once for each table and time, to let rows go that were kept long enough.

It deletes nothing: it submits a goal whose run is held until somebody approves it. It looks at the store and the lake
as they stand; its cursor only spares tables that were looked at on the same day.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, SkipReason, sensor

from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from agents.tools.governing.declared import declared
from agents.tools.governing.retention import due_of
from agents.tools.ready import retention_key, submit_ready
from resources.orchestrator import readers_in
from resources.platform import Platform
from resources.store_rows import GoalRow
from sensors.cursors import JsonCursor, left_to_another

# A tick ends after so many seconds; the next one goes on where it stopped.
TICK_SECONDS = 15
# After a no, the same is not asked again for so long.
QUIET = timedelta(days=7)
OPEN = frozenset({"submitted", "planned", "building", "held", "releasing"})
Readers = Callable[[TableId], list[TableId]]


@dataclass(slots=True)
class Memory(JsonCursor):
    """The cursor: the tables that were looked at on this day."""

    day: str = ""
    tables: list[str] = field(default_factory=list[str])


def retention_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over what the specs declare."""

    @sensor(
        name="retention",
        minimum_interval_seconds=300,
        default_status=DefaultSensorStatus.RUNNING,
        description="Asks people to let rows go that retention says were kept long enough: archived, then deleted.",
    )
    def retention(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if skipped := left_to_another(platform, context):
            return skipped
        graph = context.repository_def.asset_graph if context.repository_def else None
        today = datetime.now(UTC)
        seen = Memory.of(context.cursor)
        looked = frozenset(seen.tables if seen.day == f"{today:%Y-%m-%d}" else ())
        look = Look(platform, today, looked)
        look.all(lambda table: readers_in(graph, table) if graph else [])
        for problem in look.problems:
            context.log.warning(problem)
        cursor = Memory(f"{today:%Y-%m-%d}", sorted(look.looked))
        return SensorResult(skip_reason="; ".join(look.asked) or "nothing is due", cursor=cursor.to_json())

    return retention


@dataclass(slots=True)
class Look:
    """One tick. `looked` are the tables of today that were seen to; `asked` says what was submitted."""

    platform: Platform
    now: datetime
    looked: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    def all(self, readers: Readers, seconds: float = TICK_SECONDS) -> None:
        """Every table that declares a retention, as far as the time goes."""
        end, goals = time.monotonic() + seconds, self.platform.store.goals()
        for environment in self.platform.settings.environments:
            for asset, entry in declared(self.platform, environment).items():
                table = TableId(environment, *asset.split("/", 1))
                if not entry.get("retention") or str(table) in self.looked or not self.platform.lake.exists(table):
                    continue
                if time.monotonic() > end:
                    return
                self.looked |= {str(table)}
                if not _waits(goals, table, self.now):
                    self._ask(table, entry, readers)

    def _ask(self, table: TableId, entry: dict[str, object], readers: Readers) -> None:
        try:
            due = due_of(self.platform, table, entry)
            if due.against or not (due.due or due.quarantined):
                return
            copies = [found.asset for found in readers(table) if self.platform.lake.exists(found)]
            inputs = {"asset": table.asset, "before": due.before, "assets": [table.asset, *copies]}
            text = f"Retention of {table.asset}: {due.then} rows older than {due.before}"
            steps = [("governance", "expire", inputs)]
            key, who = f"{retention_key(str(table))}{due.before}", "automation:retention"
            goal = submit_ready(self.platform, text, table.environment, steps, key, who)
            self.asked.append(f"{goal}: {due.due + due.quarantined:,} rows of {table} older than {due.before}")
        except PlatformError as error:
            self.problems.append(f"{table}: {error}")


def _waits(goals: list[GoalRow], table: TableId, now: datetime) -> bool:
    """Whether people are asked already, or said no a short time ago."""
    mine = [goal for goal in goals if (goal.source_run_id or "").startswith(retention_key(str(table)))]
    return any(goal.status in OPEN or (goal.status == "rejected" and now - goal.updated < QUIET) for goal in mine)
