"""The execution plan of a run, as the instance has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun
    from dagster._core.snap import ExecutionPlanSnapshot

_KEPT = 128  # plans that are remembered: reading one costs some milliseconds
# Dagster names a plan by the hash of what it says: under one id there is never another.
_plans: dict[str, ExecutionPlanSnapshot] = {}


def plan_of(instance: DagsterInstance, run: DagsterRun) -> ExecutionPlanSnapshot | None:
    """What Dagster would execute for a run; None when the instance has no plan of it."""
    name = run.execution_plan_snapshot_id
    if name is None:
        return None
    if (plan := _plans.get(name)) is None:
        # There may be none, whatever its type says.
        found = cast("ExecutionPlanSnapshot | None", instance.get_execution_plan_snapshot(name))
        if found is None:
            return None
        if len(_plans) >= _KEPT:
            _plans.clear()
        plan = _plans[name] = found
    return plan
