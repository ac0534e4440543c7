"""Risk: how much harm a thing could do, from what it touches and whether it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Risk:
    """A level and, in words, what made it so."""

    level: Level
    reasons: tuple[str, ...] = ()
