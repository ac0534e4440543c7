"""Repairs that wait for people: kept in the table's log as they were found, so that what is accepted is what was seen.

They are cells, each with its row as it was and as it would be. A set of them is named by what it holds: the same
proposals have the same name, however often they are found. The log is where values of rows may lie: whoever erases,
masks or retains rows there reaches these too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from assets.kinds.moves import NOTED, PROPOSED, log_id, log_schema, retried, selected
from assets.kinds.quarantine import row_hash
from assets.kinds.repairs import IN_TABLE
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake

SETS = 5
"""So many sets of proposals are kept, the newest."""
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Proposed:
    """One cell. `name` says which row: one of quarantine by its name there, one of the table by its content.

    `before` and `after` are the row as JSON; `kind` is the reason without its numbers.
    """

    name: str
    before: str
    after: str
    column: str
    kind: str
    reason: str
    confidence: float

    @property
    def in_table(self) -> bool:
        """Whether the row is one of the table, not of its quarantine."""
        return self.name.startswith(IN_TABLE)


def names_of(lines: Iterable[str]) -> list[str]:
    """Names of rows of a table: by their content, equal rows told apart by a number."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for line in lines:
        seen[line] += 1
        names.append(f"{IN_TABLE}{row_hash(line)}:{seen[line]}")
    return names


def set_of(found: Sequence[Proposed]) -> str:
    """The name of a set of proposals: `P-` and a digest of what it holds."""
    mark = hashlib.sha256()
    for one in sorted(found, key=lambda each: (each.name, each.column, each.after)):
        mark.update(f"{one.name}\0{one.column}\0{one.after}\0".encode())
    return f"P-{mark.hexdigest()[:12]}"


def keep(lake: Lake, table: TableId, found: Sequence[Proposed], run_id: str, now: datetime, by: str) -> str:
    """Put a set of proposals into the table's log, once, and let go of old sets; its name, empty where it is empty."""
    if not found:
        return ""
    name = set_of(found)
    known = sets(lake, table)
    if name in known:
        return name

    def put() -> None:
        with lake.write(log_id(table), log_schema(), "propose") as write:
            for start in range(0, len(found), _BATCH):
                write.put(_rows(found[start : start + _BATCH], name, run_id, now, by))
            write.append({"run_id": run_id})

    retried(put)
    for old in known[: max(0, len(known) + 1 - SETS)]:
        _remove(lake, table, (PROPOSED, NOTED), f"_batch = '{old}'")
    return name


def sets(lake: Lake, table: TableId) -> list[str]:
    """The names of the sets that are kept, oldest first."""
    log = log_id(table)
    if not lake.exists(log):
        return []
    with engine() as db:
        db.register("log", lake.dataset(log))
        names = db.execute(
            f"SELECT _batch FROM log WHERE _outcome = '{PROPOSED}' GROUP BY _batch ORDER BY min(_left_at), _batch"
        ).fetchall()
    return [str(name) for (name,) in names]


def proposed(lake: Lake, table: TableId, name: str) -> list[Proposed]:
    """The proposals of a set that are left, none where it is not kept (any more)."""
    log = log_id(table)
    if not lake.exists(log):
        return []
    with engine() as db:
        db.register("log", lake.dataset(log))
        columns = selected(lake.schema(log), log_schema(), "l")
        found = db.execute(
            "SELECT _row_hash, row, after, _column, _rule, _reason, _confidence"
            f" FROM (SELECT {columns} FROM log l) WHERE _outcome = '{PROPOSED}' AND _batch = $name"
            " ORDER BY _row_hash, _column",
            {"name": name},
        ).fetchall()
    return [Proposed(*one) for one in found]


def settled(lake: Lake, table: TableId, name: str, columns: Iterable[str], kinds: Iterable[str], least: float) -> None:
    """Let go of those proposals of a set that were decided: of these columns and kinds, and at least this sure."""
    chosen = f"_column IN ({_texts(columns)}) AND _rule IN ({_texts(kinds)}) AND _confidence >= {float(least)}"
    _remove(lake, table, (PROPOSED,), f"_batch = {_texts([name])} AND {chosen}")


def note(
    lake: Lake, table: TableId, name: str, said: Mapping[tuple[str, str], str], run_id: str, now: datetime, by: str
) -> None:
    """Keep words on a set of proposals, by column and kind, in place of earlier ones."""
    import pyarrow as pa

    if not said:
        return
    shared: dict[str, Any] = {"_batch": name, "_run_id": run_id, "_left_at": now, "_left_run": run_id, "_by": by}
    own = [
        {"_outcome": NOTED, "_column": column, "_rule": kind, "_reason": text} for (column, kind), text in said.items()
    ]
    rows = pa.RecordBatch.from_pylist([{**shared, **each} for each in own], schema=log_schema())

    def put() -> None:
        with lake.write(log_id(table), log_schema(), "note") as write:
            write.put(rows)
            write.replace_where(f"_outcome = '{NOTED}' AND _batch = {_texts([name])}", {"run_id": run_id})

    retried(put)


def notes(lake: Lake, table: TableId, name: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Words on a set of proposals, by column and kind: whose, and what."""
    log = log_id(table)
    if not lake.exists(log):
        return {}
    with engine() as db:
        db.register("log", lake.dataset(log))
        columns = selected(lake.schema(log), log_schema(), "l")
        found = db.execute(
            f"SELECT _column, _rule, _by, _reason FROM (SELECT {columns} FROM log l)"
            f" WHERE _outcome = '{NOTED}' AND _batch = $name",
            {"name": name},
        ).fetchall()
    return {(column, kind): (by, text) for column, kind, by, text in found}


def _remove(lake: Lake, table: TableId, outcomes: Iterable[str], which: str) -> None:
    retried(lambda: _deleted(lake, table, f"_outcome IN ({_texts(outcomes)}) AND {which}"))


def _deleted(lake: Lake, table: TableId, which: str) -> None:
    lake.delete(log_id(table), which)


def _texts(values: Iterable[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _rows(found: Sequence[Proposed], name: str, run_id: str, now: datetime, by: str) -> pa.RecordBatch:
    import pyarrow as pa

    shared: dict[str, Any] = {"_batch": name, "_run_id": run_id, "_left_at": now, "_left_run": run_id, "_by": by}
    own = [
        {
            "_rule": one.kind,
            "_reason": one.reason,
            "_row_hash": one.name,
            "row": one.before,
            "_outcome": PROPOSED,
            "_why": one.reason,
            "after": one.after,
            "_confidence": one.confidence,
            "_column": one.column,
        }
        for one in found
    ]
    return pa.RecordBatch.from_pylist([{**shared, **each} for each in own], schema=log_schema())
