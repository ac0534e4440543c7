"""What is asked before people are asked: a release of what nothing makes, a way back where there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from agents.core.catalog import TableId
from agents.core.errors import Denied, PlatformError, SpecError, StateError
from agents.core.plan import Plan, Question, Step
from agents.tools.pins import AGENT
from agents.tools.releases import named, newest, releasable
from resources.platform import Platform

# Gives the tables of all assets that are loaded; asked only where the specs do not suffice.
Known = Callable[[], Collection[TableId]]
NEAR = 5
RELEASED_TO = ("staging", "prod")
MEANT = "did you mean"
MADE_LATER = ("models/", "masked/")  # the plan's own steps make these, under names they choose


def asked_first(platform: Platform, plan: Plan, known: Known) -> Plan:
    """The plan; with questions in place of its steps where a release or rollback in it could never be done."""
    found = [question for step in plan.steps for question in _questions(platform, plan, step, known)]
    return replace(plan, questions=tuple(found), steps=(), unsupported=()) if found else plan


def check_promotion(platform: Platform, assets: Sequence[str], environment: str, known: Known) -> None:
    """Raise SpecError or GoalError for assets that nothing makes, or whose inputs the environment lacks."""
    wanted = named(list(assets))
    for asset in wanted:
        if platform.specs.find(asset) is None and TableId(environment, *asset.split("/", 1)) not in known():
            fix = _meant(asset, _entries(platform)) or "build it in dev first; adp doctor shows what the specs hold"
            raise SpecError(f"no product holds {asset}", fix=fix)
    try:
        releasable(platform, wanted, environment, ())
    except SpecError:
        releasable(platform, wanted, environment, known())


def check_rollback(platform: Platform, assets: Sequence[str], environment: str) -> None:
    """Raise StateError or GoalError for assets of which no release is recorded there."""
    repo = platform.releases(environment)
    for asset in named(list(assets)):
        try:
            newest(repo, asset)
        except StateError as error:
            fix = _meant(asset, _recorded(platform, environment)) or error.fix
            raise StateError(error.what, where=error.where, fix=fix) from error


def check_steps(platform: Platform, steps: Iterable[Mapping[str, Any]], environment: str, known: Known) -> None:
    """The same for the deployment steps of a run that acts in that environment, each `{agent, action, inputs}`."""
    for step in (each for each in steps if each["agent"] == AGENT):
        assets = named(step["inputs"].get("assets"))
        if step["action"] == "rollback":
            check_rollback(platform, assets, environment)
        elif step["action"] == "promote":
            check_place(step["inputs"].get("to"), environment)
            check_promotion(platform, assets, environment, known)


def check_place(to: object, environment: str) -> None:
    """Raise Denied unless a run that acts in `environment` may release to `to`."""
    if to != environment:
        fix = f"launch it with environment {to}" if to in RELEASED_TO else f"release to {' or '.join(RELEASED_TO)}"
        raise Denied(f"a run that acts in {environment} may not release to {to}", where="promote", fix=fix)
    if environment not in RELEASED_TO:
        raise Denied(f"nothing is released to {environment}", where="promote", fix="to staging or prod")


def _questions(platform: Platform, plan: Plan, step: Step, known: Known) -> Iterator[Question]:
    """What a step could not do; tables that the plan itself makes before are left to the run."""
    assets = step.inputs.get("assets")
    if step.agent != AGENT or not isinstance(assets, list):
        return
    made = {str(each.inputs.get("destination")) for each in plan.steps if each.phase < step.phase}
    if step.action == "promote" and any(asset in made or asset.startswith(MADE_LATER) for asset in assets):
        return
    back = step.action == "rollback"
    try:
        check_steps(platform, [step.to_json()], plan.environment, known)
    except PlatformError as error:
        there = _recorded(platform, plan.environment) if back else _entries(platform)
        what, candidates = "rolled back" if back else "released", _candidates(assets, there)
        way = f" ({error.fix})" if error.fix and not error.fix.startswith(MEANT) else ""
        yield Question(f"It cannot be {what}: {error.what}{way}. What is meant?", candidates)


def _meant(asset: str, there: Collection[str]) -> str:
    near = _near(asset, there)
    return f"{MEANT} {', '.join(near)}?" if near else ""


def _near(asset: str, there: Collection[str]) -> list[str]:
    """Names written like it, and those of the same table in another layer."""
    bare = asset.rpartition("/")[2]
    same = [each for each in there if each.rpartition("/")[2] == bare]
    return list(dict.fromkeys((*get_close_matches(asset, there, NEAR, 0.6), *same)))


def _candidates(assets: Sequence[str], there: Collection[str]) -> tuple[str, ...]:
    near = [name for asset in assets for name in _near(asset, there)]
    return tuple(dict.fromkeys((*near, *sorted(there))))[:8]


def _entries(platform: Platform) -> list[str]:
    """The assets that products hold."""
    found: list[str] = []
    for product in platform.specs.products():
        said = platform.specs.read(product)
        found += [f"{entry.get('layer', '')}/{entry.get('name', '')}" for entry in said.get("tables") or ()]
        found += [str(entry.get("asset", "")) for entry in said.get("extensions") or ()]
    return found


def _recorded(platform: Platform, environment: str) -> list[str]:
    """The assets that can be rolled back there."""
    repo = platform.releases(environment)
    return sorted({asset for product in repo.products() for asset, own in repo.releases(product).items() if own})
