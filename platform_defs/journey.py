"""One goal from submission to its end, as somebody at a terminal follows it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from agents.core.approval import ApprovalRequest, Choice
from agents.core.errors import RunFailed
from agents.core.goal import FINAL
from agents.roles.report import render
from agents.tools.goals import goal_facts
from platform_defs.client import LAUNCH, REPOSITORY, Client
from platform_defs.instance import LOCATION, Home
from resources.inbox import (
    DECIDE,
    INBOX,
    PARTITION_TAG,
    age,
    decision_config,
    requests_of_goal,
    states,
)
from resources.inbox import request_id as request_of
from resources.platform import Platform
from resources.secrets_said import refuse_secrets
from resources.store_rows import GoalRow

SUBMIT_SECONDS = 120
POLL_SECONDS = 0.5
SHOWN = """
query($path: [String!]!) { assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode { partitionKeys } } }
"""


def submit(client: Client, platform: Platform, config: Mapping[str, Any]) -> str:
    """Launch the `goal` job and wait until its plan is stored; the goal's id. Raises Denied where it holds a secret."""
    refuse_secrets(config, "the goal")
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


def follow(platform: Platform, goal_id: str, say: Callable[[str], None], *, decided: bool = False) -> GoalRow:
    """Wait for the goal's end, saying each step as it is done; a goal that people have to decide on is not waited for.

    `decided`: they just did, so what waited until now goes on.
    """
    seen: set[str] = set()
    status = ""
    while True:
        row = platform.store.goal(goal_id)
        if row.status == "held" and decided and not waiting(platform, goal_id):
            time.sleep(POLL_SECONDS)
            continue
        if row.status != status:
            status = row.status
            say(f"{goal_id} {status}")
        for step, out in platform.store.outputs(goal_id).items():
            text = progress(step, out)
            if text not in seen:
                seen.add(text)
                say(text)
        if row.status == "held":
            for request in waiting(platform, goal_id):
                say(f"{request} waits for a decision: {where(platform, request)}")
        if row.status in FINAL or (row.mode == "plan" and row.status == "planned"):
            return row
        time.sleep(POLL_SECONDS)


def waiting(platform: Platform, goal_id: str) -> list[str]:
    """Ids of the requests that a goal waits for."""
    known = states(platform.store)
    return [request for request in requests_of_goal(platform.store, goal_id) if known[request] == "pending"]


def where(platform: Platform, request_id: str) -> str:
    """The page of a request: its evidence, and the links that decide."""
    running = Home(platform.settings.state_dir).running()
    url = running["url"] if running else platform.settings.base_url
    return f"{url}/assets/platform/approvals?view=events&partition={request_id}"


def approve(
    client: Client,
    platform: Platform,
    request_id: str,
    *,
    name: str,
    code: str,
    note: str = "",
    decision: Choice = "approve",
) -> ApprovalRequest:
    """Decide on a request through the web as the UI does; the request as it then stands.

    Raises RunFailed with the reason when the decision was refused: nothing has changed then.
    """
    refuse_secrets(note, "the note")
    platform.approvals.request(request_id)
    params = {
        "selector": {"repositoryLocationName": LOCATION, "repositoryName": REPOSITORY, "jobName": DECIDE},
        "runConfigData": decision_config(decision, name, code, note),
        "executionMetadata": {"tags": [{"key": PARTITION_TAG, "value": _partition(client, request_id)}]},
    }
    answer = client.ask(LAUNCH, {"params": params})["launchPipelineExecution"]
    if "run" not in answer:
        told = "; ".join(error["message"] for error in answer.get("errors") or []) or answer.get("message") or ""
        # The reason is for people: not the name of the error's class, which Dagster puts before it.
        reason = re.sub(r"^[\w.]+Error: |^(?:\w+\.)+\w+: ", "", told.strip())
        raise RunFailed(reason or client.load_error() or answer["__typename"], where=request_id)
    return platform.approvals.request(request_id)


def _partition(client: Client, request_id: str) -> str:
    """The partition that shows the request now: one that somebody painted goes on under a fresh name."""
    shown = client.ask(SHOWN, {"path": list(INBOX)})["assetNodeOrError"].get("partitionKeys") or ()
    return max((name for name in shown if request_of(name) == request_id), key=age, default=request_id)


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


def progress(step: str, out: Mapping[str, Any]) -> str:
    """What a step did, as the console says it while a goal is worked on."""
    if "released" in out or "undone" in out:
        assets = ", ".join(out.get("assets") or ())
        return f"{step}: {assets} {out['status']} in {out['environment']}"
    what = f"{step}: {out.get('dataset', 'report')}"
    if "rules" in out:
        left = f"{out['rows']:,} rows in the table, " if out.get("rows") is not None else ""
        return f"{what}: {len(out['rules'])} rules checked; {left}{out.get('rows_quarantined', 0):,} in quarantine"
    if "rows" in out:
        held = out.get("rows_quarantined") or 0
        read = f" of {out['rows_read']:,} read, {held:,} in quarantine" if out.get("rows_read") and held else ""
        return f"{what}: {out['rows']:,} rows{read}"
    return f"{what}: spec {'written' if out.get('changed') else 'as it was'}" if "product" in out else what
