"""The workflow job: order, references between steps, and errors as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance

from agents.core.errors import GoalError, SourceError
from agents.core.gate import Work
from agents.core.registry import Registry
from agents.ops.workflow import ancestors, branches, in_order, resolve, workflow_job
from resources.platform import Platform
from resources.settings import load_settings


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform.of(load_settings({"ADP_STATE": str(tmp_path)}, cwd=tmp_path))


def bakery() -> Registry:
    registry = Registry()
    mill = registry.agent("mill", "Grinds.")
    oven = registry.agent("oven", "Bakes.", after=("mill",))
    shop = registry.agent("shop", "Sells.", after=("oven",))
    garden = registry.agent("garden", "Grows.", after=("mill",))

    @mill.action("grind", effects=())
    def grind(work: Work, corn: int) -> Mapping[str, Any]:
        return {"flour": corn * 2}

    @oven.action("bake", effects=())
    def bake(work: Work, flour: int) -> Mapping[str, Any]:
        if flour == 0:
            raise SourceError("no flour", where="oven", fix="grind more corn")
        return {"bread": flour + 1}

    @shop.action("sell", effects=())
    def sell(work: Work, goods: list[int]) -> Mapping[str, Any]:
        return {"sold": sum(goods)}

    @garden.action("grow", effects=())
    def grow(work: Work) -> Mapping[str, Any]:
        return {"herbs": 1}

    return registry


def execute(platform: Platform, ops: dict[str, Any]):
    job = workflow_job(bakery(), platform)
    with DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(run_config={"ops": ops}, instance=instance, raise_on_error=False)


def steps(*entries: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    return {"config": {"steps": [{"id": i, "action": a, "inputs": inputs} for i, a, inputs in entries]}}


def test_outputs_reach_later_agents_even_past_an_agent_without_steps(platform) -> None:
    result = execute(
        platform,
        {
            "mill": steps(("a", "grind", {"corn": 3}), ("b", "grind", {"corn": {"from": "a.flour"}})),
            "shop": steps(("c", "sell", {"goods": [{"from": "a.flour"}, {"from": "b.flour"}]})),
        },
    )
    assert result.success
    assert result.output_for_node("shop")["outputs"]["c"] == {"sold": 18}
    skipped = {e.step_key for e in result.all_events if e.event_type_value == "STEP_SKIPPED"}
    assert skipped == {"oven", "garden"}
    (row,) = platform.store.goals()
    assert platform.store.outputs(row.id)["b"] == {"flour": 12}


def test_an_error_of_an_agent_names_what_where_and_the_fix_and_is_in_the_ledger(platform) -> None:
    result = execute(
        platform,
        {"mill": steps(("a", "grind", {"corn": 0})), "oven": steps(("b", "bake", {"flour": {"from": "a.flour"}}))},
    )
    assert not result.success
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    told = failure.step_failure_data.user_failure_data.description
    assert told == "oven: no flour\n  fix: grind more corn"
    assert [r.entry.who for r in platform.ledger.records(kind="failure")] == ["oven"]


@pytest.mark.parametrize(
    ("ops", "told"),
    [
        ({}, "no agent has a step"),
        ({"mill": steps(("a", "fly", {}))}, "cannot 'fly'"),
        ({"mill": steps(("a", "grind", {"corn": 1}), ("a", "grind", {"corn": 1}))}, "same id"),
        ({"oven": steps(("a", "bake", {"flour": {"from": "z.flour"}}))}, "nothing gave 'z.flour'"),
        ({"mill": steps(("a", "grind", {"corn": 1, "wheat": 2}))}, "unexpected keyword argument 'wheat'"),
        ({"mill": steps(("a", "grind", {}))}, "fix: it takes corn"),
    ],
)
def test_a_run_config_that_cannot_be_done_is_refused_with_the_reason(platform, ops, told) -> None:
    result = execute(platform, ops)
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert told in failure.step_failure_data.user_failure_data.description


def test_order_branches_and_references() -> None:
    registry = bakery()
    assert ancestors(registry.agents["shop"], registry) == ["mill", "oven"]
    assert branches(["oven", "garden"], registry)
    assert not branches(["mill", "oven", "shop"], registry)
    swapped = [{"id": "b", "after": ["a"]}, {"id": "a", "after": []}]
    assert [s["id"] for s in in_order(swapped)] == ["a", "b"]
    with pytest.raises(GoalError, match="wait for each other"):
        in_order([{"id": "a", "after": ["b"]}, {"id": "b", "after": ["a"]}])
    assert resolve({"x": [{"from": "a.n"}]}, {"a": {"n": 1}}, "s") == {"x": [1]}
