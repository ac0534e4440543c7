"""Which spec each asset of a request has now, and which it would have: the change that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.core.approval import ApprovalRequest
from agents.core.catalog import ENVIRONMENTS, LAYERS, TableId
from agents.core.errors import PlatformError, SpecError
from agents.tools.evidence.approved import Approved, approved_before
from agents.tools.evidence.spec_lines import SpecDiff, lines_of, spec_diff
from agents.tools.pins import pin_of
from agents.tools.releases import newest
from resources.markdown import Missing
from resources.platform import Platform
from resources.spec_entries import entry_of
from resources.spec_releases import Release
from resources.spec_text import load
from resources.specs_repo import FILE, OVERRIDE, SpecsRepo

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one asset: its spec entries before and after; `table` is None for what is no lake table.

    `file` holds the spec; `warning` says why not to trust what is shown; `note` how it was approved before.
    """

    asset: str
    table: TableId | None
    diff: SpecDiff | Missing
    before: Entry | None = None
    after: Entry | None = None
    file: str = ""
    warning: str = ""
    note: str = ""

    @property
    def kind(self) -> str:
        """`new`, `changed`, `unchanged`, `removed`, `never approved`; empty where nobody knows."""
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

    def promoted(self, table: TableId) -> tuple[Entry, str] | None:
        """The entry as a promotion would pin it: what a person pinned otherwise stays."""
        pins = self._releases(table.environment)
        change = pin_of(self.platform.specs, pins, table.asset, table.environment)
        if change is None:
            return None
        found = entry_of(load(pins.preview([change]), str(pins.path(change.product))), table.asset)
        return (self._overridden(table, found[1]), f"{change.product}/{FILE}") if found else None

    def former(self, table: TableId) -> tuple[Entry | None, Release, str]:
        """The entry that a rollback goes back to (None: the pin is taken out), its release and its file."""
        product, release = newest(self._releases(table.environment), table.asset)
        entry = None if release.former is None else self._overridden(table, release.former)
        return entry, release, f"{product}/{table.environment}.yaml"

    def _pinned(self, table: TableId) -> tuple[Entry, str] | None:
        if table.environment == "dev":
            return None
        found = _entry(self._releases(table.environment), table)
        return (self._overridden(table, found[0]), found[1]) if found else None

    def _releases(self, environment: str) -> SpecsRepo:
        if environment not in self._pins:
            self._pins[environment] = self.platform.releases(environment)
        return self._pins[environment]

    def _overridden(self, table: TableId, entry: Entry) -> Entry:
        """The entry with what a person said in `defs.yaml`, which holds for its pins too."""
        below = self.platform.specs.find(table.asset)
        said: Mapping[str, Any] = (below[1].get(OVERRIDE) if below else None) or {}
        own: Mapping[str, Any] = entry.get(OVERRIDE) or {}
        forbid = list(dict.fromkeys([*(said.get("forbid") or ()), *(own.get("forbid") or ())]))
        version = {**(said.get("version") or {}), **(own.get("version") or {})}
        override = {name: value for name, value in (("forbid", forbid), ("version", version)) if value}
        return {**entry, OVERRIDE: override} if override else entry


def table_of(asset: str) -> TableId | None:
    """The lake table that an asset key names exactly; None for any other."""
    path = asset.split("/")
    return TableId(*path) if len(path) == 3 and path[0] in ENVIRONMENTS and path[1] in LAYERS else None


def does(request: ApprovalRequest, action: str) -> bool:
    """Whether one of the request's steps is this one of the deployment agent."""
    return any((step.get("agent"), step.get("action")) == ("deployment", action) for step in request.effects.steps)


def changes_of(specs: Specs, request: ApprovalRequest) -> list[Change]:
    """A change for each asset: unknown and changed ones first, so that none hides behind many that stay the same."""
    order = {"": 0, "removed": 1, "changed": 2, "never approved": 3, "new": 4, "unchanged": 5}
    before = approved_before(specs.platform, request)
    found = [
        _since(_change(specs, request, asset, digest), digest, before)
        for asset, digest in request.effects.assets.items()
    ]
    return sorted(found, key=lambda change: (not change.warning, order[change.kind], change.asset))


def _change(specs: Specs, request: ApprovalRequest, asset: str, digest: str) -> Change:
    table = table_of(asset)
    if table is None:
        return Change(asset, None, Missing("it is no table of the lake, so no spec describes it"))
    try:
        now = specs.entry(table)
        if does(request, "rollback"):
            return _rollback(specs, table, now[0] if now else None, digest)
        then = specs.promoted(table) if does(request, "promote") else now
    except PlatformError as error:
        return Change(asset, table, Missing(f"its spec cannot be read: {error.what}"))
    if then is None:
        return Change(asset, table, Missing("it has no spec: code in the repository makes it, see the git log there"))
    entry, file = then
    before = now[0] if now else None
    return Change(asset, table, spec_diff(before, entry), before, entry, file, _differs(entry, table, digest))


def _rollback(specs: Specs, table: TableId, before: Entry | None, digest: str) -> Change:
    entry, release, file = specs.former(table)
    note = "the table is emptied" if release.version is None else f"the table goes back to version {release.version}"
    warning = _differs(entry, table, digest) if entry is not None else ""
    return Change(str(table), table, spec_diff(before, entry), before, entry, file, warning, note)


def _since(change: Change, digest: str, before: Mapping[str, Approved] | Missing) -> Change:
    """A spec that stays as it stands may still be one that nobody approved: then it is shown whole."""
    if isinstance(before, Missing) and change.kind == "unchanged":
        return replace(change, warning=change.warning or before.why)
    if isinstance(before, Missing) or change.kind != "unchanged" or change.after is None or change.note:
        return change
    last = before.get(change.asset)
    if last is not None and last.digest == digest:
        return replace(change, note=f"as approved in {last.request}")
    whole = tuple(f" {line}" for line in lines_of(change.after))
    note = f"was another when approved in {last.request}: see git log" if last else "not approved before"
    return replace(change, diff=SpecDiff("changed" if last else "never approved", whole), note=note)


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
