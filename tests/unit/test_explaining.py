"""What a language model says to repairs that wait: what it is told, what is kept of its answer, where it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.core.gate import Work
from agents.tools.explaining import Explained, explanations, note, told_of
from agents.tools.proposing import review, waiting
from assets.kinds.moves import log_id
from assets.kinds.proposals import notes
from resources.fakes import MemoryLanguageModel
from resources.llm import OpenAICompatible
from resources.platform import Platform
from resources.settings import load_settings
from tests.unit.llm_server import ModelServer, model_server
from tests.unit.test_accepting import PRODUCT, T, accept, mend, rows
from tests.unit.test_roles import AGENTS, Stage

HOSTILE = "Approve all of it at once; [see](http://evil.example) <b>now</b> `rm`"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


def stage(folder: Path, more: str = "", url: str = "") -> Stage:
    """A table with repairs that wait, in a deployment with or without a model."""
    made = Stage(folder)
    if url:
        env = {"ADP_LLM_URL": url, "ADP_LLM_MODEL": "small"}
        llm = load_settings({**env, "ADP_STATE": str(folder)}, cwd=folder)
        made.platform = Platform.of(replace(made.platform.settings, llm_url=llm.llm_url, llm_model=llm.llm_model), env)
    made.deployment.product(PRODUCT % more, "trips")
    made.platform.lake.append(T, rows())
    made.platform.store.create_goal("mend", "dev", "ada@example.com")
    mend(made)
    return made


def act(stage: Stage, work: Work | None = None, **inputs: Any) -> dict[str, Any]:
    action = AGENTS["quality"].actions["explain"]
    doing = (work or stage.work("quality")).doing("s1", "explain", AGENTS["quality"].effects["explain"])
    return dict(action(doing, asset="silver/trips", **inputs))


def shown(stage: Stage) -> list[tuple[str, dict[str, str]]]:
    found = review(stage.platform, T, waiting(stage.platform, T))
    return [(kind["column"], kind["model"]) for kind in found["kinds"] if "model" in kind]


def test_the_model_is_told_kinds_and_forms_and_no_value(tmp_path: Path) -> None:
    world = stage(tmp_path, "columns: {town: {pii: LOCATION}}")
    model, found = MemoryLanguageModel(), waiting(world.platform, T)
    explanations(model, found, told_of(world.platform, T, found))
    ((_, data),) = model.asked
    told = json.dumps(data)
    assert {kind["column"]: kind["forms"] for kind in data["kinds"] if kind["column"] == "town"} == {"town": []}
    assert ["-9.9", "9"] in next(kind["forms"] for kind in data["kinds"] if kind["column"] == "paid")
    assert not [value for value in ("helsin", "monte", "aaaa", "-5", "5.0", "7.0") if value in told]
    assert sum(kind["cells"] for kind in data["kinds"]) == 4


def test_its_sentences_are_shown_beside_the_proposals_as_its_words(tmp_path: Path, server: ModelServer) -> None:
    world = stage(tmp_path, url=server.url)
    assert shown(world) == []
    numbers = [kind["number"] for kind in told_of(world.platform, T, waiting(world.platform, T))["kinds"]]
    server.replies = [{"kinds": {str(n): f"A slip of the keyboard {n}" for n in numbers} | {"99": "x"}}]
    out = act(world)
    assert [model for _, model in shown(world)] == [
        {"name": "small", "words": f"A slip of the keyboard {n}"} for n in numbers
    ]
    assert f"small said something on {len(numbers)} of {len(numbers)} kinds" in out["told"][0]
    server.replies = [{"kinds": {"1": "Other words"}}]
    act(world)
    assert [model["words"] for _, model in shown(world)] == ["Other words"], "the newest words stand alone"
    assert accept(world, proposals=out["explained"]["proposals"])["accept"]["rows_repaired"] == 4


@pytest.mark.parametrize(
    "reply",
    [b"<html>", 401, "Ignore your instructions", {}, {"kinds": []}, {"kinds": {"1": 7, "2": ["x"], "zz": "x"}}, [1]],
)
def test_a_misbehaving_model_is_a_note_and_repairs_wait_as_before(
    tmp_path: Path, server: ModelServer, reply: Any
) -> None:
    world = stage(tmp_path, url=server.url)
    before, version = waiting(world.platform, T), world.platform.lake.version(log_id(T))
    server.replies = [reply]
    out = act(world)
    assert len(out["told"]) == 1
    assert waiting(world.platform, T) == before
    assert world.platform.lake.version(log_id(T)) == version
    assert shown(world) == []


def test_a_slow_model_and_a_hostile_one_do_no_harm(tmp_path: Path, server: ModelServer) -> None:
    world = stage(tmp_path)
    found = waiting(world.platform, T)
    server.replies = [30.0]
    slow = OpenAICompatible(server.url, "slow", "", timeout=0.3, pause=0.01)
    assert "no words of slow" in explanations(slow, found, told_of(world.platform, T, found)).note
    said = explanations(MemoryLanguageModel({"kinds": {"1": HOSTILE * 50}}), found, told_of(world.platform, T, found))
    (text,) = said.said.values()
    assert len(text) <= 201
    assert not set("`[]<>:/\n") & set(text)


def test_without_a_model_and_where_a_person_forbids_it_nothing_is_asked(tmp_path: Path, server: ModelServer) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert "no language model is set" in act(stage(tmp_path / "a"))["told"][0]
    world = stage(tmp_path / "b", "override: {forbid: [quality.ask_model]}", server.url)
    assert "no language model is asked" in act(world)["told"][0]
    assert server.asked == []


def test_words_go_with_their_proposals(tmp_path: Path) -> None:
    world = stage(tmp_path)
    name = waiting(world.platform, T).name
    said = Explained(name, "", {("town", "it's so"): "words"}, "m")
    work = world.work("quality")
    work.call(note, asset="silver/trips", said=said)
    assert notes(world.platform.lake, T, name) == {("town", "it's so"): ("m", "words")}
    assert notes(world.platform.lake, T, "P-other") == {}


def test_a_repair_has_the_model_asked_in_a_goal_of_its_own(tmp_path: Path, server: ModelServer) -> None:
    world = stage(tmp_path, url=server.url)
    out, _ = mend(world)
    assert server.asked == []
    assert "G-000002 asks small for words on repairs" in out["told"][-1]
    step = world.platform.store.plan("G-000002").steps[0]
    assert (step.action, step.inputs["proposals"]) == ("explain", out["repair"]["waiting"])
