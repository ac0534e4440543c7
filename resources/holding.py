"""How a held run looks to Dagster: a tag that the queue never lets pass, and what takes its place. Trusted for nothing.

The tags are a picture of the store, which launcher and lake guard ask. `add_run_tags` reads and writes without a lock:
another writer can undo it, so what must be there is written again until it is seen.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agents.core.errors import StateError

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

PREFIX = "platform/"
APPROVAL = "platform/approval"
REQUEST = "platform/request"
PENDING, GRANTED = "pending", "granted"
HOLD: Mapping[str, Any] = {"key": APPROVAL, "value": PENDING, "limit": 0}
# Dagster's own tag: a run that was refused is not tried again, it would be refused again.
NO_RETRY: Mapping[str, str] = {"dagster/max_retries": "0"}
TRIES = 30
PAUSE_SECONDS = 0.05


def tag_run(instance: DagsterInstance, run_id: str, tags: Mapping[str, str]) -> None:
    """Give a run these tags, again until they are seen. Raises StateError when they do not stay."""
    for tried in range(TRIES):
        time.sleep(PAUSE_SECONDS if tried else 0)
        write_tags(instance, run_id, tags)
        if has_tags(instance.get_run_by_id(run_id), tags):
            return
    raise StateError(
        "the run's tags do not stay", where=run_id, fix="something else writes them: stop it, and try again"
    )


def write_tags(instance: DagsterInstance, run_id: str, tags: Mapping[str, str]) -> None:
    """Write these tags once: only for who reads the run afterwards anyway, and looks."""
    from dagster._core.errors import DagsterRunNotFoundError

    try:
        instance.add_run_tags(run_id, dict(tags))
    except DagsterRunNotFoundError as error:
        raise StateError("the run was deleted", where=run_id) from error


def has_tags(run: DagsterRun | None, tags: Mapping[str, str]) -> bool:
    """Whether a run has exactly these values of these tags."""
    return run is not None and all(run.tags.get(key) == value for key, value in tags.items())


def release(instance: DagsterInstance, run_ids: Iterable[str]) -> list[str]:
    """Let held runs pass in the queue; those that were held until now. Launcher and guard still judge each."""
    from dagster import DagsterRunStatus

    released: list[str] = []
    for run_id in run_ids:
        run = instance.get_run_by_id(run_id)
        if run and run.status == DagsterRunStatus.QUEUED and run.tags.get(APPROVAL) != GRANTED:
            tag_run(instance, run_id, {APPROVAL: GRANTED})
            released.append(run_id)
    return released
