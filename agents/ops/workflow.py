"""The `workflow` job: one op an agent, wired by the registry; a phase of a plan is its run config.

`route` reads the run config and starts only agents that have steps: the others are skipped before a process is
spent on them. Each op adds its steps' outputs to what came before, and passes the whole on.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

from dagster import (
    DependencyDefinition,
    Field,
    GraphDefinition,
    In,
    Int,
    JobDefinition,
    MultiDependencyDefinition,
    Noneable,
    OpDefinition,
    OpExecutionContext,
    Out,
    Output,
    Permissive,
    Shape,
    String,
    multi_or_in_process_executor,
    op,
)

from agents.core.errors import GoalError
from agents.core.gate import Gate, Work
from agents.core.plan import AFTER, Plan, Step
from agents.core.registry import Agent, Effect, Registry
from agents.ops.guard import guard
from agents.tools.overrides import forbidden
from agents.tools.session import Session
from resources.orchestrator import DagsterOrchestrator
from resources.platform import Platform

STEP = Shape(
    {
        "id": Field(String, description="Unique within the goal, such as s1"),
        "action": Field(String, description="What the agent is to do"),
        "inputs": Field(Permissive(), default_value={}, description='{"from": "s1.dataset"} is an earlier output'),
        "after": Field([String], default_value=[], description="Steps that come before"),
    }
)
STEPS = {"steps": Field([STEP], default_value=[], description="This agent's steps in this phase")}
DEFAULT_ENVIRONMENT = "dev"
ROUTE = {
    "goal": Field(Noneable(String), default_value=None, description="Goal id; empty makes a new goal of these steps"),
    "phase": Field(Int, default_value=1),
    "attempt": Field(Int, default_value=1),
    "environment": Field(String, default_value=DEFAULT_ENVIRONMENT, description="dev, staging or prod"),
    "requester": Field(String, default_value="launchpad"),
}


def workflow_job(registry: Registry, platform: Platform) -> JobDefinition:
    """The job, for the agents that are registered now."""
    agents = list(registry.ordered())
    nodes: list[OpDefinition] = [_route(registry, platform)]
    dependencies: dict[str, Any] = {"route": {}}
    for agent in agents:
        nodes.append(_agent_op(agent, platform))
        before = [DependencyDefinition("route", "start")]
        before += [DependencyDefinition(name) for name in ancestors(agent, registry)]
        dependencies[agent.name] = {
            "work": DependencyDefinition("route", agent.name),
            "before": MultiDependencyDefinition(before),
        }
    graph = GraphDefinition(
        "workflow",
        description="One phase of a plan: agents in order, branches that do not depend on each other in parallel.",
        node_defs=nodes,
        dependencies=dependencies,
    )
    return graph.to_job(
        executor_def=multi_or_in_process_executor,
        tags={"platform/kind": "workflow", "dagster/max_retries": "0"},
    )


def ancestors(agent: Agent, registry: Registry) -> list[str]:
    """Installed agents that come before: names not installed are passed through to what they come after."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(agent.after)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in registry.agents:
            found[name] = None
        waiting += registry.agents[name].after if name in registry.agents else AFTER.get(name, ())
    return sorted(found)


def branches(names: Iterable[str], registry: Registry) -> bool:
    """Whether two of these agents do not depend on each other, so that they can work at the same time."""
    before = {name: {*ancestors(registry.agents[name], registry)} for name in names if name in registry.agents}
    return any(
        one != other and one not in before[other] and other not in before[one] for one in before for other in before
    )


def _route(registry: Registry, platform: Platform) -> OpDefinition:
    def route(context: OpExecutionContext) -> Iterator[Output[dict[str, Any]]]:
        with guard(platform.ledger, "supervisor", context.op_config["goal"] or "", context.run_id):
            steps = _steps_of(context.run.run_config, registry)
            header = _header(context, steps, platform)
        yield Output({**header, "outputs": platform.store.outputs(header["goal"])}, "start")
        for name in dict.fromkeys(step.agent for step in steps):
            yield Output(header, name)

    outs = {"start": Out(), **{name: Out(is_required=False) for name in registry.agents}}
    return op(
        name="route",
        ins={},
        out=outs,
        config_schema=ROUTE,
        description="The agent router: starts the agents that have steps.",
    )(route)


def _header(context: OpExecutionContext, steps: Sequence[Step], platform: Platform) -> dict[str, Any]:
    config = dict(context.op_config)
    if config["goal"] is None:
        plan = Plan("steps launched by hand", config["environment"], steps=tuple(steps))
        made = platform.store.create_goal(
            plan.goal, config["environment"], config["requester"], None, "run", source_run_id=context.run_id
        )
        # First the tags: once it is planned, the plans sensor would start another run for a phase that has none.
        mine = {"platform/goal": made.id, "platform/phase": "1", "platform/attempt": "1"}
        context.instance.add_run_tags(context.run_id, mine)
        platform.store.set_plan(made.id, plan)
        config["goal"] = made.id
    return config


