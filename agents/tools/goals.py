"""Tools around the goal itself: what is known of it, its report, and goals that it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.core.approval import ApprovalRequest
from agents.core.plan import Plan
from agents.core.registry import tool
from agents.tools.session import Session
from resources.inbox import requests_of_goal
from resources.platform import Platform
from resources.secrets_said import refuse_secrets


@dataclass(frozen=True, slots=True)
class GoalFacts:
    """A goal, its plan, what its steps gave so far, and what of it was held for people."""

    id: str
    text: str
    environment: str
    requester: str
    budget: float | None
    status: str
    reason: str
    plan: Plan
    outputs: Mapping[str, Mapping[str, Any]]
    requests: tuple[ApprovalRequest, ...] = ()


@tool("goals.facts", effect="read")
def facts(session: Session) -> GoalFacts:
    """Everything the store has of this goal."""
    return goal_facts(session.platform, session.goal)


def goal_facts(platform: Platform, goal_id: str) -> GoalFacts:
    """The same for code that serves no agent: the goal job, the plans sensor, the command line."""
    store = platform.store
    row = store.goal(goal_id)
    goal = row.goal
    return GoalFacts(
        goal.id,
        goal.text,
        goal.environment,
        goal.requester,
        goal.budget,
        row.status,
        row.reason,
        store.plan(goal.id),
        store.outputs(goal.id),
        tuple(platform.approvals.request(request) for request in requests_of_goal(store, goal.id)),
    )


def refuse_secret_words(text: str) -> None:
    """Raise Denied where a goal's words hold a secret; the error does not repeat it."""
    refuse_secrets(text, "the goal")


@tool("goals.publish", effect="read")
def publish(session: Session, markdown: str, numbers: Mapping[str, str | int | float]) -> None:
    """Show the report in the UI. It tells of effects and has none on data, specs or money."""
    session.orchestrator.publish(session.goal, markdown, numbers)


@tool("goals.start", effect="write_spec")
def start(session: Session, text: str) -> str:
    """Put a child goal into the store; the plans sensor takes it from there. Its id; a rerun gets the same one."""
    store = session.platform.store
    parent = store.goal(session.goal).goal
    child = store.create_goal(
        text,
        session.environment,
        parent.requester,
        parent.budget,
        "run",
        parent=parent.id,
        source_run_id=f"{parent.id}:{text}",
    )
    return child.id
