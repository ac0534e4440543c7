"""Tools on rows in quarantine: what is held and why, what would land now, and landing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.errors import SpecError, TableNotFound
from agents.core.registry import tool
from agents.tools.session import Session
from agents.tools.specs import entry_in
from assets.kinds.contract import promised
from assets.kinds.spec import Extension, Table
from resources.platform import Platform

if TYPE_CHECKING:
    from assets.kinds.replay import Plan, Repair, Replayed


@dataclass(frozen=True, slots=True)
class Applied:
    """What a replay or repair did; `refused` names the blocking checks for which it was taken back whole."""

    done: Replayed
    refused: tuple[str, ...] = ()
    back: str = ""

    def to_json(self) -> dict[str, Any]:
        """For outputs and reports."""
        told = {"refused": list(self.refused), "back": self.back} if self.refused else {}
        return {**self.done.to_json(), **told}


@tool("quality.replayable", effect="read")
def replayable(session: Session, asset: str) -> Replayed:
    """What a replay would land now; nothing is written."""
    return would_land(session.platform, session.table(asset))


def would_land(platform: Platform, table: TableId) -> Replayed:
    """The same for code that serves no agent."""
    from assets.kinds.replay import replay

    return replay(platform.lake, plan_of(platform, table), "", datetime.now(UTC), dry_run=True)


@tool("quality.replay", effect="write_data")
def replay_rows(session: Session, asset: str) -> Applied:
    """Land the rows in quarantine that pass the table's rules now, each once; undone where a blocking rule fails."""
    return apply(session, asset, plan_of(session.platform, session.table(asset), by=session.agent, why=session.goal))


@tool("quality.held", effect="read")
def held(session: Session, asset: str) -> list[dict[str, Any]]:
    """Why rows of a table are in quarantine: by rule and reason how many, since when, examples with masked values."""
    return reasons(session.platform, session.table(asset))


def reasons(platform: Platform, table: TableId) -> list[dict[str, Any]]:
    """The same for code that serves no agent."""
    from assets.kinds.quarantine import quarantine_id
    from assets.kinds.quarantine_page import reasons as why

    lake = platform.lake
    if not lake.exists(quarantine_id(table)) and not lake.exists(table):
        raise TableNotFound(f"{table.asset} is not in the {table.environment} lake", fix="materialize it first")
    return why(lake, table)


def declared(platform: Platform, table: TableId) -> Table | Extension:
    """What the spec says of an asset in this environment. Raises SpecError where no product holds it."""
    from pydantic import TypeAdapter

    entry = entry_in(platform, table.environment, table.asset)
    if not entry:
        raise SpecError(f"no product holds {table.asset}", fix="see the assets with adp catalog")
    kind: type[Table | Extension] = Extension if "asset" in entry else Table
    spec = TypeAdapter(kind).validate_python(entry)
    return replace(spec, rules=promised(spec.contract, spec.rules))


def plan_of(
    platform: Platform,
    table: TableId,
    repairs: Mapping[str, Repair] | None = None,
    *,
    by: str = "",
    why: str = "",
    only: frozenset[str] | None = None,
) -> Plan:
    """A replay of a table's quarantine, or of `only` these rows of it, under the rules of now."""
    from assets.kinds.judging import Sieve, quarantining
    from assets.kinds.replay import Plan

    spec = declared(platform, table)
    key = spec.key if isinstance(spec, Table) else ()
    watermark = spec.source.watermark if isinstance(spec, Table) and spec.source else None
    split = Sieve(quarantining(spec.rules), str(table), datetime.now(UTC)).split
    return Plan(table, split, key, watermark, repairs or {}, by, why, only)


def apply(session: Session, asset: str, plan: Plan) -> Applied:
    """Replay, judge the table, and take all back where a rule that blocks fails; shown on the asset's page."""
    from assets.kinds.quarantine import quarantined
    from assets.kinds.replay import replay

    lake = session.platform.lake
    former = lake.snapshot(plan.table)
    done = replay(lake, plan, session.platform.run_id or session.goal, datetime.now(UTC))
    moved = done.rows_landed or done.rows_superseded
    refused, back = judged(session, asset, former.version) if former and moved else ((), "")
    if refused:
        done = replace(done, rows_landed=0, rows_superseded=0, rows_kept=done.rows_checked)
    numbers = {"rows replayed": done.rows_landed, "rows superseded in quarantine": done.rows_superseded}
    show(session, plan.table, {**numbers, "rows in quarantine": quarantined(lake, plan.table)}, back)
    return Applied(done, refused, back)


def judged(session: Session, asset: str, former: int) -> tuple[tuple[str, ...], str]:
    """The blocking checks that the table fails as it stands; if there are any, the former version is restored."""
    from assets.kinds.judging import judge, refused
    from assets.kinds.running import take_back

    lake, table = session.platform.lake, session.table(asset)
    bad = refused(judge(lake, table, declared(session.platform, table).rules, str(table), datetime.now(UTC)))
    return tuple(bad), take_back(lake, table, former) if bad else ""


def show(session: Session, table: TableId, numbers: Mapping[str, int], words: str = "") -> None:
    """Tell Dagster what changed in a table, and in its quarantine, outside of a refresh."""
    from assets.kinds.quarantine_page import held_events

    if any(numbers.values()):
        lake = session.platform.lake
        session.orchestrator.observe(table, {**numbers, "dagster/row_count": lake.rows(table)}, words)
        for event in held_events(lake, table):
            session.orchestrator.observe(TableId(*event.asset_key.path), event.metadata, words)
