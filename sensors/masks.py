"""The masks sensor: after a key was replaced, views made by its former version are made anew, all of them at once.

Pseudonyms change with the key, so a view made before joins with none made since. Where a key was replaced, here or in
a vault, does not matter: a tick compares versions, and looks at the lake only when one has changed.
"""

import json

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, SkipReason, sensor

from agents.core.digest import digest
from agents.core.errors import PlatformError
from agents.tools.governing.remasking import key_versions, outdated
from agents.tools.ready import AUTOMATION, submit_ready
from resources.orchestrator import at_home
from resources.platform import Platform

WHO = f"{AUTOMATION}masks"


def masks_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over the versions of masking keys."""

    @sensor(
        name="masks",
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Has masked views made anew after the key behind their pseudonyms was replaced.",
    )
    def masks(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if not at_home(context.instance, platform.settings.state_dir):
            return SkipReason("the deployment of this state folder has an instance of its own, which does this")
        try:
            said, cursor = follow_keys(platform, context.cursor)
        except PlatformError as error:
            context.log.warning(str(error))
            return SkipReason(f"looked in vain, the next tick tries again: {error.what}")
        return SensorResult(skip_reason=said, cursor=cursor)

    return masks


def follow_keys(platform: Platform, cursor: str | None) -> tuple[str, str]:
    """One tick: a goal for each environment with views made by former keys. What was done, and the next cursor."""
    environments = platform.settings.environments
    versions = key_versions(platform, environments)
    seen = json.dumps(versions, sort_keys=True)
    if seen == cursor:
        return "no key was replaced", seen
    asked: list[str] = []
    for environment in environments:
        views = [view.asset for view in outdated(platform, environment, versions)]
        if views:
            text = f"Mask {', '.join(views[:3])}{' and more' if len(views) > 3 else ''} by the newest keys"
            steps = [("governance", "remask", {"asset": view}) for view in views]
            key = f"{WHO}:{environment}:{digest([versions, views])}"
            asked.append(f"{submit_ready(platform, text, environment, steps, key, WHO)}: {len(views)} views")
    return "; ".join(asked) or "every view is made by the newest keys", seen
