"""How well the planner understands goals it was not written for.

`catalogs.yaml` holds four invented companies. `goals_open.yaml` was used while developing. `goals_held_out.yaml` was
written before the planner had answered any of it and left alone meanwhile: 0.92 at first try, 0.94 when the rules were
settled; then its misses were looked at, so that it is a regression test now and no longer a measure. `goals_wild.yaml`
(over `catalogs_wild.yaml`) likewise: 0.672 at first try, 0.993 after.

A goal counts when every key of its
`expect` holds: `environment`, `agents`, `not_agents`, `budget`, `questions` (true: asks and plans nothing; else plans
and asks nothing), `pipelines` (exactly these ingest steps, by the inputs given), `steps` (a step with these inputs),
`model` (inputs of the train step), `order` (agent pairs), `sql` (texts some transform holds). Goals that share `same`
must give one digest. Run this file with -s to see the misses.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from agents.core.catalog import Catalog, catalog_from
from agents.core.plan import Plan, Step
from agents.roles.supervisor import plan_goal

HERE = Path(__file__).parent
CATALOGS = ("catalogs.yaml", "catalogs_wild.yaml")
FLOORS = {"goals_open.yaml": 0.97, "goals_held_out.yaml": 0.94, "goals_wild.yaml": 0.98}


def load(name: str) -> Any:
    return YAML(typ="safe").load(HERE / name)


def catalogs() -> dict[str, Catalog]:
    return {name: catalog_from(body, name) for file in CATALOGS for name, body in load(file).items()}


def misses(plan: Plan, expect: dict[str, Any]) -> Iterator[str]:
    if expect.get("questions"):
        if not plan.questions or plan.steps:
            yield "should ask"
        return
    if plan.questions or not plan.steps:
        yield f"asks: {[q.question for q in plan.questions]}"
        return
    agents = {step.agent for step in plan.steps}
    if missing := set(expect.get("agents", ())) - agents:
        yield f"no {missing}"
    if extra := set(expect.get("not_agents", ())) & agents:
        yield f"has {extra}"
    for name in ("environment", "budget"):
        if name in expect and getattr(plan, name) != expect[name]:
            yield f"{name} is {getattr(plan, name)}"
    yield from pipeline_misses(plan, expect)
    for want in expect.get("steps", ()):
        if not any(fits(step, want) for step in plan.steps):
            yield f"no step {want}, has {[(s.agent, s.action, dict(s.inputs)) for s in plan.steps]}"
    if "model" in expect and not any(fits(s, {"agent": "mlops", "inputs": expect["model"]}) for s in plan.steps):
        yield f"model is {[dict(s.inputs) for s in plan.steps if s.agent == 'mlops']}"
    sql = " ".join(str(step.inputs.get("sql", "")) for step in plan.steps)
    yield from (f"{text!r} not in {sql!r}" for text in expect.get("sql", ()) if text not in sql)
    yield from order_misses(plan, expect)


def fits(step: Step, want: dict[str, Any]) -> bool:
    if step.agent != want["agent"] or step.action != want.get("action", step.action):
        return False
    return all(step.inputs.get(key) == value for key, value in want.get("inputs", {}).items())


def pipeline_misses(plan: Plan, expect: dict[str, Any]) -> Iterator[str]:
    if "pipelines" not in expect:
        return
    made = [step.inputs for step in plan.steps if (step.agent, step.action) == ("pipeline", "ingest")]
    if len(made) != len(expect["pipelines"]):
        yield f"ingests {[entry['table'] for entry in made]}"
    for want in expect["pipelines"]:
        if not any(all(entry.get(k) == value for k, value in want.items()) for entry in made):
            yield f"no ingest {want}, has {[dict(entry) for entry in made]}"


def order_misses(plan: Plan, expect: dict[str, Any]) -> Iterator[str]:
    by_id = {step.id: step for step in plan.steps}

    def before(step: Step) -> set[str]:
        return {parent for name in step.after for parent in ({by_id[name].agent} | before(by_id[name]))}

    for first, second in expect.get("order", ()):
        later = [step for step in plan.steps if step.agent == second]
        if not later or any(first not in before(step) for step in later):
            yield f"{second} not after {first}"


def score(name: str) -> tuple[float, list[str]]:
    known, bad, digests = catalogs(), [], dict[str, set[str]]()
    cases = load(name)
    for case in cases:
        plan = plan_goal(case["goal"], known[case["on"]])
        found = list(misses(plan, case["expect"]))
        if "same" in case:
            digests.setdefault(case["same"], set()).add(plan.digest)
            found += [f"digest differs in {case['same']}"] if len(digests[case["same"]]) > 1 else []
        if found:
            bad.append(f"{case['goal']!r}: {'; '.join(found)}")
    return 1 - len(bad) / len(cases), bad


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_goals_are_understood(name: str) -> None:
    reached, bad = score(name)
    print(f"{name}: {reached:.3f}", *bad, sep="\n  ")  # noqa: T201
    assert reached >= FLOORS[name], bad
