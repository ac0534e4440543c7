"""The failures sensor: tells the people a table's spec names that its run failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagster import DefaultSensorStatus, RunFailureSensorContext, SensorDefinition, run_failure_sensor

from assets.kinds.spec import Notify
from resources.notifier import Notice
from resources.orchestrator import first_error
from resources.platform import Platform


def failures_sensor(listeners: Mapping[str, Sequence[Notify]], platform: Platform) -> SensorDefinition:
    """The sensor; `listeners` has who wants to hear of which op's failure."""

    @run_failure_sensor(
        name="failures",
        minimum_interval_seconds=10,
        default_status=DefaultSensorStatus.RUNNING,
        description="Notifies the people named in a table's spec when its run fails.",
    )
    def failures(context: RunFailureSensorContext) -> None:
        failed = {event.step_key for event in context.get_step_failure_events() if event.step_key}
        reason = platform.secrets.redact(first_error(context.instance, context.dagster_run.run_id))
        link = f"{platform.settings.base_url}/runs/{context.dagster_run.run_id}"
        for step in sorted(failed & set(listeners)):
            notice = Notice(f"{step.replace('__', '/')} failed", reason, link, "error", listeners[step])
            for delivery in platform.notifier.notify(notice):
                if not delivery.ok:
                    context.log.warning(f"{delivery.kind}: {delivery.error}")

    return failures
