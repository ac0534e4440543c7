"""`platform/compliance`: by regulation and table what holds, what does not, and the fix.

It is measured each day, and after scans of tables found something new: the sensor `privacy` asks for that.
"""

from typing import Any

import dagster as dg

from agents.core.errors import PlatformError
from agents.tools.governing.compliance import ASSET, assess, load_packs
from agents.tools.governing.compliance.reports import markdown
from resources.platform import Platform


def compliance_asset(platform: Platform) -> dg.AssetsDefinition:
    """The asset over this deployment."""

    @dg.asset(
        key=list(ASSET),
        group_name="platform",
        automation_condition=dg.AutomationCondition.on_cron("0 5 * * *"),
        description="What regulations ask for, held against every table: computed, with evidence and the fix for gaps.",
    )
    def compliance() -> dg.MaterializeResult[Any]:
        try:
            found = assess(platform, list(load_packs(platform.settings.policies).values()))
        except PlatformError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        numbers = {f"{one.regulation} gaps": len(one.gaps) for one in found}
        texts = {one.regulation: dg.MetadataValue.md(markdown([one], links=True)) for one in found}
        return dg.MaterializeResult(metadata={**texts, **numbers})

    return compliance
