"""Risk: how much harm a thing could do, from what it touches and whether it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from agents.core.approval import Effects, Facts

Level = Literal["low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")
# Assets downstream from which on a change counts as wide, and as vast.
WIDE, VAST = 10, 100
# USD a month from which on something counts as expensive.
EXPENSIVE = 1_000


@dataclass(frozen=True, slots=True)
class Risk:
    """A level and, in words, what made it so."""

    level: Level
    reasons: tuple[str, ...] = ()


def assess(effects: Effects, facts: Facts) -> Risk:
    """The highest level that anything about it has; what raised it comes first. What is not known never lowers it."""
    found = [*_of_effects(effects, facts), *_of_data(effects, facts), *_of_size(effects, facts), *_of_cost(facts)]
    found.sort(key=lambda finding: -LEVELS.index(finding[0]))
    return Risk(found[0][0], tuple(reason for _, reason in found)) if found else Risk("low")


def _of_effects(effects: Effects, facts: Facts) -> Iterator[tuple[Level, str]]:
    prod, done = effects.environment == "prod", set(effects.effects)
    if effects.unknown:
        yield "critical", f"nobody can classify {', '.join(sorted(effects.unknown)[:3])}"
    if effects.environment != "dev" and (told := [*sorted(effects.tags), *({"execution"} & effects.config.keys())]):
        yield "critical", f"it chooses what is executed, whatever was approved of it: {', '.join(told[:3])}"
    if "delete" in done:
        yield ("critical" if prod else "high"), f"it deletes in {effects.environment}"
    if not facts.reversible and done - {"read"}:
        yield ("critical" if prod else "high"), "it cannot be taken back"
    if done & {"provision", "spend"}:
        yield ("high" if prod else "medium"), "it spends money on resources"
    if prod and done - {"read"}:
        yield "medium", "it changes production"


def _of_data(effects: Effects, facts: Facts) -> Iterator[tuple[Level, str]]:
    if effects.environment != "prod" or not set(effects.effects) - {"read"}:
        return
    if facts.pii == "unmasked":
        yield "critical", "personal data is not masked"
    elif facts.pii == "masked":
        yield "high", "it holds personal data, masked"
    elif facts.pii != "none":
        yield "medium", "nobody has looked for personal data"


def _of_size(effects: Effects, facts: Facts) -> Iterator[tuple[Level, str]]:
    if effects.environment == "prod" and facts.blast_radius >= WIDE:
        level: Level = "critical" if facts.blast_radius >= VAST else "high"
        yield level, f"{facts.blast_radius:,} assets depend on it"


def _of_cost(facts: Facts) -> Iterator[tuple[Level, str]]:
    if facts.monthly_usd is None:
        return
    if facts.budget_usd is not None and facts.monthly_usd > facts.budget_usd:
        yield "high", f"{facts.monthly_usd:,.2f} USD a month are more than the budget of {facts.budget_usd:,.2f}"
    elif facts.monthly_usd >= EXPENSIVE:
        yield "high", f"it costs {facts.monthly_usd:,.2f} USD a month"
