"""The masks sensor: after a key was replaced, views made by its former version are made anew, all of them at once.

Pseudonyms change with the key, so a view made before joins with none made since. Where a key was replaced, here or in
a vault, does not matter: a tick compares versions, and looks at the lake only when one has changed.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, SkipReason, sensor

from agents.core.catalog import TableId
from agents.core.digest import digest
from agents.core.errors import PlatformError
from agents.tools.governing.remasking import key_versions, outdated, views
from agents.tools.ready import AUTOMATION, submit_ready
from resources.platform import Platform
from sensors.cursors import JsonCursor, left_to_another

WHO = f"{AUTOMATION}masks"
TICK_SECONDS = 15


@dataclass(slots=True)
class Memory(JsonCursor):
    """The cursor: the versions of keys that were looked at, and behind which view the next tick goes on, if any."""

    seen: str = ""
    behind: str = ""


def masks_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over the versions of masking keys."""

    @sensor(
        name="masks",
        minimum_interval_seconds=300,
        default_status=DefaultSensorStatus.RUNNING,
        description="Has masked views made anew after the key behind their pseudonyms was replaced.",
    )
    def masks(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if skipped := left_to_another(platform, context):
            return skipped
        try:
            said, cursor = follow_keys(platform, context.cursor)
        except PlatformError as error:
            context.log.warning(str(error))
            return SkipReason(f"looked in vain, the next tick tries again: {error.what}")
        return SensorResult(skip_reason=said, cursor=cursor)

    return masks


def follow_keys(platform: Platform, cursor: str | None, seconds: float = TICK_SECONDS) -> tuple[str, str]:
    """One tick: a goal for each environment with views made by former keys. What was done, and the next cursor.

    After `seconds` it stops; the next tick goes on behind the last view that was looked at.
    """
    environments = platform.settings.environments
    versions = key_versions(platform, environments)
    seen = json.dumps(versions, sort_keys=True)
    before = Memory.of(cursor)
    behind = before.behind if before.seen == seen else ""
    if before.seen == seen and not behind:
        return "no key was replaced", before.to_json()
    end, old, last = time.monotonic() + seconds, list[TableId](), ""
    for view in views(platform, environments):
        if str(view) <= behind:
            continue
        if last and time.monotonic() >= end:
            break
        last = str(view)
        old += [view] if outdated(platform, view, versions) else []
    else:
        last = ""
    asked = [_ask(platform, name, [v.asset for v in old if v.environment == name], seen) for name in environments]
    return "; ".join(filter(None, asked)) or "every view is made by the newest keys", Memory(seen, last).to_json()


def _ask(platform: Platform, environment: str, assets: Sequence[str], seen: str) -> str:
    if not assets:
        return ""
    text = f"Mask {', '.join(assets[:3])}{' and more' if len(assets) > 3 else ''} by the newest keys"
    steps = [("governance", "remask", {"asset": asset}) for asset in assets]
    key = f"{WHO}:{environment}:{digest([seen, list(assets)])}"
    return f"{submit_ready(platform, text, environment, steps, key, WHO)}: {len(assets)} views"
