"""The platform's own jobs, sensors and assets, for the agents that are registered."""

from typing import Any

import dagster as dg

from agents.core.errors import PlatformError
from agents.ops.goal import goal_job
from agents.ops.workflow import workflow_job
from agents.roles import register_agents
from agents.roles.report import render
from agents.tools.goals import goal_facts
from platform_defs.approvals_asset import approvals_asset, decide_job
from platform_defs.compliance_asset import compliance_asset
from resources.orchestrator import GOALS, REPORTS
from resources.platform import Platform
from resources.settings import Settings
from sensors.approvals import approvals_sensor
from sensors.contracts import contracts_sensor
from sensors.failures import failures_sensor
from sensors.masks import masks_sensor
from sensors.plans import plans_sensor
from sensors.privacy import privacy_sensor
from sensors.quality import quality_sensor
from sensors.retention import retention_sensor


def services(settings: Settings) -> dg.Definitions:
    """`goal`, `workflow` and `decide`, the sensors around them, the goals' reports and the inbox of approvals."""
    registry, platform = register_agents(settings.extensions), Platform.of(settings)
    workflow = workflow_job(registry, platform)
    return dg.Definitions(
        assets=[goals_asset(platform), approvals_asset(platform), compliance_asset(platform)],
        jobs=[goal_job(registry, platform), workflow, decide_job()],
        sensors=[
            plans_sensor(workflow, registry, platform),
            approvals_sensor(platform),
            failures_sensor(platform),
            contracts_sensor(platform),
            masks_sensor(platform),
            retention_sensor(platform),
            privacy_sensor(platform),
            quality_sensor(platform),
        ],
    )


def goals_asset(platform: Platform) -> dg.AssetsDefinition:
    """`platform/goals`: one partition a goal; materializing one writes its report anew from the store."""

    @dg.asset(
        key=list(REPORTS),
        partitions_def=dg.DynamicPartitionsDefinition(name=GOALS),
        group_name="platform",
        description="What each goal brought about: one partition a goal, its report in the metadata.",
    )
    def goals(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        try:
            facts = goal_facts(platform, context.partition_key)
        except PlatformError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        return dg.MaterializeResult(metadata={"report": dg.MetadataValue.md(render(facts)), "status": facts.status})

    return goals
