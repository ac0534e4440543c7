"""Who asked for a run: whom the web vouches for; without HTTP, what the instance and the store have recorded.

Tags can be forged by whoever launches a run or a backfill, so none is believed over HTTP, and elsewhere the name that
the webserver gave a backfill goes before everything its tags say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.core.approval import Requester
from agents.core.errors import StateError
from agents.tools.ready import AUTOMATION

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

    from platform_defs.web_identity import Who
    from resources.platform import Platform

USER, BACKFILL, RETRY = "user", "dagster/backfill", "dagster/retry_number"
_AUTOMATION = (
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/from_automation_condition",
    "dagster/auto_materialize",
    "dagster/auto_observe",
)
UNKNOWN = Requester("unknown", known=False)


@dataclass(frozen=True, slots=True)
class Requesters:
    """Finds who asked, in one deployment."""

    instance: DagsterInstance
    platform: Platform

    def of(self, run: DagsterRun, who: Who | None, goal: str, claimed: tuple[str, ...] = ()) -> Requester:
        """The requester of a run that is submitted now: `who` asks over HTTP, None means that nobody does.

        `goal` is the goal it works for; `claimed` are names in its run config. Every name that comes up is kept, and
        none of them may approve the run.
        """
        found = Requester(who.name or UNKNOWN.name, who.known) if who else self._recorded(run, goal)
        behind = self.of_goal(goal) if goal else UNKNOWN
        names = (*found.claimed, *claimed, run.tags.get(USER, ""), behind.name, *behind.claimed)
        others = dict.fromkeys(name for name in names if name not in ("", found.name, UNKNOWN.name))
        return Requester(found.name, found.known, tuple(others))

    def of_goal(self, goal: str) -> Requester:
        """Whoever submitted the goal, or the goal that it serves; known when its run was attributed to somebody."""
        try:
            row = self.platform.store.goal(goal)
            while row.goal.parent:
                row = self.platform.store.goal(row.goal.parent)
        except StateError:
            return UNKNOWN
        if (row.source_run_id or "").startswith(AUTOMATION):  # a run's id is none: only the platform's sensors say so
            return Requester(row.goal.requester, known=True)
        attributed = self.platform.approvals.requester_of_run(row.source_run_id) if row.source_run_id else None
        if attributed is None:
            return Requester(row.goal.requester, known=False)
        return Requester(attributed.name, attributed.known, (*attributed.claimed, row.goal.requester))

    def _recorded(self, run: DagsterRun, goal: str) -> Requester:
        user = run.tags.get(USER, "")
        if run.tags.get(RETRY) and run.parent_run_id:
            before = self.platform.approvals.requester_of_run(run.parent_run_id)
            if before and user in ("", before.name):
                return before
        if user or BACKFILL in run.tags:
            return self._backfill(run.tags.get(BACKFILL, ""), user)
        if goal:
            return self.of_goal(goal)
        named = [run.tags[tag] for tag in _AUTOMATION if run.tags.get(tag)]
        return Requester(f"automation:{named[0]}", known=True) if named else UNKNOWN

    def _backfill(self, backfill_id: str, user: str) -> Requester:
        """Known when the backfill has the same name from the webserver: ids in tags can name another's backfill."""
        found = self.instance.get_backfill(backfill_id) if backfill_id else None
        named = found.tags.get(USER, "") if found else ""
        return Requester(user or named or UNKNOWN.name, known=bool(named) and named == user)
