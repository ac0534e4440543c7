"""What every tool is given first: the platform, the orchestrator, and for whom it acts."""

from __future__ import annotations

from dataclasses import dataclass

from agents.core.catalog import TableId
from agents.core.errors import GoalError
from resources.orchestrator import Orchestrator
from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class Session:
    """One op's view of the world. `agent` is the author of what is written."""

    platform: Platform
    orchestrator: Orchestrator
    environment: str
    goal: str
    agent: str

    def table(self, asset: str) -> TableId:
        """The lake table of `layer/table` in this session's environment."""
        layer, slash, name = asset.partition("/")
        if not slash or not name:
            raise GoalError(f"{asset!r} is not an asset", fix="name it layer/table, such as silver/orders")
        return TableId(self.environment, layer, name)
