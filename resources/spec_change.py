"""A change of a product's file before it is made, and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from resources.spec_entries import entry_of, kind_of, with_entry, without_entry
from resources.spec_merge import Edit, Merged, Owned
from resources.spec_owned import persons


@dataclass(frozen=True, slots=True)
class Change:
    """What a desired entry would do to a product's file; `edits` say field by field what and why.

    `removal` takes the whole entry out, unless a person wrote part of it.
    """

    product: str
    asset: str
    desired: Mapping[str, Any]
    agent: str
    edits: tuple[Edit, ...] = ()
    new_product: bool = False
    removal: bool = False

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
    """What was applied at once; `id` is git's, empty where there is no git. `before` and `after` serve an undo without.

    `asset` names each asset that changed, joined by commas.
    """

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


@dataclass(slots=True)
class Planned:
    """A product's document as changes would leave it, what agents own then, what changed, what a person keeps."""

    document: dict[str, Any]
    owned: dict[str, Owned]
    assets: list[str]
    kept: list[Edit]

    def merge(self, change: Change, merged: Merged) -> None:
        """Take a merged entry in."""
        if merged.changed:
            self.document = with_entry(self.document, kind_of(change.desired), change.asset, merged.entry)
            self.owned[change.asset] = merged.owned
            self.assets.append(change.asset)

    def remove(self, asset: str) -> None:
        """Take an entry out, unless a person wrote part of it."""
        found = entry_of(self.document, asset)
        if found is None:
            return
        theirs = persons(self.owned.get(asset, Owned()), found[1])
        self.kept += [Edit(field, "kept", None, None, "written by a person") for field in theirs]
        if not theirs:
            self.document = without_entry(self.document, asset)
            self.owned.pop(asset, None)
            self.assets.append(asset)
