"""Tools that make Dagster load and materialize what the specs say."""

from __future__ import annotations

from collections.abc import Sequence

from agents.core.registry import tool
from agents.tools.session import Session
from resources.orchestrator import ChildRun


@tool("runs.reload", effect="write_spec")
def reload(session: Session) -> None:
    """Load the definitions anew, so that written specs take effect."""
    session.orchestrator.reload()


@tool("runs.materialize", effect="write_data")
def materialize(session: Session, assets: Sequence[str]) -> ChildRun:
    """Materialize assets (`layer/table`) with their checks in one child run of this goal."""
    tags = {"platform/goal": session.goal, "platform/agent": session.agent, "platform/kind": "child"}
    return session.orchestrator.materialize([session.table(asset) for asset in assets], tags)
