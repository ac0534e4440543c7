"""One goal from submission to its end, as somebody at a terminal follows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from agents.core.errors import RunFailed
from agents.core.goal import FINAL
from agents.roles.report import render
from agents.tools.goals import goal_facts
from platform_defs.client import Client
from resources.platform import Platform
from resources.store_rows import GoalRow

SUBMIT_SECONDS = 120
POLL_SECONDS = 0.5


def submit(client: Client, platform: Platform, config: Mapping[str, Any]) -> str:
    """Launch the `goal` job and wait until its plan is stored; the goal's id."""
    run_id = client.launch("goal", {"ops": {"plan": {"config": dict(config)}}})
    deadline = time.monotonic() + SUBMIT_SECONDS
    while time.monotonic() < deadline:
        found = next((row for row in platform.store.goals() if row.source_run_id == run_id), None)
        if found and found.status != "submitted":
            return found.goal.id
        status, error = client.status(run_id)
        if status in ("FAILURE", "CANCELED", "NOT_FOUND"):
            raise RunFailed(error or status, where=f"run {run_id}", fix="see the run in the UI")
        time.sleep(POLL_SECONDS)
    raise RunFailed("the goal job did not end", where=f"run {run_id}", fix="is the daemon running? adp doctor")


def follow(platform: Platform, goal_id: str, say: Callable[[str], None]) -> GoalRow:
    """Wait for the goal's end, saying each step as it is done."""
    seen: set[str] = set()
    status = ""
    while True:
        row = platform.store.goal(goal_id)
        if row.status != status:
            status = row.status
            say(f"{goal_id} {status}")
        for step, out in platform.store.outputs(goal_id).items():
            text = _progress(step, out)
            if text not in seen:
                seen.add(text)
                say(text)
        if row.status in FINAL or (row.mode == "plan" and row.status == "planned"):
            return row
        time.sleep(POLL_SECONDS)


def report(platform: Platform, goal_id: str) -> str:
    """The report as markdown."""
    return render(goal_facts(platform, goal_id))


def summary(platform: Platform, goal_id: str) -> dict[str, Any]:
    """A goal as JSON: where it stands, its plan, what its steps gave."""
    facts = goal_facts(platform, goal_id)
    return {
        "goal": goal_id,
        "text": facts.text,
        "environment": facts.environment,
        "status": facts.status,
        "reason": facts.reason,
        "plan": facts.plan.to_json(),
        "outputs": facts.outputs,
        "report": render(facts),
    }


def line(row: GoalRow) -> dict[str, Any]:
    """A goal in a list."""
    return {"goal": row.goal.id, "status": row.status, "environment": row.goal.environment, "text": row.goal.text}


def _progress(step: str, out: Mapping[str, Any]) -> str:
    what = f"{step}: {out.get('dataset', 'report')}"
    if "rules" in out:
        return f"{what}: {len(out['rules'])} rules checked, {out.get('rows_quarantined', 0):,} rows in quarantine"
    if "rows" in out:
        return f"{what}: {out['rows']:,} rows"
    return f"{what}: spec {'written' if out.get('changed') else 'as it was'}" if "product" in out else what
