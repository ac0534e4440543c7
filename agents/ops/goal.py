"""The `goal` job: words in, a stored plan out. The plans sensor takes it from there."""

from collections.abc import Mapping
from typing import Any

from dagster import (
    Enum,
    EnumValue,
    Field,
    JobDefinition,
    MetadataValue,
    Noneable,
    OpExecutionContext,
    Out,
    Output,
    in_process_executor,
    job,
    op,
)

from agents.core.catalog import ENVIRONMENTS, Catalog
from agents.core.plan import Plan
from agents.core.registry import Registry
from agents.ops.guard import guard
from agents.ops.workflow import branches
from agents.roles.report import render
from agents.tools.before_release import Known, asked_first
from agents.tools.goals import goal_facts
from resources.asset_graph import tables_in
from resources.inbox import launchpad
from resources.orchestrator import execution, publish_report
from resources.platform import Platform

ENVIRONMENT = Enum("environment", [EnumValue(name) for name in ENVIRONMENTS])
# Written by the run coordinator alone, so that it can be trusted.
REQUESTER = "platform/requester"
UNNAMED = "launchpad"
MODE = Enum("mode", [EnumValue("run"), EnumValue("plan", description="only say what would be done")])
CONFIG = {
    "goal": Field(
        str, default_value="", description="The goal in plain words, such as: Load the CRM contacts every night at 2am"
    ),
    "environment": Field(Noneable(ENVIRONMENT), default_value=None, description="Empty: as the words say, else dev"),
    "budget": Field(Noneable(float), default_value=None, description="USD a month"),
    "requester": Field(str, default_value=UNNAMED, description="In whose name, where it is not yours"),
    "mode": Field(MODE, default_value="run", description="run, or plan: only say what would be done"),
}


def goal_job(registry: Registry, platform: Platform) -> JobDefinition:
    """The job, planning for the agents that are registered now."""

    @op(
        config_schema=CONFIG,
        out=Out(dict),
        description="Reads the goal against the catalog and stores a typed plan, or asks.",
    )
    def plan(context: OpExecutionContext) -> Output[dict[str, Any]]:
        config: dict[str, Any] = context.op_config
        with guard(platform.ledger, "supervisor", "", context.run_id):
            requester = context.run.tags.get(REQUESTER) or config["requester"]
            made, goal_id = submit(
                registry,
                platform,
                config,
                context.run_id,
                requester,
                lambda: tables_in(context.repository_def.asset_graph),
            )
            publish_report(context.instance, goal_id, render(goal_facts(platform, goal_id)), {"steps": len(made.steps)})
        for question in made.questions:
            context.log.warning(f"{goal_id} asks: {question.question} {' '.join(question.candidates)}")
        return Output(
            {**made.to_json(), "goal_id": goal_id}, metadata=_shown(made, goal_id, registry, platform, config)
        )

    @job(
        name="goal",
        description="Say what you want in plain words. `workflow` carries it out; the report is in `platform/goals`.",
        executor_def=in_process_executor,
        tags={"platform/kind": "goal"},
    )
    def goal() -> None:
        plan()

    return goal


def submit(
    registry: Registry,
    platform: Platform,
    config: Mapping[str, Any],
    source_run_id: str,
    requester: str,
    known: Known,
) -> tuple[Plan, str]:
    """Plan the goal and store it under a new id; the same run gives the same goal again.

    `requester` is who the run coordinator found to ask; the name in the config is a claim, and kept as one. `known`
    gives the tables of all assets that are loaded.
    """
    store, ledger = platform.store, platform.ledger
    plan = plan_for(registry, platform, config["goal"], config["environment"], config["budget"], known)
    made = store.create_goal(
        config["goal"], plan.environment, requester, plan.budget, config["mode"], source_run_id=source_run_id
    )
    store.set_plan(made.id, plan)
    claimed = "" if config["requester"] in (requester, UNNAMED) else f" in the name of {config['requester']}"
    ledger.append("goal", requester, f"submitted{claimed}", subject=made.id, why=config["goal"], trace=source_run_id)
    what = f"{len(plan.questions)} questions" if plan.questions else f"{len(plan.steps)} steps"
    ledger.append("plan", "supervisor", what, subject=made.id, digest=plan.digest, trace=source_run_id)
    return plan, made.id


def plan_for(
    registry: Registry, platform: Platform, text: str, environment: str | None, budget: float | None, known: Known
) -> Plan:
    """The plan for a goal over this deployment's catalog, agents and releases."""
    return asked_first(platform, worded(registry, platform.catalog(), text, environment, budget), known)


def worded(registry: Registry, catalog: Catalog, text: str, environment: str | None, budget: float | None) -> Plan:
    """The plan for a goal as its words say, over a catalog and the agents."""
    from agents.roles.supervisor import plan_goal  # large: definitions load without it

    return plan_goal(
        text,
        catalog,
        environment=environment,
        budget=budget,
        installed=registry.installed(),
        custom=registry.phrases(),
    )


def _shown(
    plan: Plan, goal_id: str, registry: Registry, platform: Platform, config: Mapping[str, Any]
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "goal id": goal_id,
        "plan": MetadataValue.md(render(goal_facts(platform, goal_id))),
        "digest": plan.digest,
    }
    if config["mode"] == "plan":
        for phase in plan.phases():
            filled = workflow_config(phase, goal_id, config["requester"], 1, registry)
            address = platform.settings.base_url + launchpad("workflow", filled)
            shown[f"launch phase {phase['phase']}"] = MetadataValue.url(address)
    return shown


def workflow_config(
    phase: Mapping[str, Any], goal_id: str, requester: str, attempt: int, registry: Registry
) -> dict[str, Any]:
    """Run config of `workflow` for one attempt at a phase of a goal: agents that form a chain share one process."""
    route = {
        "goal": goal_id,
        "phase": phase["phase"],
        "attempt": attempt,
        "environment": phase["environment"],
        "requester": requester,
    }
    ops: dict[str, Any] = phase["run_config"]["ops"]
    parallel = execution(parallel=branches(ops, registry))
    return {"execution": {"config": parallel}, "ops": {"route": {"config": route}, **ops}}
