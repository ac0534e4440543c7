"""Whether and how a language model is asked: in a goal of its own, so that nothing else has to be approved for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agents.core.errors import GoalError
from agents.core.registry import tool
from agents.tools.overrides import forbidden
from agents.tools.ready import AUTOMATION, submit_ready
from agents.tools.session import Session
from agents.tools.suggesting import model_of
from resources.platform import Platform

ASK = "quality.ask_model"
LOOKED_AT = 500
"""The newest goals, among which what a model said is looked for."""
STEPS: Mapping[str, str] = {"suggest": "what its columns mean and what should hold", "explain": "for words on repairs"}
"""The quality agent's actions that ask a model, and for what."""


@tool("quality.have_asked", effect="write_spec")
def have_asked(session: Session, asset: str, action: str, inputs: Mapping[str, Any], once: str) -> str:
    """Put a goal into the store that asks the model about a table; in words which, or why none is asked.

    Asking reaches an address outside, which the goal's run declares. Empty where the deployment has no model. In
    production none is asked unasked: it would wait for people. `once` names the occasion: one goal for each.
    """
    model = model_of(session.platform)
    if model is None:
        return ""
    if isinstance(model, str):
        return model
    if why := forbidden(session.platform, session.environment, asset, ASK):
        return f"no language model is asked: {why}"
    if session.environment == "prod":
        return f"no language model is asked in production; ask it: adp quality {action} {asset} -e prod"
    parent = session.platform.store.goal(session.goal).goal
    text = f"Ask {model.name} about {asset}: {STEPS[action]}"
    key = f"{AUTOMATION}{action}:{session.environment}/{asset}:{datetime.now(UTC):%Y-%m-%d}:{once}"
    steps = [("quality", action, {"asset": asset, **inputs})]
    goal = submit_ready(session.platform, text, session.environment, steps, key, parent.requester, parent.id)
    return f"{goal} asks {model.name} {STEPS[action]}"


def meanings(platform: Platform, environment: str, asset: str) -> dict[str, str]:
    """What a model last said that the columns of a table mean. Raises GoalError where none said anything."""
    for row in platform.store.goals()[: -LOOKED_AT - 1 : -1]:
        if row.goal.environment == environment:
            for out in platform.store.outputs(row.goal.id).values():
                said: Mapping[str, str] = (out.get("suggested") or {}).get("meanings") or {}
                if said and out.get("dataset") == asset:
                    return dict(said)
    raise GoalError(f"no model said what the columns of {asset} mean", fix=f"ask it: adp quality suggest {asset}")
