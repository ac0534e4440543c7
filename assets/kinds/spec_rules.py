"""Quality rules as a spec says them. Pure: no Dagster, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
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
        """What makes it the same rule after its limits changed: type, columns (or query) and the rows it is about."""
        names = (
            "column",
            "column_list",
            "column_set",
            "column_A",
            "column_B",
            "unexpected_rows_query",
            "row_condition",
        )
        return digest([self.type, self.meta.id, {k: _plain(self.kwargs[k]) for k in names if k in self.kwargs}])[7:19]

    @property
    def condition(self) -> str:
        """The rows it is about, in words; empty where it is about all."""
        return _said(self.kwargs.get("row_condition"))

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


def _plain(value: Any) -> Any:
    """A value in JSON's types, whatever somebody wrote."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    return value if isinstance(value, float) and isfinite(value) else str(value)


def _said(condition: Any) -> str:
    """A condition of Great Expectations as a person reads it, whether it is a text or an object."""
    if condition is None or isinstance(condition, str):
        return condition or ""
    if not isinstance(condition, Mapping):
        return str(condition)
    of: Mapping[str, Any] = condition
    if isinstance(parts := of.get("conditions"), list | tuple):
        return f" {of.get('type')} ".join(f"({_said(part)})" if len(parts) > 1 else _said(part) for part in parts)
    if "pass_through_filter" in of:
        return str(of["pass_through_filter"])
    named = of.get("column")
    column = named.get("name") if isinstance(named, Mapping) else named
    if of.get("type") == "nullity":
        return f"{column} is {'' if of.get('is_null') else 'not '}null"
    return f"{column} {str(of.get('operator')).replace('_', ' ')} {of.get('parameter')!r}"
