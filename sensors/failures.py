"""The failures sensor: tells the people a table's spec names that its run failed."""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DefaultSensorStatus,
    RunFailureSensorContext,
    SensorDefinition,
    run_failure_sensor,
)
from pydantic import TypeAdapter

from agents.core.catalog import TableId
from assets.kinds.keys import op_name, table_id
from assets.kinds.spec import Notify
from resources.notifier import Notice
from resources.orchestrator import first_error
from resources.platform import Platform


def failures_sensor(platform: Platform) -> SensorDefinition:
    """The sensor; who hears of what stands in the specs."""

    @run_failure_sensor(
        name="failures",
        minimum_interval_seconds=10,
        default_status=DefaultSensorStatus.RUNNING,
        description="Notifies the people named in a table's spec when its run fails.",
    )
    def failures(context: RunFailureSensorContext) -> None:
        steps = {event.step_key for event in context.get_step_failure_events()}
        failed = [table for table in tables_of(context.instance, context.dagster_run.run_id) if op_name(table) in steps]
        reason = platform.secrets.redact(first_error(context.instance, context.dagster_run.run_id)) if failed else ""
        for table in failed:
            listeners = listeners_of(platform, table)
            link = f"{platform.settings.base_url}/runs/{context.dagster_run.run_id}"
            if listeners:
                for delivery in platform.notifier.notify(Notice(f"{table} failed", reason, link, "error", listeners)):
                    if not delivery.ok:
                        context.log.warning(f"{delivery.kind}: {delivery.detail}")

    return failures


def entry_of(platform: Platform, table: TableId) -> Mapping[str, Any]:
    """What the specs say of a table in its environment: a release's word goes before; empty where nothing does."""
    found = platform.releases(table.environment).find(table.asset) or platform.specs.find(table.asset)
    return found[1] if found else {}


def listeners_of(platform: Platform, table: TableId) -> tuple[Notify, ...]:
    """Whom a table's spec names to hear of it."""
    return TypeAdapter(tuple[Notify, ...]).validate_python(entry_of(platform, table).get("notify") or ())


def tables_of(instance: DagsterInstance, run_id: str) -> Iterator[TableId]:
    """The lake tables a run was to materialize."""
    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION_PLANNED).records:
        event = record.event_log_entry.dagster_event
        if event and event.asset_key and (table := table_id(event.asset_key)):
            yield table
