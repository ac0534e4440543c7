"""The specs sensor: shows on `platform/specs` which product files were left out, as soon as they are loaded."""

from collections.abc import Sequence

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, SkipReason, sensor

from agents.core.digest import digest
from agents.core.errors import SpecError
from assets.kinds.health import health_event


def specs_sensor(problems: Sequence[SpecError]) -> SensorDefinition:
    """The sensor over what this load of the definitions left out; it reports a change once."""
    state = digest([str(problem) for problem in problems])

    @sensor(
        name="specs",
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Reports product files that do not load.",
    )
    def specs(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        if context.cursor == state:
            return SkipReason("as before")
        return SensorResult(asset_events=[health_event(problems)], cursor=state)

    return specs
