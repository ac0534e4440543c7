"""What a request to delete would take away: from where, how many rows, and that nothing brings them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from agents.core.approval import ApprovalRequest
from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from agents.tools.governing.copies import COLD
from agents.tools.governing.declared import declared_of
from agents.tools.governing.retention import due_of
from assets.kinds.moves import sides_of
from resources.markdown import UNKNOWN, count, listed, plain, quoted, table
from resources.platform import Platform

Row = tuple[str, str, str]
FOUND = "subject"  # kind of the ledger's records of who looked for a person, and where the person was
ANEW = "computed anew without them; former versions are deleted"
NO_WAY = "**no way back**: former versions, their files and their log are deleted too"
LETS_IN = "nothing is deleted; erase the person again"


def gone(platform: Platform, request: ApprovalRequest) -> list[str]:
    """The card's section on it; empty for requests that delete no rows."""
    rows: list[Row] = []
    for step in request.effects.steps:
        said = _ACTIONS.get(_action(step))
        if said:
            try:
                rows += said(platform, request.effects.environment, cast(Mapping[str, Any], step.get("inputs") or {}))
            except PlatformError as error:
                rows.append((UNKNOWN, UNKNOWN, plain(error.what)))
    if not rows:
        return []
    lets_in = all(_action(step) == "allow" for step in request.effects.steps if _action(step) in _ACTIONS)
    title = "**What would land again**" if lets_in else "**What will be gone, and cannot be taken back**"
    return [title, "", *table(("where", "rows", "what becomes of them"), rows)]


def no_way_back(request: ApprovalRequest) -> str:
    """What stands in the place of the way back; empty where there is one."""
    actions = {_action(step) for step in request.effects.steps}
    if actions & {"expire", "erase", "delete"}:
        archived = "" if actions & {"erase", "delete"} else "; what is archived stays in the cold tier"
        return NO_WAY + archived
    return LETS_IN if "allow" in actions else ""


def heading(step: Mapping[str, Any]) -> str:
    """What one such step does, as a heading says it; empty for other steps."""
    inputs = cast(Mapping[str, Any], step.get("inputs") or {})
    match _action(step):
        case "expire":
            return (
                f"let go of rows of {quoted(str(inputs.get('asset')))} older than {quoted(str(inputs.get('before')))}"
            )
        case "erase":
            return f"erase {quoted(str(inputs.get('subject')))} from {count(len(inputs.get('assets') or ()), 'table')}"
        case "delete":
            return f"delete {quoted(str(inputs.get('asset')))} whole"
        case "allow":
            people = list(map(str, inputs.get("people") or ()))
            return f"let {listed(people, 2) or 'all people of a lost key'} land again who had been erased"
        case _:
            return ""


def _action(step: Mapping[str, Any]) -> str:
    return str(step.get("action")) if step.get("agent") == "governance" else ""


def _expire(platform: Platform, environment: str, inputs: Mapping[str, Any]) -> Iterator[Row]:
    place = _table(environment, inputs.get("asset"))
    due = due_of(platform, place, declared_of(platform, place), str(inputs.get("before") or ""))
    if due.against:
        yield quoted(str(place)), "0", plain(f"nothing may leave: {due.against}")
        return
    archived = due.then == "archive"
    then = f"archived to {quoted(COLD + place.asset)}, then deleted" if archived else "deleted for good"
    yield quoted(str(place)), f"{due.due:,} of {due.rows:,}", then
    if due.quarantined:
        yield "its quarantine and log", f"{due.quarantined:,}", "deleted for good, not archived"
    if not archived and platform.settings.lake_cold and platform.cold.exists(place):
        yield quoted(COLD + place.asset), "those of that age", "deleted for good"
    yield from _readers(environment, inputs, place.asset)
    if due.undated:
        yield quoted(str(place)), f"{due.undated:,}", f"stay: {quoted(due.column)} says no age"


def _erase(platform: Platform, environment: str, inputs: Mapping[str, Any]) -> Iterator[Row]:
    found = _looked(platform, environment, str(inputs.get("subject")))
    if found is None:
        yield UNKNOWN, UNKNOWN, "nobody looked for this person here: `adp privacy subject find` does"
        return
    tables, held = cast(Mapping[str, int], found.get("tables") or {}), set(cast("list[str]", found.get("held") or []))
    for name, rows in tables.items():
        then = "stay: a legal hold is on the table" if name in held else "erased from every version and file"
        yield quoted(f"{environment}/{name}" if not name.startswith(COLD) else name), f"{int(rows):,}", then
    for asset in map(str, inputs.get("assets") or ()):
        if asset not in tables:
            yield quoted(f"{environment}/{asset}"), "what is made of them", ANEW
    yield "every later load", "those of this person", "do not land, until `adp privacy subject allow` is approved"


def _delete(platform: Platform, environment: str, inputs: Mapping[str, Any]) -> Iterator[Row]:
    place = _table(environment, inputs.get("asset"))
    for one in (place, *sides_of(place)):
        if platform.lake.exists(one):
            yield quoted(str(one)), f"{platform.lake.rows(one):,}", "the table is deleted with every file and version"
    if platform.settings.lake_cold and platform.cold.exists(place):
        yield quoted(COLD + place.asset), f"{platform.cold.rows(place):,}", "the archive is deleted too"


def _allow(platform: Platform, environment: str, inputs: Mapping[str, Any]) -> Iterator[Row]:
    people = {str(each) for each in inputs.get("people") or ()}
    known = [each for each in platform.erasures.of(environment) if not people or each.subject in people]
    for subject in dict.fromkeys(each.subject for each in known):
        mine = [each for each in known if each.subject == subject]
        requests = listed(dict.fromkeys(each.request or UNKNOWN for each in mine))
        columns = listed(dict.fromkeys(each.column for each in mine))
        yield f"tables of {quoted(environment)} with {columns}", "those of this person", f"erased by {requests}"


def _readers(environment: str, inputs: Mapping[str, Any], asset: str) -> Iterator[Row]:
    for reader in map(str, inputs.get("assets") or ()):
        if reader != asset:
            yield quoted(f"{environment}/{reader}"), "what is made of them", ANEW


def _looked(platform: Platform, environment: str, subject: str) -> Mapping[str, Any] | None:
    """Where the person was when somebody looked last, as the ledger has it."""
    found = None
    for record in platform.ledger.records(subject=subject, kind=FOUND):
        facts = record.entry.facts
        if facts.get("environment") == environment and "tables" in facts:
            found = facts
    return found


def _table(environment: str, asset: object) -> TableId:
    layer, _, name = str(asset).partition("/")
    return TableId(environment, layer, name)


_ACTIONS: Mapping[str, Callable[[Platform, str, Mapping[str, Any]], Iterator[Row]]] = {
    "expire": _expire,
    "erase": _erase,
    "delete": _delete,
    "allow": _allow,
}
