"""A change of a product's file before it is made, and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from resources.spec_merge import Edit


@dataclass(frozen=True, slots=True)
class Change:
    """What a desired entry would do to a product's file; `edits` say field by field what and why."""

    product: str
    asset: str
    desired: Mapping[str, Any]
    agent: str
    edits: tuple[Edit, ...] = ()
    new_product: bool = False

    @property
    def empty(self) -> bool:
        """Nothing to write."""
        return not (self.set or self.removed)

    @property
    def set(self) -> tuple[Edit, ...]:
        """Fields and rules that are written."""
        return tuple(edit for edit in self.edits if edit.action == "set")

    @property
    def removed(self) -> tuple[Edit, ...]:
        """Fields and rules that the agent takes back."""
        return tuple(edit for edit in self.edits if edit.action == "removed")

    @property
    def kept(self) -> tuple[Edit, ...]:
        """Fields and rules that stay as a person left them, though the agent would have them otherwise."""
        return tuple(edit for edit in self.edits if edit.action == "kept")


@dataclass(frozen=True, slots=True)
class Commit:
    """One applied change; `id` is git's, empty where there is no git. `before` and `after` serve an undo without it."""

    id: str
    product: str
    asset: str
    goal_id: str
    agent: str
    message: str
    before: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    after: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def to_json(self) -> dict[str, Any]:
        """As step outputs keep it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Commit:
        """From its JSON form."""
        return cls(**data)
