"""Repairs that are likely and not proven: kept for people, looked at, and made as they were seen or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from agents.core.errors import GoalError
from agents.core.registry import tool
from agents.tools.quality import personal_in
from agents.tools.replaying import apply, judged, plan_of, show
from agents.tools.session import Session
from agents.tools.specs import entry_in
from agents.tools.wrong_rows import Proposals, value_of
from resources.lake import Lake
from resources.platform import Platform

if TYPE_CHECKING:
    from agents.tools.detection import Finding
    from assets.kinds.proposals import Proposed
    from assets.kinds.repairs import RowRepair
    from assets.kinds.replay import Repair

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """Proposals of one set that were chosen: all, or those of a column, a kind (words of it), a least confidence."""

    name: str
    cells: tuple[Proposed, ...]

    @property
    def asked(self) -> dict[str, int]:
        """How many cells of which columns."""
        return dict(sorted(Counter(one.column for one in self.cells).items()))

    @property
    def rows(self) -> int:
        """How many rows they are in."""
        return len({one.name for one in self.cells})


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of accepted proposals: `cells` in `rows` rows were chosen; each row was repaired or had changed.

    `landed` came back from quarantine, `stayed` still break a rule there as repaired. `failed` names the blocking
    checks for which it was taken back.
    """

    proposals: str
    cells: Mapping[str, int]
    rows: int
    rows_repaired: int = 0
    rows_changed_since: int = 0
    landed: int = 0
    stayed: int = 0
    failed: tuple[str, ...] = ()
    back: str = ""

    def to_json(self) -> dict[str, Any]:
        """For outputs and reports."""
        return {
            "proposals": self.proposals,
            "cells": dict(self.cells),
            "rows": self.rows,
            "rows_repaired": self.rows_repaired,
            "rows_landed": self.landed,
            "rows_changed_since": self.rows_changed_since,
            "rows_kept": self.stayed,
            **({"failed": list(self.failed), "back": self.back} if self.failed else {}),
        }


@tool("quality.accept", effect="delete")
def accept(
    session: Session, asset: str, proposals: str, columns: Sequence[str] = (), kind: str = "", at_least: float = 0.0
) -> Accepted:
    """Make likely repairs as people saw them: what was there may have been right, so people decide on it first.

    A row that is no longer as it was seen stays as it is. All is taken back where a blocking rule then fails.
    """
    from assets.kinds.proposals import settled

    lake, table = session.platform.lake, session.table(asset)
    chosen = waiting(session.platform, table, proposals, columns, kind, at_least)
    done = _accepted(session, asset, table, chosen)
    if not done.failed:
        kinds = {one.kind for one in chosen.cells}
        settled(lake, table, chosen.name, chosen.asked, kinds, at_least)
    return done


def waiting(
    platform: Platform,
    table: TableId,
    name: str = "",
    columns: Sequence[str] = (),
    kind: str = "",
    at_least: float = 0.0,
) -> Waiting:
    """The proposals of a set, of the newest one where none is named. Raises GoalError where there are none such."""
    from assets.kinds.proposals import proposed, sets

    known = sets(platform.lake, table)
    name = name or (known[-1] if known else "")
    found = proposed(platform.lake, table, name) if name else []
    if not found:
        what = f"no proposals {name} wait" if name else "no proposals wait"
        look = f"look for new ones: adp quality repair {table.asset}"
        raise GoalError(f"{what} for {table.asset}", fix=f"{look}, then: adp quality proposals {table.asset}")
    chosen = [
        one
        for one in found
        if (not columns or one.column in columns)
        and kind.casefold() in one.kind.casefold()
        and one.confidence >= at_least
    ]
    if not chosen:
        of = ", ".join(sorted({one.column for one in found}))
        raise GoalError(f"none of the proposals {name} is so", fix=f"they are of {of}: adp quality proposals")
    return Waiting(name, tuple(chosen))


def ask(session: Session, table: TableId, found: Proposals, made: Mapping[str, str]) -> tuple[dict[str, int], str]:
    """Keep what is likely for people: how many cells of which columns, and the name of the set.

    `made` are rows that were just repaired, as they were and as they are. A row that came back from quarantine is
    left for the next look.
    """
    from assets.kinds.proposals import keep, names_of

    lake = session.platform.lake
    rows = [row for row in found.rows if row.likely]
    inside = [made.get(row.line, row.line) for row in rows if not row.name]
    own = iter(zip(names_of(inside), inside, strict=True))
    held = _standing_in_quarantine(lake, table, {row.name for row in rows if row.name})
    cells: list[Proposed] = []
    for row in rows:
        name, line = (row.name, row.line) if row.name else next(own)
        if not row.name or held.get(name) == line:
            cells += [_proposed(name, line, cell, found) for cell in row.likely]
    run = session.platform.run_id or session.goal
    known = keep(lake, table, cells, run, datetime.now(UTC), session.agent)
    return Waiting(known, tuple(cells)).asked, known


