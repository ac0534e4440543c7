"""What coordinator and launcher share: the deployment they judge for, and a run as it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from agents.core.approval import Requester, RunFacts
from resources.settings import environment, load_settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun
    from dagster._core.workspace.context import BaseWorkspaceRequestContext

    from agents.core.registry import Registry
    from resources.platform import Platform

PARTITION, RANGE_START, RANGE_END = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)


@dataclass(frozen=True)
class Walls:
    """The deployment of one state folder."""

    platform: Platform
    registry: Registry

    def facts(
        self,
        instance: DagsterInstance,
        run: DagsterRun,
        workspace: BaseWorkspaceRequestContext,
        requester: Requester,
        goal: str,
    ) -> RunFacts:
        """The run as it would be executed with the definitions that are loaded now."""
        from platform_defs.classify import effects_of

        effects, facts = effects_of(instance, run, workspace, self.registry, self.platform)
        return RunFacts(run.run_id, run.job_name, effects, requester, facts, goal, partition_of(run))


@cache
def walls_of(state: str | None) -> Walls:
    """The deployment whose state folder is `state`; None leaves it to the settings. Opened once a process."""
    from agents.roles import register_agents
    from resources.platform import Platform

    env = environment() if state is None else {**environment(), "ADP_STATE": state}
    settings = load_settings(env)
    return Walls(Platform.of(settings, env), register_agents(settings.extensions))


def partition_of(run: DagsterRun) -> str:
    """The partition, or the first and the last of a range, that the run works on; empty for none."""
    span = (run.tags.get(RANGE_START), run.tags.get(RANGE_END))
    return run.tags.get(PARTITION) or ("...".join(map(str, span)) if any(span) else "")
