"""One step of an agent as a run of `workflow`, launched by a command and followed until people decide or it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from platform_defs.commands.busy import busy
from platform_defs.commands.printing import emit, markdown, progress, tell

if TYPE_CHECKING:
    from platform_defs.client import Client
    from resources.platform import Platform

POLL_SECONDS = 0.5
ENDED = ("SUCCESS", "FAILURE", "CANCELED", "NOT_FOUND")


def launch_step(
    agent: str, action: str, inputs: Mapping[str, Any], environment: str, requester: str = "", *, json: bool = False
) -> None:
    """Launch it in the running deployment and say what became of it: its report, or where people decide."""
    from platform_defs.client import connect
    from platform_defs.instance import Home
    from resources.platform import Platform
    from resources.settings import load_settings

    settings = load_settings()
    platform, client = Platform.of(settings), connect(Home(settings.state_dir))
    config = step_config(agent, action, inputs, environment, requester or settings.local_user)
    run_id = client.launch("workflow", config)
    progress(f"run {run_id}")
    with busy(f"run {run_id} is at work"):
        outcome = _outcome(platform, client, run_id)
    if json:
        emit(outcome)
    else:
        markdown(str(outcome["report"])) if outcome.get("report") else tell(_words(outcome))
    if outcome.get("status") in ("failed", "rolled back"):
        raise typer.Exit(1)


def step_config(agent: str, action: str, inputs: Mapping[str, Any], environment: str, requester: str) -> dict[str, Any]:
    """Run config of `workflow` for one step of an agent and the report on it."""
    steps = {agent: {"id": "s1", "action": action, "inputs": dict(inputs)}, "report": {"id": "s2", "action": "report"}}
    return {
        "execution": {"config": {"in_process": {}}},
        "ops": {
            "route": {"config": {"environment": environment, "requester": requester}},
            **{name: {"config": {"steps": [step]}} for name, step in steps.items()},
        },
    }


def _outcome(platform: Platform, client: Client, run_id: str) -> dict[str, Any]:
    """Wait until people have to decide, or the run has ended; what is to be said then."""
    from platform_defs import journey

    while True:
        request = platform.approvals.request_of_run(run_id)
        if request is not None and request.open:
            where = journey.where(platform, request.id)
            return {"run": run_id, "status": "held", "request": request.id, "decide": where}
        status, error = client.status(run_id)
        if status in ENDED:
            return _ended(platform, run_id, status, error)
        time.sleep(POLL_SECONDS)


def _ended(platform: Platform, run_id: str, status: str, error: str) -> dict[str, Any]:
    from platform_defs import journey

    goal = next((row.goal.id for row in platform.store.goals() if row.source_run_id == run_id), None)
    outputs = platform.store.outputs(goal).get("s1", {}) if goal else {}
    if status != "SUCCESS" or goal is None:
        return {"run": run_id, "status": "failed", "reason": error or status.lower(), **outputs}
    return {"run": run_id, "goal": goal, **outputs, "report": journey.report(platform, goal)}


def _words(outcome: Mapping[str, Any]) -> str:
    if outcome.get("status") == "held":
        return f"{outcome['request']} waits for a decision: {outcome['decide']}"
    return f"{outcome.get('status', 'done')}: {outcome.get('reason', '')}"
