"""Which spec each asset of a request has now, and which it would have: the change that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.core.approval import ApprovalRequest
from agents.core.catalog import ENVIRONMENTS, LAYERS, TableId
from agents.core.errors import PlatformError, SpecError
from agents.tools.evidence.spec_lines import SpecDiff, spec_diff
from agents.tools.evidence.words import Missing
from resources.platform import Platform
from resources.specs_repo import SpecsRepo

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one asset: its spec entries before and after; `table` is None for what is no lake table."""

    asset: str
    table: TableId | None
    diff: SpecDiff | Missing
    before: Entry | None = None
    after: Entry | None = None
    file: str = ""
    warning: str = ""

    @property
    def kind(self) -> str:
        """`new`, `changed`, `unchanged`, `removed`; empty where nobody knows."""
        return "" if isinstance(self.diff, Missing) else self.diff.kind


@dataclass(frozen=True)
class Specs:
    """The spec entries in force in each environment, read once."""

    platform: Platform
    _pins: dict[str, SpecsRepo] = field(default_factory=dict[str, SpecsRepo])

    def entry(self, table: TableId) -> tuple[Entry, str] | None:
        """The entry that decides a table in its environment and the file it stands in: the pin, else `defs.yaml`."""
        pinned = self._pinned(table)
        if pinned is not None:
            return pinned
        found = self.desired(table)
        return found if found and table.environment in (found[0].get("environments") or ("dev",)) else None

    def desired(self, table: TableId) -> tuple[Entry, str] | None:
        """The entry of `defs.yaml`, whichever environments it lists."""
        return _entry(self.platform.specs, table)

    def _pinned(self, table: TableId) -> tuple[Entry, str] | None:
        if table.environment == "dev":
            return None
        if table.environment not in self._pins:
            self._pins[table.environment] = self.platform.releases(table.environment)
        return _entry(self._pins[table.environment], table)


def table_of(asset: str) -> TableId | None:
    """The lake table that an asset key names exactly; None for any other."""
    path = asset.split("/")
    return TableId(*path) if len(path) == 3 and path[0] in ENVIRONMENTS and path[1] in LAYERS else None


def does(request: ApprovalRequest, action: str) -> bool:
    """Whether one of the request's steps is this one of the deployment agent."""
    return any((step.get("agent"), step.get("action")) == ("deployment", action) for step in request.effects.steps)


def changes_of(specs: Specs, request: ApprovalRequest) -> list[Change]:
    """A change for each asset: unknown and changed ones first, so that none hides behind many that stay the same."""
    order = {"": 0, "removed": 1, "changed": 2, "new": 3, "unchanged": 4}
    found = [_change(specs, request, asset, digest) for asset, digest in request.effects.assets.items()]
    return sorted(found, key=lambda change: (not change.warning, order[change.kind], change.asset))


def _change(specs: Specs, request: ApprovalRequest, asset: str, digest: str) -> Change:
    table = table_of(asset)
    if table is None:
        return Change(asset, None, Missing("it is no table of the lake, so no spec describes it"))
    try:
        now = specs.entry(table)
        then = _after(specs, request, table) if request.effects.steps else now
    except PlatformError as error:
        return Change(asset, table, Missing(f"its spec cannot be read: {error.what}"))
    if then is None:
        return Change(asset, table, Missing("it has no spec: code in the repository makes it, see the git log there"))
    entry, file = then
    before = now[0] if now else None
    return Change(asset, table, spec_diff(before, entry), before, entry, file, _differs(entry, table, digest))


def _after(specs: Specs, request: ApprovalRequest, table: TableId) -> tuple[Entry, str] | None:
    """The entry as it would stand after the run's steps."""
    return specs.desired(table) if does(request, "promote") else specs.entry(table)


def _differs(entry: Entry, table: TableId, digest: str) -> str:
    """A warning where the spec shown is not the one that an approval would cover."""
    from pydantic import TypeAdapter, ValidationError

    from assets.kinds.spec import Extension, Table, spec_digest

    kind = TypeAdapter[Table | Extension](Extension if "asset" in entry else Table)
    try:
        read = kind.validate_python(dict(entry))
    except ValidationError:
        return "the spec shown is not valid"
    if isinstance(read, Extension) or spec_digest(read, table.environment) == digest:
        return ""
    return "the spec was edited after this was asked: what is shown is not what the digest covers"


def _entry(repo: SpecsRepo, table: TableId) -> tuple[Entry, str] | None:
    """The entry with its product's tags, which hold for it too."""
    found = repo.find(table.asset)
    if found is None:
        return None
    product, entry = found
    tags: Mapping[str, Any] = {**(repo.read(product).get("tags") or {}), **(entry.get("tags") or {})}
    if not isinstance(entry.get("environments") or [], list):
        raise SpecError("environments is no list", where=str(repo.path(product)))
    return {**entry, **({"tags": tags} if tags else {})}, f"{product}/{repo.path(product).name}"
