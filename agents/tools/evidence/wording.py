"""What a request is, in a few words: its effects, its steps, who asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from agents.core.approval import ApprovalRequest, Effects
from agents.tools.evidence.changes import table_of
from agents.tools.evidence.gone import heading
from resources.markdown import count, listed, person, plain, quoted
from resources.scrub import scrub

_QUIET = frozenset({"report report"})
# Their assets stand in the table of changes.
_SAID = frozenset({"deployment promote", "deployment rollback"})
_PROMISE = "quality amend"
_PROMISED = frozenset({"asset", "contract", "changes", "readers"})
_REPAIRS = "quality accept"
_NOT_TAKEN_BACK = frozenset({"provision", "delete", "spend", "external"})


def title(effects: Effects) -> str:
    """What would happen, as a heading says it."""
    where = quoted(effects.environment)
    if effects.access is not None:
        return f"read {_assets(effects)} in {where} in clear text"
    acts = [_act(step) for step in steps(effects)]
    if "deployment promote" in acts:
        return f"promote {_assets(effects)} to {where}{_besides(acts, 'deployment promote')}"
    if "deployment rollback" in acts:
        return f"roll back {_assets(effects)} in {where}{_besides(acts, 'deployment rollback')}"
    if told := [said for step in steps(effects) if (said := heading(step))]:
        return f"{'; '.join(told)}, in {where}"
    if acts:
        on = f" on {_assets(effects)}" if effects.assets else ""
        return f"{', '.join(map(plain, dict.fromkeys(acts)))}{on} in {where}"
    if effects.unknown:
        return f"run what nobody can classify, taken for {where}"
    if effects.assets:
        return f"load {_assets(effects)} in {where}{_unlike(effects)}"
    return f"{plain(', '.join(effects.effects) or 'run something')} in {where}"


def steps(effects: Effects) -> list[Mapping[str, Any]]:
    """The agents' steps that have an effect."""
    return [step for step in effects.steps if _act(step) not in _QUIET]


def extras(effects: Effects) -> Iterator[tuple[str, str]]:
    """What the run brings beside tables, each named: steps, run config, selection, image, what is not known."""
    if effects.unknown:
        yield "**cannot be classified**", listed(effects.unknown)
    for step in steps(effects):
        inputs = cast(Mapping[str, Any], step.get("inputs") or {})
        if _act(step) == _PROMISE:
            yield from _promise(inputs)
            inputs = {name: value for name, value in inputs.items() if name not in _PROMISED}
        if _act(step) == _REPAIRS:
            yield from _repairs(inputs)
        if _act(step) in _SAID:
            shown = {"assets": inputs.get("assets"), "to": effects.environment}
            inputs = {name: value for name, value in inputs.items() if shown.get(name) != value}
        if inputs:
            yield f"step {plain(_act(step))}", _json(inputs)
    if effects.config:
        yield "run config", _json(effects.config)
    if effects.selection:
        yield "only these steps", listed(effects.selection)
    for name, value in sorted(effects.tags.items()):
        yield f"tag {quoted(name)}", quoted(value)


def _promise(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What readers of a table lose, who they are, and what they are promised then."""
    contract = cast(Mapping[str, Any], inputs.get("contract") or {})
    columns = cast("list[Mapping[str, Any]]", contract.get("columns") or [])
    readers = [str(name) for name in inputs.get("readers") or ()]
    yield "contract", quoted(f"{contract.get('version')} of {inputs.get('asset')}")
    yield "**no longer promised**", listed(map(str, inputs.get("changes") or ()), 20) or "not said"
    yield "who reads it", listed(readers, 20) if readers else "no table that is loaded"
    yield "promised then", listed([f"{each.get('name')} {each.get('type')}" for each in columns], 60)


def _repairs(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which repairs are accepted: how many cells of which columns, and where to look at them."""
    given = inputs.get("cells")
    cells = cast("Mapping[str, object]", given) if isinstance(given, dict) else {}
    yield "repairs", listed([f"{column}: {count} cells" for column, count in cells.items()], 20) or "not said"
    where = f"adp quality proposals {inputs.get('asset')} --proposals {inputs.get('proposals')}"
    yield "look at them", quoted(where)


def undone(effects: Effects) -> list[str]:
    """The tables of which nothing but accepted repairs are changed: each is logged, and taken back by one command."""
    known = steps(effects)
    if any(_act(step) != _REPAIRS for step in known):
        return []
    return [str((step.get("inputs") or {}).get("asset")) for step in known]


def lasting(effects: Effects) -> list[str]:
    """Effects that the platform cannot take back."""
    if undone(effects):
        return []
    return [effect for effect in effects.effects if effect in _NOT_TAKEN_BACK]


def asker(request: ApprovalRequest) -> str:
    """Who asked, and whether anything vouches for the name."""
    who = request.requester
    sure = "" if who.known else " (**nothing vouches for this name**)"
    claimed = f", who also gave the names {', '.join(map(person, who.claimed))}" if who.claimed else ""
    return f"{person(who.name)}{sure}{claimed}"


def wanted(request: ApprovalRequest) -> str:
    """Which rule asks, and whose approval it wants."""
    rules = listed(request.rules) if request.rules else "no rule by name"
    groups = f" of {listed(sorted(request.groups))}" if request.groups else ""
    return f"{rules} asks for **{count(request.quorum, 'approval')}**{groups}, and never the requester's own"


def _act(step: Mapping[str, Any]) -> str:
    return f"{step.get('agent')} {step.get('action')}"


def _assets(effects: Effects) -> str:
    names = sorted(table.asset if (table := table_of(asset)) else asset for asset in effects.assets)
    return listed(names) if len(names) <= 2 else count(len(names), "table")


def _besides(acts: list[str], main: str) -> str:
    others = [act for act in dict.fromkeys(acts) if act != main]
    return f", and {plain(', '.join(others))}" if others else ""


def _unlike(effects: Effects) -> str:
    """What sets a load apart from the refresh that everybody knows."""
    said = (
        ("in another image or container", effects.tags),
        ("with run config of its own", effects.config),
        ("in part", effects.selection),
    )
    told = [words for words, there in said if there]
    return f", **{' and '.join(told)}**" if told else ""


def _json(value: Any) -> str:
    return quoted(json.dumps(scrub(value), ensure_ascii=False, sort_keys=True, default=str))
