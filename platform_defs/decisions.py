"""A decision: a run over one partition of `platform/approvals`, carried out while it is submitted.

Only then are there HTTP headers, and a code that waited in a queue could be read and overtaken: it is used up before
anything else is looked at, whatever becomes of the decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from agents.core.approval import Choice
from agents.core.errors import Denied
from platform_defs.classify import INBOX
from platform_defs.run_config import mapping
from platform_defs.walls import PARTITION, RANGE_END, RANGE_START
from resources.holding import release

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

    from agents.core.approval import RunFacts
    from platform_defs.walls import Walls
    from platform_defs.web_identity import Who
    from resources.identity import Person


@dataclass(frozen=True, slots=True)
class Said:
    """What the run config says: never shown, since it holds a code."""

    choice: str
    name: str
    code: str
    note: str


def decides(facts: RunFacts) -> bool:
    """Whether a run touches the inbox."""
    return INBOX in facts.effects.assets


def decide(
    instance: DagsterInstance, run: DagsterRun, facts: RunFacts, walls: Walls, who: Who | None, source: object
) -> None:
    """Verify who decides, record it, and let go what it releases. Raises Denied with the reason."""
    from starlette.requests import HTTPConnection

    said = _said(run.run_config)
    person = _person(walls, who, said)
    if who is None or not isinstance(source, HTTPConnection):
        raise Denied("a decision is made in the UI: not by a sensor, an agent, a backfill or a terminal", where=INBOX)
    if set(facts.effects.assets) != {INBOX} or facts.effects.unknown or facts.effects.selection:
        raise Denied("a decision is a run of its own", where=INBOX, fix="materialize one partition of it, nothing else")
    request = _request_id(run)
    if said.choice not in get_args(Choice):
        raise Denied("no such decision", where=request, fix=f"say {', '.join(get_args(Choice))}")
    approvals = walls.platform.approvals
    approvals.decide(request, cast("Choice", said.choice), person, note=said.note, run_id=run.run_id)
    for released, runs in approvals.releasable():
        if released.id == request:
            release(instance, runs)


def _person(walls: Walls, who: Who | None, said: Said) -> Person:
    """Who decides: the person that the proxy vouches for, else the one whose code it is."""
    if said.code or who is None or who.person is None:
        return walls.platform.people.verify(said.name, said.code)
    if not who.person.has("approver"):
        raise Denied("you are no approver", where=INBOX, fix="ask for the role, or give an approver's name and code")
    return who.person


def _request_id(run: DagsterRun) -> str:
    """The request of the run's partition; a partition that was repaired has a number behind it."""
    partition = run.tags.get(PARTITION, "")
    if not partition or RANGE_START in run.tags or RANGE_END in run.tags:
        raise Denied("a decision is about one request", where=INBOX, fix="choose one partition")
    return partition.partition("~")[0]


def _said(config: Mapping[str, object]) -> Said:
    """The run's config; it has one op."""
    ops = [mapping(mapping(body).get("config")) for body in mapping(config.get("ops")).values()]
    told = next((each for each in ops if "decision" in each), {})
    choice, name, code, note = (str(told.get(key) or "").strip() for key in ("decision", "name", "code", "note"))
    return Said(choice, name, code, note)