def review(platform: Platform, table: TableId, found: Waiting) -> dict[str, Any]:
    """Proposals for people: by column and kind how many and how sure, with examples that show no more than forms."""
    from assets.kinds.proposals import notes
    from assets.kinds.rules.masking import shape, shown

    said = notes(platform.lake, table, found.name)
    personal = personal_in(entry_in(platform, table.environment, table.asset))
    kinds: dict[tuple[str, str], list[Proposed]] = {}
    for one in found.cells:
        kinds.setdefault((one.column, one.kind), []).append(one)

    def form(line: str, column: str) -> str | None:
        value = _cell(line, column)
        if value is None:
            return None
        return shape(str(value)) if column in personal else shown(value, category=False)

    return {
        "proposals": found.name,
        "rows": found.rows,
        "cells": found.asked,
        "kinds": [
            {
                "column": column,
                "kind": kind,
                "cells": len(cells),
                "confidence": [round(edge(one.confidence for one in cells), 3) for edge in (min, max)],
                "examples": [
                    {"before": form(one.before, column), "after": form(one.after, column), "reason": one.reason}
                    for one in sorted(cells, key=lambda one: (-one.confidence, one.name))[:EXAMPLES]
                ],
                **(
                    {"model": dict(zip(("name", "words"), said[column, kind], strict=True))}
                    if (column, kind) in said
                    else {}
                ),
            }
            for (column, kind), cells in sorted(kinds.items())
        ],
    }


def _proposed(name: str, line: str, cell: Finding, found: Proposals) -> Proposed:
    import orjson

    from agents.tools.detection.looking import kind_of
    from assets.kinds.proposals import Proposed

    after = orjson.dumps({**orjson.loads(line), cell.column: value_of(cell, found.base.schema)}).decode()
    return Proposed(name, line, after, cell.column, kind_of(cell.reason), cell.reason, cell.sure)


def _accepted(session: Session, asset: str, table: TableId, chosen: Waiting) -> Accepted:
    from assets.kinds.repairs import repair, standing

    platform, run, now = session.platform, session.platform.run_id or session.goal, datetime.now(UTC)
    base = platform.lake.snapshot(table)
    rows: dict[str, list[Proposed]] = {}
    for one in chosen.cells:
        rows.setdefault(one.name, []).append(one)
    inside = [_row(cells) for cells in rows.values() if cells[0].in_table]
    same = _unchanged(inside, standing(base, Counter(row.before for row in inside))) if base else []
    made = repair(platform.lake, table, base, same, run, now, session.agent, chosen.name) if base and same else []
    failed, back = judged(session, asset, base.version) if base and made else ((), "")
    if failed:
        show(session, table, {}, back)
        return Accepted(chosen.name, chosen.asked, len(rows), failed=failed, back=back)
    show(session, table, {"rows repaired": len(made)})
    outside = {name: cells for name, cells in rows.items() if not cells[0].in_table}
    held = _standing_in_quarantine(platform.lake, table, set(outside))
    repairs = {name: _held_repair(cells) for name, cells in outside.items() if held.get(name) == cells[0].before}
    gone = len(inside) - len(made) + len(outside) - len(repairs)
    if not repairs:
        return Accepted(chosen.name, chosen.asked, len(rows), len(made), gone)
    plan = plan_of(platform, table, repairs, by=session.agent, why=session.goal, only=frozenset(repairs))
    applied = apply(session, asset, plan)
    landed, superseded = applied.done.rows_landed, applied.done.rows_superseded
    stayed = len(repairs) - landed - superseded
    numbers = (len(rows), len(made), gone + superseded, landed, stayed)
    return Accepted(chosen.name, chosen.asked, *numbers, applied.refused, applied.back)


def _unchanged(rows: Sequence[RowRepair], there: Counter[str]) -> list[RowRepair]:
    """Rows that stand in the table as they were seen; of equal ones no more than it has."""
    left = there.copy()
    found: list[RowRepair] = []
    for row in rows:
        if left[row.before] > 0:
            left[row.before] -= 1
            found.append(row)
    return found


def _row(cells: Sequence[Proposed]) -> RowRepair:
    """One row with all its accepted cells."""
    from assets.kinds.repairs import RowRepair

    values = {one.column: _cell(one.after, one.column) for one in cells}
    why = "; ".join(dict.fromkeys(one.reason for one in cells))
    return RowRepair(cells[0].before, values, why, min(one.confidence for one in cells))


def _held_repair(cells: Sequence[Proposed]) -> Repair:
    import orjson

    from assets.kinds.replay import Repair

    row = _row(cells)
    return Repair(orjson.dumps({**orjson.loads(row.before), **row.values}).decode(), row.why, row.confidence)


def _cell(line: str, column: str) -> Any:
    import orjson

    return orjson.loads(line).get(column)


def _standing_in_quarantine(lake: Lake, table: TableId, names: set[str]) -> dict[str, str]:
    """The rows of these names as they lie in quarantine."""
    from assets.kinds.moves import quarantine_id

    place, found = quarantine_id(table), dict[str, str]()
    if not names or not lake.exists(place):
        return found
    for batch in lake.read(place, columns=["_row_hash", "row"]):
        pairs = zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
        found.update((name, line) for name, line in pairs if name in names)
    return found
