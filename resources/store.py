"""The store: goals, plans, phases and step outputs, shared by all processes of a deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.core.digest import canonical_json
from agents.core.errors import StateError
from resources.store_goals import GoalStore, locked, tables
from resources.store_rows import PHASE_ENDS, PhaseRow, PhaseStatus, StepRow


class Store(GoalStore):
    """SQL store of a deployment. Nothing is opened before the first use; safe between threads and processes."""

    def claim_phase(self, goal_id: str, phase: int, attempt: int, environment: str = "") -> str | None:
        """The run key to launch this attempt under, or None once its run has started.

        One attempt has one key for ever, so a sensor that died between the claim and the launch asks again and
        gets the same key, which Dagster launches once. `environment` is the plan's when not given.
        """
        database, phases = self.database(), tables().phases
        key = f"{goal_id}:{phase}:{attempt}"
        environment = environment or self._phase_environment(goal_id, phase)
        with database.write() as connection:
            locked(connection, goal_id)
            database.upsert(connection, phases, _phase_values(goal_id, phase, attempt, environment, key))
            row = connection.execute(phases.select().where(phases.c.run_key == key)).one()
            return key if row.status == "claimed" else None

    def phase_started(self, goal_id: str, phase: int, attempt: int, run_id: str) -> None:
        """Record the run that works on an attempt. Raises StateError when another run already does."""
        database, phases = self.database(), tables().phases
        key = f"{goal_id}:{phase}:{attempt}"
        environment = self._phase_environment(goal_id, phase)
        with database.write() as connection:
            locked(connection, goal_id)
            database.upsert(connection, phases, _phase_values(goal_id, phase, attempt, environment, key))
            row = connection.execute(phases.select().where(phases.c.run_key == key)).one()
            if row.run_id == run_id:
                return
            if row.status != "claimed":
                raise StateError(
                    f"attempt {attempt} belongs to run {row.run_id}", where=key, fix="claim the next attempt"
                )
            change = phases.update().where(phases.c.run_key == key)
            connection.execute(change.values(status="started", run_id=run_id))

    def phase_ended(self, goal_id: str, phase: int, attempt: int, status: PhaseStatus, reason: str = "") -> bool:
        """Record how an attempt ended; False when that is known already. The first end stands."""
        phases = tables().phases
        key = f"{goal_id}:{phase}:{attempt}"
        if status not in PHASE_ENDS:
            raise StateError(f"{status!r} is not an end", where=key, fix=f"use one of {', '.join(sorted(PHASE_ENDS))}")
        with self.database().write() as connection:
            locked(connection, goal_id)
            row = connection.execute(phases.select().where(phases.c.run_key == key)).first()
            if row is None:
                raise StateError("this attempt was never claimed", where=key)
            if row.status in PHASE_ENDS:
                return False
            connection.execute(phases.update().where(phases.c.run_key == key).values(status=status, reason=reason))
            return True

    def phases(self, goal_id: str) -> list[PhaseRow]:
        """Every attempt at every phase, in order."""
        phases = tables().phases
        query = phases.select().where(phases.c.goal_id == goal_id).order_by(phases.c.phase, phases.c.attempt)
        with self.database().read() as connection:
            return [PhaseRow(**row) for row in connection.execute(query).mappings()]

    # Steps

    def save_outputs(
        self,
        goal_id: str,
        phase: int,
        step_id: str,
        agent: str,
        action: str,
        outputs: Mapping[str, Any],
        status: str = "succeeded",
        seconds: float = 0.0,
    ) -> None:
        """Keep what a step gave; a step that ran again replaces what it gave before."""
        database = self.database()
        values = {
            "goal_id": goal_id,
            "phase": phase,
            "step_id": step_id,
            "agent": agent,
            "action": action,
            "status": status,
            "outputs": _as_json(outputs, f"{goal_id} step {step_id}"),
            "seconds": seconds,
        }
        with database.write() as connection:
            updated = ("agent", "action", "status", "outputs", "seconds")
            database.upsert(connection, tables().step_outputs, values, updated)

    def outputs(self, goal_id: str) -> dict[str, dict[str, Any]]:
        """Outputs by step id, of the steps that succeeded."""
        return {row.step_id: dict(row.outputs) for row in self.steps(goal_id) if row.status == "succeeded"}

    def steps(self, goal_id: str) -> list[StepRow]:
        """What every step gave, failed ones too, in the order of phases and ids."""
        table = tables().step_outputs
        query = table.select().where(table.c.goal_id == goal_id).order_by(table.c.phase, table.c.step_id)
        with self.database().read() as connection:
            found = [
                StepRow(r.step_id, r.phase, r.agent, r.action, r.status, r.seconds, json.loads(r.outputs))
                for r in connection.execute(query)
            ]
        return sorted(found, key=lambda step: (step.phase, _number(step.step_id), step.step_id))

    def next_id(self, kind: str) -> str:
        """A new id: `request` gives `AR-000042`, `incident` gives `INC-000003`."""
        prefix = {"request": "AR", "incident": "INC"}[kind]
        with self.database().write() as connection:
            return f"{prefix}-{self.database().next_number(connection, kind):06d}"

    def _phase_environment(self, goal_id: str, phase: int) -> str:
        row = self.goal(goal_id)
        if not row.plan_digest:
            return row.goal.environment
        known = {entry["phase"]: str(entry["environment"]) for entry in self.plan(goal_id).phases()}
        return known.get(phase, row.goal.environment)


def _phase_values(goal_id: str, phase: int, attempt: int, environment: str, key: str) -> dict[str, Any]:
    return {
        "goal_id": goal_id,
        "phase": phase,
        "attempt": attempt,
        "environment": environment,
        "status": "claimed",
        "run_key": key,
        "run_id": "",
        "reason": "",
    }


def _as_json(value: Mapping[str, Any], where: str) -> str:
    try:
        return canonical_json(dict(value))
    except (TypeError, ValueError) as error:
        raise StateError(f"outputs are not JSON: {error}", where=where, fix="give texts, numbers, lists") from error


def _number(step_id: str) -> int:
    """s2 comes before s10."""
    digits = step_id.lstrip("s")
    return int(digits) if digits.isascii() and digits.isdigit() else 0
