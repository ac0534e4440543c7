"""Goals whose plan is ready: what a sensor, a command or an agent asks for in exact steps instead of in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from agents.core.goal import FINAL
from agents.core.plan import Plan, Step
from agents.core.registry import tool
from agents.tools.session import Session
from resources.platform import Platform

OVER = FINAL - {"held"}
# Goals that the platform itself submits: their source is no run.
AUTOMATION = "automation:"


@tool("goals.submit", effect="write_spec")
def submit(
    session: Session, text: str, steps: Sequence[tuple[str, str, Mapping[str, Any]]], key: str, again: bool = False
) -> str:
    """Put a child goal with these steps (agent, action, inputs) into the store; its id, the same for the same `key`.

    `again`: where that goal is over, a new one asks anew.
    """
    parent = session.platform.store.goal(session.goal).goal
    key = _unused(session.platform, key) if again else key
    return submit_ready(session.platform, text, session.environment, steps, key, parent.requester, parent.id)


def submit_ready(
    platform: Platform,
    text: str,
    environment: str,
    steps: Sequence[tuple[str, str, Mapping[str, Any]]],
    key: str,
    requester: str,
    parent: str | None = None,
) -> str:
    """The same for sensors and commands. The same `key` is the same goal, however often it is submitted."""
    made = [
        Step(f"s{number}", 1, agent, action, dict(inputs)) for number, (agent, action, inputs) in enumerate(steps, 1)
    ]
    last = Step(f"s{len(made) + 1}", 1, "report", "report", {}, tuple(step.id for step in made))
    plan = Plan(text, environment, steps=(*made, last))
    goal = platform.store.create_goal(text, environment, requester, parent=parent, source_run_id=key, plan=plan)
    return goal.id


def _unused(platform: Platform, key: str) -> str:
    """The key itself, or with a number behind it: that of the goal which is not over yet, else one that nobody used."""
    goals = {row.source_run_id: row.status for row in platform.store.goals()}
    names = (key if number == 1 else f"{key}#{number}" for number in count(1))
    return next(name for name in names if goals.get(name, "submitted") not in OVER)


def retention_key(table: str) -> str:
    """What the keys of goals begin with that let go rows of `environment/layer/table`; the day follows."""
    return f"{AUTOMATION}retention:{table}:"
