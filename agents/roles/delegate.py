"""The supervisor as an agent of a workflow: a step may start a goal of its own and does not wait for its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.gate import Work
from agents.core.plan import AFTER
from agents.core.registry import agent
from agents.tools import goals

SUPERVISOR = agent("supervisor", "Starts child goals.", after=AFTER["supervisor"])


@SUPERVISOR.action("goal", effects=("write_spec",))
def goal(work: Work, text: str) -> Mapping[str, Any]:
    """Start a child goal; its id is the output."""
    return {"goal": work.call(goals.start, text=text)}
