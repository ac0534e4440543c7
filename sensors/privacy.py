"""The privacy sensor: every table that lands is looked at for personal data, once for what it is.

What landed is read from Dagster's asset records, so a hand-written asset counts as a pipeline's does. A tick only
compares: the scan is a goal of the governance agent. A table is looked at anew when its columns change or it has grown
tenfold. The cursor says what was looked at; without it everything is looked at once more, which changes nothing.

Once what landed was looked at, `platform/compliance` is made: at once when it never was, else at most once an hour.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster import (
    AssetKey,
    DagsterInstance,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from agents.core.catalog import TableId
from agents.core.digest import digest
from agents.core.errors import PlatformError
from agents.ops.workflow import resolve
from agents.tools.governing.classification import unclassified
from agents.tools.governing.compliance import ASSET as COMPLIANCE
from agents.tools.ready import AUTOMATION, submit_ready
from agents.tools.releases import named
from assets.kinds.keys import table_id
from resources.platform import Platform
from resources.store_rows import GoalRow
from sensors.cursors import JsonCursor, left_to_another

# Production gets what columns hold with each release; views and rows in quarantine belong to their table.
ENVIRONMENTS = ("dev", "staging")
LAYERS = ("bronze", "silver", "gold", "features")
OPEN = frozenset({"submitted", "planned", "building", "held", "releasing"})
MANY = 25
HOUR = 3600
PREFIX = f"{AUTOMATION}privacy:"


@dataclass(slots=True)
class Memory(JsonCursor):
    """The cursor: materializations seen up to `at`, what tables looked like when they were scanned, what waits.

    `asked` is the goal at work and its tables; tables of a goal that failed are tried once more, each `alone`.
    `scanned` counts goals that ended, `assessed` is their number when compliance was last asked for.
    """

    at: int = 0
    done: dict[str, str] = field(default_factory=dict[str, str])
    waiting: list[str] = field(default_factory=list[str])
    alone: list[str] = field(default_factory=list[str])
    goal: str = ""
    asked: dict[str, str] = field(default_factory=dict[str, str])
    scanned: int = 0
    assessed: int = 0
    assessed_at: float = 0.0


def privacy_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over everything that lands outside production."""

    @sensor(
        name="privacy",
        minimum_interval_seconds=20,
        asset_selection=[AssetKey(COMPLIANCE)],
        default_status=DefaultSensorStatus.RUNNING,
        description="Has every table that lands looked at for personal data; where it holds some, masks it in a view.",
    )
    def privacy(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if skipped := left_to_another(platform, context):
            return skipped
        watch = Watch(platform, Memory.of(context.cursor))
        watch.notice(landed(context.instance))
        said, runs = watch.ask(), watch.assess(time.time())
        return SensorResult(run_requests=runs, skip_reason=None if runs else said, cursor=watch.memory.to_json())

    return privacy


def landed(instance: DagsterInstance) -> dict[str, int]:
    """By lake table the number of its last materialization."""
    found: dict[str, int] = {}
    for record in instance.get_asset_records():
        table = table_id(record.asset_entry.asset_key)
        last = record.asset_entry.last_materialization_record
        if table and last and table.environment in ENVIRONMENTS and table.layer in LAYERS:
            found[str(table)] = last.storage_id
    return found


@dataclass(slots=True)
class Watch:
    """One tick."""

    platform: Platform
    memory: Memory

    def notice(self, tables: Mapping[str, int]) -> None:
        """Put tables on the list that were materialized since the last tick.

        A cursor that is ahead of everything was not written here: all is looked at once more.
        """
        if self.memory.at > max(tables.values(), default=0):
            self.memory = Memory()
        memory = self.memory
        memory.waiting, memory.alone = ([n for n in names if n in tables] for names in (memory.waiting, memory.alone))
        fresh = [name for name, number in sorted(tables.items()) if number > memory.at]
        memory.waiting = list(dict.fromkeys([*memory.waiting, *fresh]))
        memory.at = max([memory.at, *tables.values()])

    def ask(self) -> str:
        """Submit a goal for tables that are new or have changed, when none is at work; says what was done."""
        goals = self.platform.store.goals()
        if self._at_work(goals):
            return f"{self.memory.goal} is at work"
        busy = self._busy(goals)
        if self.memory.alone:
            return self._submit({name: look for name in [self.memory.alone.pop(0)] if (look := self._look(name))})
        looks: dict[str, str] = {}
        for name in list(self.memory.waiting):
            if name.partition("/")[2] in busy:
                continue  # its goal goes first: what people are asked to approve stays as they saw it
            self.memory.waiting.remove(name)
            look = self._look(name)
            if look and self.memory.done.get(name) != look:
                looks[name] = look
            if len(looks) >= MANY:
                break
        return self._submit(looks)

    def assess(self, now: float) -> list[RunRequest]:
        """A run of `platform/compliance` when scans ended since the last one and none is at work.

        Call it after `ask`: what waits then is held up by goals of its own, for days where people have to decide.
        """
        memory = self.memory
        quiet = not (memory.goal or memory.alone)
        if memory.scanned == memory.assessed or not quiet or 0 <= now - memory.assessed_at < HOUR:
            return []
        memory.assessed, memory.assessed_at = memory.scanned, now
        return [RunRequest(f"{PREFIX}compliance:{int(now)}", asset_selection=[AssetKey(COMPLIANCE)])]

    def _at_work(self, goals: list[GoalRow]) -> bool:
        memory = self.memory
        row = next((row for row in goals if row.id == memory.goal), None) if memory.goal else None
        if row is not None and row.status in OPEN:
            return True
        if row is not None and row.status == "failed" and len(memory.asked) > 1:
            memory.alone += list(memory.asked)
        else:
            memory.done |= memory.asked
        memory.scanned += bool(memory.goal)
        memory.goal, memory.asked = "", {}
        return False

    def _busy(self, goals: list[GoalRow]) -> set[str]:
        """Tables (`layer/table`) that open goals are about."""
        found: set[str] = set()
        for row in goals:
            if row.status in OPEN and row.plan_digest and not (row.source_run_id or "").startswith(PREFIX):
                for step in self.platform.store.plan(row.id).steps:
                    named = step.inputs.get("assets") or ()
                    values = [step.inputs.get("asset"), step.inputs.get("destination"), *named]
                    found |= {value for value in values if isinstance(value, str)}
        return found

    def _look(self, name: str) -> str:
        """What a scan depends on: the columns, and how many digits the number of rows has. Empty for no table."""
        table = TableId(*name.split("/"))
        try:
            schema = self.platform.lake.schema(table)
            rows = self.platform.lake.rows(table)
        except PlatformError:
            return ""
        columns = [[field.name, str(field.type)] for field in schema]
        return f"{digest(columns)[7:19]}.{int(math.log10(rows)) + 1 if rows else 0}"

    def _submit(self, looks: Mapping[str, str]) -> str:
        if not looks:
            return "nothing new has landed"
        environment = next(iter(looks)).partition("/")[0]
        chosen = {name: look for name, look in looks.items() if name.startswith(f"{environment}/")}
        self.memory.waiting += [name for name in looks if name not in chosen]
        steps: list[tuple[str, str, Mapping[str, Any]]] = [
            ("governance", "protect", {"asset": name.partition("/")[2]}) for name in chosen
        ]
        named = ", ".join(name.partition("/")[2] for name in list(chosen)[:3])
        text = f"Look for personal data in what landed: {named}{' and more' if len(chosen) > 3 else ''}"
        key = f"{PREFIX}{digest([chosen, self.memory.at])}"
        self.memory.goal = submit_ready(self.platform, text, environment, steps, key, "automation:privacy")
        self.memory.asked = dict(chosen)
        return f"{self.memory.goal}: {len(chosen)} tables are looked at"


def look_before_release(platform: Platform, goal: str, phase: int) -> str:
    """The goal that looks at what a phase is about to release and no spec speaks of, while it is at work; else empty.

    What people are asked to approve says then what the columns hold. A look that failed or waits for people holds
    nothing up: their card says what is not known.
    """
    unseen = unclassified(platform, _released(platform, goal, phase))
    if not unseen:
        return ""
    steps: list[tuple[str, str, Mapping[str, Any]]] = [("governance", "protect", {"asset": name}) for name in unseen]
    text = f"Look for personal data before {goal} releases: {', '.join(unseen[:3])}{' and more' if unseen[3:] else ''}"
    look = submit_ready(platform, text, "dev", steps, f"{PREFIX}before:{goal}:{phase}", "automation:privacy")
    return look if platform.store.goal(look).status in OPEN - {"held"} else ""


def _released(platform: Platform, goal: str, phase: int) -> list[str]:
    """The tables that a phase promotes, with what earlier steps gave; none where they gave nothing: the run says so."""
    outputs = platform.store.outputs(goal)
    found: list[str] = []
    for step in platform.store.plan(goal).steps:
        if step.phase == phase and (step.agent, step.action) == ("deployment", "promote"):
            try:
                found += named(resolve(step.inputs.get("assets"), outputs, step.id))
            except PlatformError:
                continue
    return found
