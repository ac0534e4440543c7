"""The goals of the store, with their plans and states."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.digest import canonical_json
from agents.core.errors import StateError
from agents.core.goal import Goal, GoalStatus
from agents.core.plan import Plan, plan_from
from resources.secrets_said import refuse_secrets
from resources.store_rows import TRANSITIONS, GoalMode, GoalRow

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

    from resources.store_database import Database


class GoalStore:
    """The part of the store that holds goals."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: Database | None = None

    def database(self) -> Database:
        """The open database; a forked process gets one of its own."""
        if self._opened is None or self._opened.pid != os.getpid():
            from resources.store_database import Database

            self._opened = Database(self._url)
        return self._opened

    def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def create_goal(
        self,
        text: str,
        environment: str,
        requester: str,
        budget: float | None = None,
        mode: GoalMode = "run",
        parent: str | None = None,
        source_run_id: str | None = None,
        deadline: str | None = None,
        plan: Plan | None = None,
    ) -> Goal:
        """Store a submission under a new id; the same `source_run_id` gives the goal it made before.

        With `plan` it is planned at once, whatever its words say. Raises Denied where they hold a secret.
        """
        refuse_secrets(text, "the goal")
        db = tables()
        with self.database().write() as connection:
            if source_run_id is not None:
                self.database().lock(connection, db.GOAL_LOCK)
                where = db.goals.c.source_run_id == source_run_id
                found = connection.execute(db.goals.select().where(where)).first()
                if found is not None:
                    return _goal_row(found).goal
            number = self.database().next_number(connection, "goal")
            goal = Goal(f"G-{number:06d}", text, environment, requester, budget, deadline, parent)
            now = time.time()
            connection.execute(
                db.goals.insert().values(
                    id=goal.id,
                    text=text,
                    environment=environment,
                    requester=requester,
                    budget=budget,
                    deadline=deadline,
                    mode=mode,
                    parent=parent,
                    source_run_id=source_run_id,
                    **(_planned(plan) if plan else {"status": "submitted"}),
                    created=now,
                    updated=now,
                )
            )
            return goal

    def set_plan(self, goal_id: str, plan: Plan) -> None:
        """Store the goal's plan; it is then `planned`, or has `questions`. Raises StateError once it is worked on."""
        db = tables()
        with self.database().write() as connection:
            row = locked(connection, goal_id)
            if row.status not in ("submitted", "questions", "planned"):
                if row.plan_digest == plan.digest:
                    return
                raise StateError(f"the goal is {row.status}: its plan stands", where=goal_id, fix="submit a new goal")
            values = {**_planned(plan), "updated": time.time()}
            connection.execute(db.goals.update().where(db.goals.c.id == goal_id).values(**values))

    def plan(self, goal_id: str) -> Plan:
        """The goal's plan. Raises StateError when there is none yet."""
        db = tables()
        with self.database().read() as connection:
            row = connection.execute(db.goals.select().where(db.goals.c.id == goal_id)).first()
        if row is None or row.plan is None:
            raise StateError("no such goal" if row is None else "the goal has no plan yet", where=goal_id)
        return plan_from(json.loads(row.plan))

    def goal(self, goal_id: str) -> GoalRow:
        """A goal and where it stands. Raises StateError for an unknown id."""
        db = tables()
        with self.database().read() as connection:
            row = connection.execute(db.goals.select().where(db.goals.c.id == goal_id)).first()
        if row is None:
            raise StateError("no such goal", where=goal_id, fix="check the goal id")
        return _goal_row(row)

    def goals(self, status: str | Iterable[str] | None = None) -> list[GoalRow]:
        """Goals in the order of submission, all or those in the given state(s)."""
        goals = tables().goals
        query = goals.select().order_by(goals.c.created, goals.c.id)
        if status is not None:
            query = query.where(goals.c.status.in_([status] if isinstance(status, str) else list(status)))
        with self.database().read() as connection:
            return [_goal_row(row) for row in connection.execute(query)]

    def children(self, goal_id: str) -> list[GoalRow]:
        """Goals that this goal started."""
        goals = tables().goals
        query = goals.select().where(goals.c.parent == goal_id).order_by(goals.c.created, goals.c.id)
        with self.database().read() as connection:
            return [_goal_row(row) for row in connection.execute(query)]

    def set_status(self, goal_id: str, status: GoalStatus, reason: str = "") -> bool:
        """Move a goal on; False when it is there already. Raises StateError where the step is not allowed."""
        goals = tables().goals
        with self.database().write() as connection:
            row = locked(connection, goal_id)
            if row.status == status:
                return False
            if status not in TRANSITIONS[row.status]:
                allowed = ", ".join(sorted(TRANSITIONS[row.status])) or "nothing"
                raise StateError(f"a goal that is {row.status} cannot become {status}", where=goal_id, fix=f"{allowed}")
            values = {"status": status, "reason": reason, "updated": time.time()}
            connection.execute(goals.update().where(goals.c.id == goal_id).values(**values))
            return True


def _planned(plan: Plan) -> dict[str, str]:
    return {
        "plan": canonical_json(plan.to_json()),
        "plan_digest": plan.digest,
        "status": "questions" if plan.questions else "planned",
    }


def tables():  # the inferred type is the module's, which no annotation can say
    from resources import store_tables

    return store_tables


def locked(connection: Connection, goal_id: str) -> Row[Any]:
    """The goal's row, held against other writers until the transaction ends."""
    goals = tables().goals
    row = connection.execute(goals.select().where(goals.c.id == goal_id).with_for_update()).first()
    if row is None:
        raise StateError("no such goal", where=goal_id, fix="check the goal id")
    return row


def _goal_row(row: Row[Any]) -> GoalRow:
    goal = Goal(row.id, row.text, row.environment, row.requester, row.budget, row.deadline, row.parent)
    created, updated = (datetime.fromtimestamp(at, UTC) for at in (row.created, row.updated))
    return GoalRow(goal, row.mode, row.status, row.reason, row.plan_digest, row.source_run_id, created, updated)
