"""What a run of `workflow` would do: its steps, their declared effects, and the digests of what it would promote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.core.approval import Effects, Facts
from agents.core.catalog import ENVIRONMENTS
from agents.core.errors import PlatformError, StateError
from agents.core.registry import Effect, Registry
from platform_defs.classify import Graph, Touched, declared, digest_of, executing_tags, table_of
from platform_defs.classify_facts import facts_of, told_by_specs
from platform_defs.run_config import open_references, phase_of, sequence, settled

if TYPE_CHECKING:
    from dagster import DagsterRun

    from resources.platform import Platform

ROUTE = "route"


def workflow_effects(
    run: DagsterRun, touched: Touched, graph: Graph, registry: Registry, platform: Platform
) -> tuple[Effects, Facts]:
    """The effects of a phase. Outputs of earlier phases decide what is done: its steps hold them as they are now."""
    phase = phase_of(run.run_config, registry.agents)
    outputs, budget = _goal(platform, phase.goal)
    ids = {str(step.get("id")) for step in phase.steps}
    steps = tuple({**step, "inputs": settled(step.get("inputs") or {}, outputs, ids)} for step in phase.steps)
    unknown = [*touched.unknown, *(f"op {op}" for op in sorted(touched.ops - {ROUTE, *registry.agents}))]
    effects: set[Effect] = {"read"}
    for step in steps:
        agent, action = step["agent"], str(step.get("action"))
        if action in registry.agents[agent].actions:
            effects |= set(registry.effects(agent, action))
        else:
            unknown.append(f"{agent}.{action}")
    environment = _environment(phase.environment, steps, unknown)
    assets = {**_named(environment, steps, graph, registry), **_promoted(platform, environment, steps, graph, unknown)}
    made = Effects(
        "prod" if unknown else environment,
        declared(effects, unknown),
        assets,
        steps,
        phase.rest,
        touched.partial,
        tuple(sorted(unknown)),
        executing_tags(run),
    )
    return made, facts_of(made, graph, budget, told_by_specs(platform, made, graph))


def _environment(named: str, steps: tuple[Mapping[str, Any], ...], unknown: list[str]) -> str:
    """The highest environment that the run names: its own, or one that a step releases to."""
    places = {named, *(str(to) for step in steps if (to := step["inputs"].get("to")))}
    if strange := places - set(ENVIRONMENTS):
        unknown += [f"environment {name}" for name in sorted(strange)]
        return "prod"
    return max(places, key=ENVIRONMENTS.index)


def _named(environment: str, steps: tuple[Mapping[str, Any], ...], graph: Graph, registry: Registry) -> dict[str, str]:
    """The assets that steps name to change them as they are, such as one to optimize."""
    from dagster import AssetKey

    changing = [step for step in steps if _changes(step, registry)] if environment != "dev" else []
    names = [
        name for step in changing for name in (step["inputs"].get("asset"), *sequence(step["inputs"].get("assets")))
    ]
    tables = [table for name in names if isinstance(name, str) and (table := table_of((environment, *name.split("/"))))]
    return {str(table): digest_of(graph.node(AssetKey(list(table)))) for table in tables}


def _changes(step: Mapping[str, Any], registry: Registry) -> bool:
    agent, action = step["agent"], str(step.get("action"))
    known = agent != "deployment" and action in registry.agents[agent].actions
    return known and set(registry.effects(agent, action)) != {"read"}


def _promoted(
    platform: Platform, environment: str, steps: tuple[Mapping[str, Any], ...], graph: Graph, unknown: list[str]
) -> dict[str, str]:
    """The assets that would be written where people decide, with the digest of their spec after the promotion."""
    if environment == "dev":
        return {}
    if not (releasing := [step for step in steps if step["agent"] == "deployment"]):
        return {}
    if any(open_references(step["inputs"]) for step in releasing):
        unknown.append("a release of what another step would name")
        return {}
    from agents.tools.releases import release_digests

    try:
        return release_digests(platform, steps, environment, graph.metadata("platform/source"))
    except PlatformError as error:
        unknown.append(f"a release that cannot be read: {error.what}")
        return {}


def _goal(platform: Platform, goal: str) -> tuple[Mapping[str, Mapping[str, Any]], float | None]:
    """Outputs of the goal's steps so far, and its budget. A goal nobody stored has neither."""
    if not goal:
        return {}, None
    try:
        return platform.store.outputs(goal), platform.store.goal(goal).goal.budget
    except StateError:
        return {}, None