def _steps_of(run_config: Mapping[str, Any], registry: Registry) -> list[Step]:
    found: list[Step] = []
    for name, body in (run_config.get("ops") or {}).items():
        agent = registry.agents.get(name)
        for entry in ((body or {}).get("config") or {}).get("steps") or [] if agent else []:
            step = Step(
                entry["id"], 1, name, entry["action"], entry.get("inputs") or {}, tuple(entry.get("after") or ())
            )
            if agent and step.action not in agent.actions:
                raise GoalError(
                    f"the {name} agent cannot {step.action!r}",
                    where=f"ops.{name}.config.steps: {step.id}",
                    fix=f"it can {', '.join(sorted(agent.actions))}",
                )
            found.append(step)
    if not found:
        raise GoalError(
            "no agent has a step", where="run config", fix="fill in ops.<agent>.config.steps, or run `goal`"
        )
    if len({step.id for step in found}) < len(found):
        raise GoalError("two steps have the same id", where="run config")
    return found


def _agent_op(agent: Agent, platform: Platform) -> OpDefinition:
    def act(context: OpExecutionContext, work: dict[str, Any], before: list[Any]) -> Output[dict[str, Any]]:
        header, known = {**work, "environment": acts_in(context.run.run_config)}, dict[str, Any]()
        for earlier in before:
            known |= earlier["outputs"]
        with guard(platform.ledger, agent.name, header["goal"], context.run_id):
            made = _run_steps(context, agent, platform.in_run(context.run_id), header, known)
        return Output({"outputs": known | made}, metadata={"outputs": made})

    return op(
        name=agent.name,
        ins={"work": In(), "before": In(list[Any])},
        out=Out(),
        config_schema=STEPS,
        description=f"{agent.description}\n\nActions: {', '.join(sorted(agent.actions))}.",
    )(act)


def acts_in(run_config: Mapping[str, Any]) -> str:
    """The environment of a run as it was judged: by its own run config, whatever a parent run's `route` gave."""
    route: Mapping[str, Any] = ((run_config.get("ops") or {}).get("route") or {}).get("config") or {}
    return str(route.get("environment") or DEFAULT_ENVIRONMENT)


def _run_steps(
    context: OpExecutionContext, agent: Agent, platform: Platform, header: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    with DagsterOrchestrator(context.instance, context.run) as orchestrator:
        session = Session(platform, orchestrator, header["environment"], header["goal"], agent.name)
        work = Work(
            agent.name,
            header["goal"],
            header["environment"],
            Gate(platform.policy(), platform.ledger),
            session,
            run_id=context.run_id,
            lease=platform.approvals.lease(context.run_id),
            forbidden=partial(forbidden, platform, header["environment"]),
            log=context.log.info,
        )
        declared: set[Effect] = set()
        for step in in_order(context.op_config["steps"]):
            began = time.monotonic()
            work.log(f"{step['id']}: {agent.name} {step['action']}")
            inputs = {k: resolve(v, {**known, **made}, step["id"]) for k, v in step["inputs"].items()}
            doing = work.doing(step["id"], step["action"], agent.effects[step["action"]])
            declared.update(doing.effects or ())
            act = agent.actions[step["action"]]
            _check_inputs(act, inputs, f"step {step['id']}: {agent.name} {step['action']}")
            made[step["id"]] = dict(act(doing, **inputs))
            status = "started" if agent.finisher else "succeeded"
            _save(platform, header, agent, step, made, status, time.monotonic() - began)
        if agent.finisher:
            began = time.monotonic()
            for step_id, further in agent.finisher(work.doing("", "", declared), made).items():
                made[step_id] |= further
            for step in context.op_config["steps"]:
                _save(platform, header, agent, step, made, "succeeded", time.monotonic() - began)
    return made


def _check_inputs(act: Callable[..., Any], inputs: Mapping[str, Any], where: str) -> None:
    """Raise GoalError for inputs that an action does not take, or lacks."""
    wanted = signature(act)
    try:
        wanted.bind(None, **inputs)
    except TypeError as error:
        takes = ", ".join(list(wanted.parameters)[1:]) or "none"
        raise GoalError(f"the inputs do not fit: {error}", where=where, fix=f"it takes {takes}") from error


def _save(
    platform: Platform,
    header: Mapping[str, Any],
    agent: Agent,
    step: Mapping[str, Any],
    made: Mapping[str, Any],
    status: str,
    seconds: float,
) -> None:
    outputs = made[step["id"]]
    platform.store.save_outputs(
        header["goal"], header["phase"], step["id"], agent.name, step["action"], outputs, status, seconds
    )


def in_order(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Steps of one agent so that each comes after those it names; others keep their order."""
    ids = {step["id"] for step in steps}
    done: list[Mapping[str, Any]] = []
    waiting = list(steps)
    while waiting:
        finished = {step["id"] for step in done}
        ready = [s for s in waiting if all(name in finished or name not in ids for name in s["after"])]
        if not ready:
            raise GoalError(f"steps wait for each other: {', '.join(s['id'] for s in waiting)}", where="run config")
        done.append(ready[0])
        waiting.remove(ready[0])
    return done


def resolve(value: Any, outputs: Mapping[str, Any], step: str) -> Any:
    """An input with every `{"from": "s1.dataset"}` replaced by that output, at any depth."""
    if isinstance(value, Mapping):
        if set(value) == {"from"}:
            source, _, name = str(value["from"]).partition(".")
            found = outputs.get(source)
            if found is None or name not in found:
                raise GoalError(f"nothing gave {value['from']!r}", where=f"step {step}", fix="run the steps before it")
            return found[name]
        return {k: resolve(v, outputs, step) for k, v in value.items()}
    if isinstance(value, list):
        return [resolve(v, outputs, step) for v in value]
    return value
