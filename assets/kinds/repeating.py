"""Repairs hold when their rows come again: a row that is sent as it was before its repair is repaired on its way.

Without that a full reload, and the repeated edge of an incremental one, would silently bring the wrong cells back. What
comes otherwise than it was is the source's new word: it lands as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from assets.kinds.exchange import Exchange, own_columns
from assets.kinds.moves import LANDED, REPAIRED, UNDONE, log_id, moves_of
from assets.kinds.quarantine import rows_as_json
from assets.kinds.row_json import typed_rows
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake


@dataclass(slots=True)
class Repeats:
    """The repairs of a table that are in force. `probe` is a column by which most rows are seen to need none."""

    total: int = 0
    exchange: Exchange | None = None
    probe: str = ""
    values: pa.Array | None = None

    @property
    def done(self) -> int:
        """Rows that were repaired again."""
        return self.exchange.done.total() if self.exchange else 0

    def again(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its rows as they were repaired."""
        if self.exchange is None or not self._may_hold(batch):
            return batch
        return self.exchange.change(batch) or batch

    def told(self, *, whole: bool) -> dict[str, int]:
        """For metadata. After a load of the whole source also the repairs whose rows came otherwise, or no more."""
        numbers = {"rows repaired again": self.done, "repairs overwritten by the source": self.total - self.done}
        return {name: count for name, count in numbers.items() if count and (whole or "again" in name)}

    def _may_hold(self, batch: pa.RecordBatch) -> bool:
        import pyarrow.compute as pc

        if not self.probe or self.values is None:
            return True
        found = pc.call_function("is_in", [batch.column(self.probe)], pc.SetLookupOptions(value_set=self.values))
        return bool(pc.call_function("any", [found]).as_py())


def repeats(lake: Lake, table: TableId, schema: pa.Schema) -> Repeats:
    """What is to be repaired again among rows of `schema`; nothing where the table was never repaired."""
    import pyarrow as pa

    made = _in_force(lake, table)
    if not made:
        return Repeats()
    own = pa.schema([field for field in schema if field.name in own_columns(schema)])
    old, new = (typed_rows([line[side] for line in made], own) for side in (0, 1))
    fit = [n for n in range(len(made)) if n not in old[1] and n not in new[1]]
    before, after = rows_as_json(old[0]), rows_as_json(new[0])
    wanted: dict[str, list[str | None]] = {}
    for n in fit:
        wanted.setdefault(before[n], []).append(after[n])
    probe = _probe(old[0].take(pa.array(fit, pa.int64())))
    return Repeats(len(made), Exchange(wanted), probe, old[0].column(probe) if probe else None)


def _in_force(lake: Lake, table: TableId) -> list[tuple[str, str]]:
    """Rows as they came and as they are to be, one repair after the other taken together; undone ones left out."""
    log, moves = log_id(table), moves_of(lake, table)
    if not moves or not lake.exists(log):
        return []
    here = f"list_contains({sorted(moves)}::BIGINT[], _left)"
    with engine() as db:
        db.register("log", lake.dataset(log))
        undone = f"SELECT _batch FROM log WHERE _outcome = '{UNDONE}' AND {here}"
        found = db.execute(
            f"SELECT row, after FROM log WHERE {here} AND after IS NOT NULL AND _outcome IN ('{REPAIRED}', '{LANDED}')"
            f" AND ('undo ' || _left) NOT IN ({undone}) ORDER BY _left"
        ).fetchall()
    chains: list[list[str]] = []
    ends: dict[str, list[int]] = {}
    for before, after in found:
        if known := ends.get(before):
            place = known.pop()
            chains[place][1] = after
        else:
            place = len(chains)
            chains.append([before, after])
        ends.setdefault(after, []).append(place)
    return [(before, after) for before, after in chains if before != after]


def _probe(rows: pa.RecordBatch) -> str:
    """The text or whole number that tells these rows apart best, null in none; empty where there is none."""
    import pyarrow.compute as pc
    import pyarrow.types as pat

    kinds = {field.name: field.type for field in rows.schema if not rows.column(field.name).null_count}
    names = [name for name, kind in kinds.items() if pat.is_integer(kind) or pat.is_string(kind)]
    counts = {name: pc.call_function("count_distinct", [rows.column(name)]).as_py() for name in names}
    return max(counts, key=lambda name: counts[name], default="")
