"""The instance of a deployment: no secret gets into Dagster's own storage, by a run's config or by what a run tells.

A text that was stored cannot be taken back out of it, so this is looked for before: in every process that opens the
instance, whichever way a run is made. Every process imports this module: it imports little.
"""

from __future__ import annotations

import json
import logging
from traceback import format_exception
from typing import TYPE_CHECKING, Any

from dagster import DagsterInstance, DagsterRun
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import deserialize_value, serialize_value

from resources.secret_values import find_secrets
from resources.secrets_said import hidden, hide, refuse_secrets

if TYPE_CHECKING:
    from dagster._core.events import DagsterEventBatchMetadata
    from dagster._core.events.log import EventLogEntry
    from dagster._core.execution.backfill import PartitionBackfill

SAID = "what was said to start the run"


class PlatformInstance(DagsterInstance):
    """Dagster's instance; runs whose config holds a secret are refused, and events are stored without secrets."""

    @classmethod
    def config_schema(cls) -> dict[str, Any]:
        """Nothing of its own in dagster.yaml, which asks."""
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> Any:
        """Dagster's own."""
        return InstanceRef.config_defaults(base_dir)

    def create_run(self, **run: Any) -> DagsterRun:
        """As Dagster does. Raises Denied where config or tags hold a secret: nothing is stored then."""
        _refuse(run)
        return super().create_run(**run)

    def create_run_for_job(self, job_def: Any, *parts: Any, **run: Any) -> DagsterRun:
        """The same, for runs within a process."""
        _refuse({**run, "parts": [part for part in parts if isinstance(part, dict)]})
        return super().create_run_for_job(job_def, *parts, **run)

    def create_reexecuted_run(self, **run: Any) -> DagsterRun:
        """The same, for another attempt with other config."""
        refuse_secrets([run.get("run_config"), run.get("extra_tags")], SAID)
        return super().create_reexecuted_run(**run)

    def add_backfill(self, partition_backfill: PartitionBackfill) -> None:
        """The same, for runs that are made later."""
        refuse_secrets([partition_backfill.run_config, partition_backfill.tags], SAID)
        super().add_backfill(partition_backfill)

    def handle_new_event(
        self, event: EventLogEntry, *, batch_metadata: DagsterEventBatchMetadata | None = None
    ) -> None:
        """Store what a run tells, each secret in it masked."""
        super().handle_new_event(without_secrets(event), batch_metadata=batch_metadata)

    def get_handlers(self) -> list[logging.Handler]:
        """Dagster's own, and behind them what hides secrets in the record before it is printed."""
        return [*super().get_handlers(), _Hiding()]


class _Hiding(logging.Handler):
    """Dagster prints what its handlers leave of a record; what is printed ends up in compute logs."""

    def emit(self, record: logging.LogRecord) -> None:
        record.msg = hidden(str(record.msg))
        if record.exc_info:
            trace = "".join(format_exception(*record.exc_info)).rstrip()
            if (clean := hidden(trace)) != trace:  # of a record only words and exc_info are printed
                record.msg, record.exc_info = f"{record.msg}\n{clean}", None


def without_secrets(event: EventLogEntry) -> EventLogEntry:
    """The event itself where it holds none."""
    text = serialize_value(event)
    plain = text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    if "\\u" not in text and not find_secrets(plain):
        return event
    told = json.loads(text)
    clean = hide(told)
    return event if clean is told else deserialize_value(json.dumps(clean), type(event))


def _refuse(run: dict[str, Any]) -> None:
    refuse_secrets([run.get(name) for name in ("run_config", "tags", "parts")], SAID)
