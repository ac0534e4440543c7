"""Tools that repair wrong cells, in a table and in its quarantine, as detection proposes; and take repairs back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.registry import tool
from agents.tools.proposing import ask
from agents.tools.replaying import Applied, apply, judged, plan_of, show
from agents.tools.session import Session
from agents.tools.wrong_rows import PROVEN, Proposals, Wrong, proposals
from resources.platform import Platform

if TYPE_CHECKING:
    from assets.kinds.replay import Repair


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did: rows changed in the table, what came back from quarantine, what failed and was taken back.

    `asked` counts by column the proposals that wait for people, `waiting` is their name.
    """

    proposals: Mapping[str, Any]
    rows_repaired: int
    replay: Mapping[str, Any]
    failed: tuple[str, ...] = ()
    back: str = ""
    waiting: str = ""

    def to_json(self) -> dict[str, Any]:
        """For outputs and reports."""
        found = {**self.proposals, "rows_repaired": self.rows_repaired, "replay": dict(self.replay)}
        return {
            **found,
            "waiting": self.waiting,
            **({"failed": list(self.failed)} if self.failed else {}),
            **({"back": self.back} if self.back else {}),
        }


@tool("quality.suggest", effect="read")
def suggest(session: Session, asset: str, at_least: float = PROVEN) -> Proposals:
    """The cells of a table and its quarantine that are probably wrong, and the repairs that are sure enough."""
    return proposals(session.platform, session.table(asset), at_least)


@tool("quality.mend", effect="write_data")
def mend(session: Session, asset: str, at_least: float = PROVEN) -> Mended:
    """Make the repairs that are sure enough, each logged before and after; undone where a blocking rule then fails.

    What is likely and not sure is kept beside the table, for people to look at and accept.
    """
    from assets.kinds.repairs import repair

    platform, table = session.platform, session.table(asset)
    found = proposals(platform, table, at_least)
    base, run, now = found.base, platform.run_id or session.goal, datetime.now(UTC)
    fixes = [row.repair(base.schema) for row in found.sure(held=False)]
    made = repair(platform.lake, table, base, fixes, run, now, session.agent) if fixes else []
    failed, back = judged(session, asset, base.version) if made else ((), "")
    held, applied = found.sure(held=True), Applied(_nothing(platform, table))
    if held and not failed:
        repairs = {row.name: _whole(row, found) for row in held}
        applied = apply(session, asset, plan_of(platform, table, repairs, by=session.agent, why=session.goal))
    asked, waiting = ask(session, table, found, {} if failed else dict(made))
    rows = 0 if failed else len(made)
    show(session, table, {"rows repaired": rows}, back)
    return Mended({**found.to_json(), "asked": asked}, rows, applied.to_json(), failed, back, waiting)


@tool("quality.undo", effect="write_data")
def undo(session: Session, asset: str) -> dict[str, int]:
    """Take the last repair of a table back; what changed since stays as it is."""
    from assets.kinds.repairs import undo as take_back

    table = session.table(asset)
    run = session.platform.run_id or session.goal
    done, left = take_back(session.platform.lake, table, run, datetime.now(UTC), session.agent)
    show(session, table, {"rows undone": done})
    return {"rows_undone": done, "rows_changed_since": left}


def _nothing(platform: Platform, table: TableId) -> Any:
    from assets.kinds.quarantine import quarantined
    from assets.kinds.replay import Replayed

    held = quarantined(platform.lake, table)
    return replace(Replayed(), rows_checked=held, rows_kept=held)


def _whole(row: Wrong, found: Proposals) -> Repair:
    """A row of quarantine with what is sure of it."""
    import orjson

    from assets.kinds.replay import Repair

    change = row.repair(found.base.schema)
    return Repair(orjson.dumps({**orjson.loads(row.line), **change.values}).decode(), change.why, change.confidence)
