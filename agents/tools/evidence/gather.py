"""Collects the evidence for a request from specs, releases, lake and store. Nothing that fails here hides the rest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from agents.core.approval import ApprovalRequest
from agents.core.catalog import TableId
from agents.core.errors import LakeError, PlatformError
from agents.tools.evidence.changes import Change, Specs, changes_of
from agents.tools.evidence.cost import Usage, total, usage
from agents.tools.evidence.known import Check, Known
from agents.tools.evidence.personal import Personal, personal_data
from agents.tools.governing.declared import declared
from agents.tools.ready import AUTOMATION
from resources.markdown import Missing
from resources.platform import Platform

# A card is one page: of more tables than these, the ones that change least are only named.
SHOWN = 10
LOWER = {"prod": ("dev", "staging"), "staging": ("dev",)}


@dataclass(frozen=True, slots=True)
class Size:
    """A table as the lake's log has it."""

    rows: int
    bytes: int
    version: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads a table, directly or not; of a table that is not defined yet, what reads it in `environment`."""

    assets: tuple[str, ...]
    environment: str = ""


@dataclass(frozen=True, slots=True)
class TableEvidence:
    """One asset of the request. `now` is the table as it stands (None: there is none), `lower` the same one below."""

    change: Change
    now: Size | Missing | None
    lower_environment: str
    lower: Size | Missing | None
    downstream: Readers | Missing
    checks: tuple[Check, ...] | Missing
    check_problem: str
    personal: Personal | Missing
    before: Usage
    after: Usage


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to show; `further` are changes for which the page has no room."""

    tables: tuple[TableEvidence, ...]
    further: tuple[Change, ...]
    before: Usage
    after: Usage
    goal: str | Missing
    measured: float

    @property
    def lower(self) -> str:
        """The environments below in which the tables were built."""
        return ", ".join(dict.fromkeys(t.lower_environment for t in self.tables if t.lower_environment)) or "below"


def gather(platform: Platform, request: ApprovalRequest, known: Known) -> Evidence:
    """The evidence for a request, measured now."""
    specs = Specs(platform)
    changes = changes_of(specs, request)
    tables = tuple(_table(specs, known, change) for change in changes[:SHOWN])
    before, after = total(t.before for t in tables), total(t.after for t in tables)
    return Evidence(tables, tuple(changes[SHOWN:]), before, after, _goal(platform, request), time.time())


def _table(specs: Specs, known: Known, change: Change) -> TableEvidence:
    table = change.table
    if table is None:
        why = Missing("it is no table of the lake")
        downstream = _downstream(known, change.asset, "")
        return TableEvidence(change, why, "", why, downstream, why, "", why, Usage(), Usage())
    now = _size(specs.platform, table)
    below, lower = _lower(specs.platform, table)
    sibling = f"{below}/{table.asset}" if below else ""
    checks = _checks(known, sibling, below)
    problem = _doubt(known, sibling, checks)
    before, after = _usages(specs, known, change, now, lower, below)
    personal = _personal(specs.platform, change, table, below, lower, now)
    downstream = _downstream(known, change.asset, sibling)
    return TableEvidence(change, now, below, lower, downstream, checks, problem, personal, before, after)


def _size(platform: Platform, table: TableId) -> Size | Missing | None:
    lake = platform.lake
    try:
        if not lake.exists(table):
            return None
        columns = tuple(lake.schema(table).names)
        return Size(lake.rows(table), lake.size(table)[1], lake.version(table), columns)
    except LakeError as error:
        return Missing(f"the {table.environment} lake cannot be read: {error.what}")


def _lower(platform: Platform, table: TableId) -> tuple[str, Size | Missing | None]:
    """The environment below in which the table was built, and the table there."""
    environments = LOWER.get(table.environment, ())
    if not environments:
        return "", Missing(f"no environment is below {table.environment}")
    sizes = {name: _size(platform, TableId(name, table.layer, table.name)) for name in environments}
    built = next((name for name, size in sizes.items() if size is not None), environments[0])
    return built, sizes[built]


def _checks(known: Known, sibling: str, below: str) -> tuple[Check, ...] | Missing:
    if not below:
        return Missing("no lower environment has checks of it")
    if sibling not in known.checks:
        return Missing(f"the loaded definitions have no {sibling}")
    return known.checks[sibling] or Missing(f"{sibling} has no checks")


def _doubt(known: Known, sibling: str, checks: tuple[Check, ...] | Missing) -> str:
    """Why results of the lower environment may not speak for what is asked."""
    if isinstance(checks, Missing):
        return ""
    if sibling in known.outdated:
        return f"{sibling} was built with another spec than it has now"
    built = known.built.get(sibling, 0.0)
    # A check runs in the run that built its table, moments after or within it.
    if any(check.passed is not None and check.at < built - 1 for check in checks):
        return f"{sibling} was built again after some of its checks ran"
    return ""


def _downstream(known: Known, asset: str, sibling: str) -> Readers | Missing:
    if asset in known.downstream:
        return Readers(known.downstream[asset])
    if sibling in known.downstream:
        return Readers(known.downstream[sibling], sibling.partition("/")[0])
    return Missing(f"the loaded definitions have no {asset}")


def _usages(
    specs: Specs, known: Known, change: Change, now: Size | Missing | None, lower: Size | Missing | None, below: str
) -> tuple[Usage, Usage]:
    """Before: as it stands. After: as measured in the environment below; a new table is as large as it is there."""
    table = change.table
    if table is None:
        return Usage(), Usage()
    sibling = TableId(below, table.layer, table.name) if below else table
    there = None if isinstance(now, Missing) else now.bytes if now else 0
    then = now.bytes if isinstance(now, Size) else lower.bytes if isinstance(lower, Size) else None
    former = Usage()
    if change.before is not None or isinstance(now, Size):
        former = usage(specs, known, table, change.before, there, [table, sibling])
    order: Sequence[TableId] = [table, sibling] if change.kind == "unchanged" else [sibling, table]
    return former, usage(specs, known, table, change.after, then, order)


def _personal(
    platform: Platform,
    change: Change,
    table: TableId,
    below: str,
    lower: Size | Missing | None,
    now: Size | Missing | None,
) -> Personal | Missing:
    size = lower if isinstance(lower, Size) else now
    if not isinstance(size, Size):
        return Missing("no environment has the table, so its columns are not known")
    try:
        masked = platform.lake.exists(TableId(below or table.environment, "masked", table.name))
    except LakeError:
        masked = False
    entries = declared(platform, below or table.environment).items()
    views = {name: entry for name, entry in entries if (entry.get("masked") or {}).get("source") == table.asset}
    return personal_data(change.after or change.before, size.columns, masked=masked, views=views)


def _goal(platform: Platform, request: ApprovalRequest) -> str | Missing:
    if not request.goal:
        by_itself = request.requester.name.startswith(AUTOMATION)
        return Missing("for no goal" if by_itself else "for no goal: launched by hand")
    try:
        return platform.store.goal(request.goal).goal.text
    except PlatformError as error:
        return Missing(f"the store has no such goal: {error.what}")
