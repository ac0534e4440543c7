"""The quality sensor: compares each refresh of a table with those before it, says what is unlike, opens remediation.

It reads what refreshes measured and what was thought of them from the store, never its cursor, which only spares
looking for late tables at every tick. Stopped, run twice or killed half-way it says nothing twice but an observation.
A remediation is a goal like any other: its run passes the gate, and is held in production.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from dagster import (
    AssetObservation,
    DagsterInstance,
    DefaultSensorStatus,
    MetadataValue,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from pydantic import TypeAdapter

from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from agents.tools.anomalies.lateness import late
from agents.tools.anomalies.tables import FEWEST, Finding, judge_table
from agents.tools.ready import AUTOMATION, submit_ready
from assets.kinds.keys import asset_key
from assets.kinds.pins import confirmed
from assets.kinds.spec import Override
from resources.markdown import plain
from resources.measurements import Measurement
from resources.notifier import Notice
from resources.platform import Platform
from sensors.contracts import promise_more
from sensors.cursors import JsonCursor, left_to_another
from sensors.failures import entry_of, listeners_of

WHO = f"{AUTOMATION}quality"
# So many refreshes are compared in a tick, and so many seconds pass between looks for late tables.
MOST, LATE_SECONDS = 200, 300
# One remediation a table and day, and never more than so many at once: what breaks everything has one cause.
PAUSE_SECONDS, MOST_OPEN = 86_400, 5
OPEN = ("submitted", "planned", "building", "held", "releasing")


@dataclass(slots=True)
class Memory(JsonCursor):
    """The cursor: when late tables were looked for, in seconds UTC."""

    late: int = 0


def quality_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over what refreshes measured."""

    @sensor(
        name="quality",
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Reports refreshes that are unlike those before them, and has failing tables looked after.",
    )
    def quality(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if skipped := left_to_another(platform, context):
            return skipped
        now, memory = time.time(), Memory.of(context.cursor)
        review = Review(platform, context.instance, now)
        review.refreshes()
        if not 0 <= now - memory.late < LATE_SECONDS:
            review.late()
            memory.late = int(now)
        for problem in review.problems:
            context.log.warning(problem)
        return SensorResult(skip_reason="; ".join(review.told) or "nothing is unusual", cursor=memory.to_json())

    return quality


@dataclass(slots=True)
class Review:
    """One tick: what was told, and what went wrong with single tables."""

    platform: Platform
    instance: DagsterInstance
    now: float
    told: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    def refreshes(self) -> None:
        """Compare every refresh that nobody has compared yet."""
        for measurement in self.platform.measurements.unjudged(MOST):
            self._compare(measurement)

    def late(self) -> None:
        """Report tables whose next refresh is overdue, once for each that did not come."""
        kept = self.platform.measurements
        for table, newest, usual in kept.pauses(FEWEST):
            if self.now - newest <= 2 * usual:
                continue
            history = kept.history(table)
            if "late" in history[-1].verdict or not (reason := late([m.at for m in history], self.now)):
                continue
            if "freshness" in self._override(table).quiet or not _scheduled(self.platform, table):
                continue
            self._report(table, [Finding("freshness", reason)])
            kept.settle(history[-1].id, {**history[-1].verdict, "late": reason})

    def _compare(self, measurement: Measurement) -> None:
        past = self.platform.measurements.history(measurement.table, before=measurement.id)
        verdict: dict[str, object] = {}
        found = judge_table(past, measurement)
        if found:  # only now the specs are read: most refreshes are as ever
            word = self._override(measurement.table)
            found = judge_table(past, measurement, word.quiet, confirmed(word))
        if found:
            self._report(measurement.table, found)
            verdict["anomalies"] = [each.to_json() for each in found]
        failed = [str(name) for name in measurement.facts.get("refused", ())]
        if found or failed:
            try:
                verdict["remediation"] = self.remedy(measurement, past, found, failed)
            except PlatformError as error:
                self.problems.append(f"{measurement.table}: {error}")
        if measurement.facts.get("unpromised"):
            try:
                self._promise(measurement.table, verdict)
            except PlatformError as error:
                self.problems.append(f"{measurement.table}: {error}")
        self.platform.measurements.settle(measurement.id, verdict)

    def _promise(self, table: TableId, verdict: dict[str, object]) -> None:
        """A contract grows with its table; until then every refresh says so again, and the goal stays one."""
        before = {goal.id for goal in self.platform.store.goals()}
        if not (goal := promise_more(self.platform, table)):
            return
        verdict["contract"] = goal
        if goal not in before:
            self.told.append(f"{goal} promises what {table} holds more")

    def _report(self, table: TableId, found: Sequence[Finding]) -> None:
        """Say it in the UI, the ledger, and to those whom the spec names."""
        said = "; ".join(each.reason for each in found)
        shown = {
            "severity": "WARN",
            "measures": ", ".join(each.measure for each in found),
            "anomaly": MetadataValue.md("\n".join(f"- {plain(each.reason)}" for each in found)),
        }
        event = AssetObservation(asset_key(table), description=f"Unusual: {said}", metadata=shown)
        self.instance.report_runless_asset_event(event)
        self.platform.ledger.append("quality", WHO, "anomaly", subject=str(table), why=said)
        if listeners := listeners_of(self.platform, table):
            link = f"{self.platform.settings.base_url}/assets/{table}"
            for delivery in self.platform.notifier.notify(
                Notice(f"{table} is unusual", said, link, "warning", listeners)
            ):
                if not delivery.ok:
                    self.problems.append(f"{delivery.kind}: {delivery.detail}")
        self.told.append(f"{table}: {said}")

    def remedy(
        self, measurement: Measurement, past: Sequence[Measurement], found: Sequence[Finding], failed: Sequence[str]
    ) -> str:
        """The goal that looks after a table as long as it fails, or why there is none."""
        table = measurement.table
        begun = key_of(table, began(past, measurement))
        goals = self.platform.store.goals()
        mine = [goal for goal in goals if (goal.source_run_id or "").startswith(key_of(table))]
        if known := [goal for goal in mine if goal.source_run_id == begun]:
            return known[0].id
        if mine and (mine[-1].status in OPEN or self.now - mine[-1].created.timestamp() < PAUSE_SECONDS):
            return f"{mine[-1].id} was opened for this table lately"
        busy = [goal for goal in goals if goal.status in OPEN and (goal.source_run_id or "").startswith(f"{WHO}:")]
        if len(busy) >= MOST_OPEN:
            return f"none: {len(busy)} remediations are open already"
        why = "; ".join([f"{name} failed" for name in failed] + [each.reason for each in found])
        steps = [("quality", "validate", {"asset": table.asset, "learn": False})]
        goal = submit_ready(self.platform, f"Validate {table.asset}: {why}", table.environment, steps, begun, WHO)
        self.platform.ledger.append("quality", WHO, "remediation", subject=goal, why=f"{table}: {why}")
        self.told.append(f"{goal} looks after {table}")
        return goal

    def _override(self, table: TableId) -> Override:
        return TypeAdapter(Override).validate_python(entry_of(self.platform, table).get("override") or {})


def began(past: Sequence[Measurement], now: Measurement) -> int:
    """The first of the refreshes in a row that were unusual or refused: what goes on is one state."""
    first = now.id
    for measurement in reversed(past):
        if not (measurement.verdict.get("anomalies") or measurement.facts.get("refused")):
            break
        first = measurement.id
    return first


def key_of(table: TableId, first: int | None = None) -> str:
    """What a remediation's goal is known by: table and failing state."""
    return f"{WHO}:{table}:{first if first is not None else ''}"


def _scheduled(platform: Platform, table: TableId) -> bool:
    """Whether anybody promised refreshes: what people start by hand is never late."""
    entry = entry_of(platform, table)
    return bool(entry.get("schedule") or entry.get("freshness_hours"))
