"""Quality rules as a spec says them. Pure: no Dagster, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict

from agents.core.digest import digest

Action = Literal["alert", "quarantine", "block"]
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class RuleMeta:
    """What a rule does when it fails, and why it exists. Further keys of a suite's `meta` are kept in `extra`."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    action: Action = "alert"
    reason: str = ""
    id: str = ""
    muted: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Rule:
    """A Great Expectations configuration: `type`, `kwargs`, `meta`."""

    __pydantic_config__ = _STRICT

    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    meta: RuleMeta = field(default_factory=RuleMeta)

    @property
    def identity(self) -> str:
        """What makes it the same rule after its limits changed: type and columns (or query)."""
        names = ("column", "column_list", "column_set", "column_A", "column_B", "unexpected_rows_query")
        return digest([self.type, self.meta.id, {k: self.kwargs[k] for k in names if k in self.kwargs}])[7:19]

    def to_spec(self) -> dict[str, Any]:
        """The rule as `defs.yaml` holds it."""
        meta: dict[str, Any] = {"action": self.meta.action, "reason": self.meta.reason}
        further = {"id": self.meta.id, "muted": self.meta.muted, "evidence": dict(self.meta.evidence)}
        meta |= {key: value for key, value in further.items() if value}
        return {"type": self.type, "kwargs": dict(self.kwargs), "meta": meta}

    def to_gx(self) -> dict[str, Any]:
        """The configuration as Great Expectations reads it."""
        return {
            "type": self.type,
            "kwargs": dict(self.kwargs),
            "meta": {"action": self.meta.action, "reason": self.meta.reason},
        }
