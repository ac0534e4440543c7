"""What the data quality agent asks a language model: each an action of its own, since it reaches an address outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.core.errors import PolicyError
from agents.core.gate import Work
from agents.core.registry import Agent
from agents.tools import explaining, quality, runs, specs, suggesting


def register(quality: Agent) -> None:
    """Add the actions to the quality agent."""
    quality.action("suggest", effects=("external", "write_spec"))(suggest)
    quality.action("explain", effects=("external", "write_data"))(explain)
    quality.action("describe", effects=("write_spec",))(describe)


def suggest(work: Work, asset: str) -> Mapping[str, Any]:
    """Ask what columns mean and what should hold: proven rules are written, meanings are for people to take over."""
    found = work.call(quality.propose, asset=asset)
    try:
        said = work.call(suggesting.suggest, asset=asset, profile=found.profile, rules=found.rules)
    except PolicyError as refused:
        return {"dataset": asset, "told": [f"`{asset}`: no language model is asked: {refused.what}"]}
    if said is None:
        return {"dataset": asset, "told": [f"`{asset}`: no language model is set: ADP_LLM_URL and ADP_LLM_MODEL"]}
    told, written = [f"`{asset}`: {said.note}"], dict[str, Any]()
    if said.rules:
        rules = [rule.to_spec() for rule in (*found.rules, *said.rules)]
        written = work.call(specs.write, asset=asset, product="", entry={"rules": rules})
        work.call(runs.reload)
    if said.meanings:
        told.append(
            f"`{asset}`: {said.model} says what {len(said.meanings)} columns mean: `adp quality meanings {asset}`"
        )
    return {"dataset": asset, **written, "suggested": said.to_json(), "told": told}


def explain(work: Work, asset: str, proposals: str = "") -> Mapping[str, Any]:
    """Ask for a sentence on each kind of repair that waits for people; it is shown beside them as the model's words."""
    said = work.call(explaining.explain, asset=asset, proposals=proposals)
    if said.said:
        work.call(explaining.note, asset=asset, said=said)
    return {"dataset": asset, "explained": said.to_json(), "told": [f"`{asset}`: {said.note}"]}


def describe(work: Work, asset: str, columns: Mapping[str, str]) -> Mapping[str, Any]:
    """Write descriptions of columns that a person took over from a model; what people wrote stays as it is."""
    entry = {"columns": {name: {"description": suggesting.words(text)} for name, text in columns.items()}}
    written = work.call(specs.write, asset=asset, product="", entry=entry)
    if written["changed"]:
        work.call(runs.reload)
    kept = f"; people's own stay: {', '.join(written['kept'])}" if written["kept"] else ""
    return {"dataset": asset, **written, "told": [f"`{asset}`: {len(written['changed'])} descriptions written{kept}"]}
