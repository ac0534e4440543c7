"""How long the rows of a table are kept, as `defs.yaml` says it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept: those whose `column` is older than `keep_days` leave the table.

    `then` says whether they go to the cold tier first (archive) or for good (delete). `hold` is a legal hold: nothing
    leaves. `minimum_days` is what a law demands at least: a shorter time is refused.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    column: str
    keep_days: Annotated[int, Field(ge=1, le=36_500)]
    then: Literal["archive", "delete"] = "archive"
    hold: bool = False
    minimum_days: Annotated[int, Field(ge=0, le=36_500)] = 0
