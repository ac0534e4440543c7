"""Rows move between a table and its quarantine, exactly once, whenever the process dies.

Each movement has a number. The table's own commit carries the numbers of all that it took part in (mark `moves`), so
rows and numbers can never disagree, not even after the table was restored to an earlier version. Quarantine says in
the same way which movements it reflects: where the two differ, `settle_moves` makes quarantine follow the table.

sweep    rows are written to quarantine with the number, then one commit of the table leaves them out
replay   rows are written to the log with the number, then one commit of the table takes them in, then quarantine
         leaves them out; the log never forgets, so that what a restored table lost is in quarantine again
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from agents.core.catalog import TableId
from agents.core.errors import WriteConflict
from resources.lake_rewrite import engine

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from resources.lake import Lake
    from resources.lake_write import Write

MOVES_MARK = "moves"  # of a table: the movements that its rows went through; of a quarantine: those it reflects
LAST_MARK = "last_move"  # of quarantine and log: the highest number that was ever given
LOG = ".log"  # no name of a declared table holds a dot
LANDED, SUPERSEDED, REPAIRED, UNDONE, PARKED = "landed", "superseded", "repaired", "undone", "parked"
PROPOSED, NOTED = "proposed", "noted"  # in the log, no movements: a repair that waits for people, words on such
TRIES = 8
ROWS = 16_384
_SQL_TYPES = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE"}


def quarantine_id(table: TableId) -> TableId:
    """The quarantine table of a table; its name holds the layer, so that two layers never meet."""
    return TableId(table.environment, "quarantine", f"{table.layer}_{table.name}")


def log_id(table: TableId) -> TableId:
    """The log of rows that left a table's quarantine or were repaired: what they were, what became of them, why."""
    place = quarantine_id(table)
    return place._replace(name=place.name + LOG)


def sides_of(table: TableId) -> tuple[TableId, TableId]:
    """Where rows of a table lie outside of it, as JSON: in its quarantine and in its log. Neither need be there."""
    return quarantine_id(table), log_id(table)


def quarantine_schema() -> pa.Schema:
    """The columns of every quarantine table; `row` is the row as JSON, values that JSON lacks as text.

    `_watermark` is the row's watermark as text, where its table has one; `_move` the sweep that brought it.
    """
    import pyarrow as pa

    texts = [pa.field(name, pa.string()) for name in ("_rule", "_reason", "_batch", "_run_id")]
    moment = pa.field("_quarantined_at", pa.timestamp("us", "UTC"))
    row = [pa.field("_row_hash", pa.string()), pa.field("row", pa.string())]
    return pa.schema([*texts, moment, *row, pa.field("_watermark", pa.string()), pa.field("_move", pa.int64())])


def log_schema() -> pa.Schema:
    """Quarantine's columns, and: which movement, when, by which run and whom, what became of the row, the row after.

    `_column` is named by a proposed repair alone: it is of one cell.
    """
    import pyarrow as pa

    own = [pa.field("_left", pa.int64()), pa.field("_left_at", pa.timestamp("us", "UTC"))]
    texts = [pa.field(name, pa.string()) for name in ("_left_run", "_outcome", "_by", "_why", "after")]
    last = [pa.field("_confidence", pa.float64()), pa.field("_column", pa.string())]
    return pa.schema([*quarantine_schema(), *own, *texts, *last])


def selected(base: pa.Schema, wanted: pa.Schema, alias: str) -> str:
    """SQL for the wanted columns of a table that may be of an earlier shape: what it lacks is null."""
    known = set(base.names)
    return ", ".join(
        f'{alias}."{field.name}"'
        if field.name in known
        else f'CAST(NULL AS {_SQL_TYPES.get(str(field.type), "TIMESTAMPTZ")}) AS "{field.name}"'
        for field in wanted
    )


def moves_of(lake: Lake, place: TableId) -> frozenset[int]:
    """The movements that a table, or a quarantine, says to reflect."""
    found: set[int] = set()
    for part in filter(None, lake.marks(place).get(MOVES_MARK, "").split(",")):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)


def moves_text(moves: Collection[int]) -> str:
    """`1-5,8`: the mark for these movements."""
    runs: list[list[int]] = []
    for number in sorted(moves):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def next_move(lake: Lake, table: TableId) -> int:
    """A number that no movement of the table has had, whatever became of it."""
    given = [int(lake.marks(place).get(LAST_MARK) or 0) for place in (quarantine_id(table), log_id(table))]
    return 1 + max([0, *given, *moves_of(lake, table)])


def settle_moves(lake: Lake, table: TableId) -> None:
    """Make quarantine what the table's movements say: ends what a dead process began, or takes it back.

    Called before a table and its quarantine are changed, after each movement, and after a table was restored. Where
    nothing is to be done it looks at two logs.
    """
    place = quarantine_id(table)
    if not lake.exists(place) or _agreed(lake, table):
        return
    retried(lambda: _park(lake, table))
    retried(lambda: _follow(lake, table))


def _agreed(lake: Lake, table: TableId) -> bool:
    """Whether quarantine reflects the table's movements, and no sweep of it was left unfinished."""
    place, moves = quarantine_id(table), moves_of(lake, table)
    begun = int(lake.marks(place).get(LAST_MARK) or 0)
    return moves_of(lake, place) == moves and (not begun or begun in moves or not _unfinished(lake, place, moves))


def _unfinished(lake: Lake, place: TableId, moves: Collection[int]) -> bool:
    if "_move" not in lake.schema(place).names:
        return False
    with engine() as db:
        db.register("held", lake.dataset(place))
        return bool(db.execute(f"SELECT count(*) FROM held WHERE {_late(moves)}").fetchall()[0][0])


def _late(moves: Collection[int]) -> str:
    """SQL: the row was swept by a movement that the table did not make."""
    return f"(_move IS NOT NULL AND NOT list_contains({sorted(moves)}::BIGINT[], _move))"


def _park(lake: Lake, table: TableId) -> None:
    """Keep in the log what quarantine is to lose because its sweep is not, or no longer, the table's."""
    place, log = quarantine_id(table), log_id(table)
    held = lake.dataset(place)
    if "_move" not in held.schema.names:
        return
    with engine() as db, lake.write(log, log_schema(), "park") as write:
        db.register("held", held)
        known = ""
        if write.base is not None:
            db.register("log", write.base.dataset())
            known = (
                f" ANTI JOIN (SELECT * FROM log WHERE _outcome = '{PARKED}') k"
                " ON h._row_hash = k._row_hash AND h._move = k._move"
            )
        columns = selected(held.schema, write.schema, "h").replace(
            'CAST(NULL AS VARCHAR) AS "_outcome"', f"'{PARKED}' AS \"_outcome\""
        )
        rows = f"SELECT * FROM held WHERE {_late(moves_of(lake, table))}"
        put_query(db, write, f"SELECT {columns} FROM ({rows}) h{known}")
        if write.rows:
            write.append({})


def _follow(lake: Lake, table: TableId) -> None:
    """One commit of quarantine: rows of replays leave or come back, rows of sweeps too, as the table has it."""
    place, log, moves = quarantine_id(table), log_id(table), moves_of(lake, table)
    with engine() as db, lake.write(place, quarantine_schema(), "settle") as write:
        assert write.base is not None
        db.register("held", write.base.dataset())
        db.execute(f"CREATE TEMP TABLE h AS SELECT {selected(write.base.schema, write.schema, 'h')} FROM held h")
        new, gone = _lists(lake, place, moves)
        rest = f"SELECT * FROM h WHERE NOT {_late(moves)}"
        if lake.exists(log):
            db.register("log", lake.dataset(log))
            left = f"SELECT _row_hash FROM log WHERE list_contains({new}, _left)"
            back = (
                f"(list_contains({gone}, _left) AND _outcome IN ('{LANDED}', '{SUPERSEDED}'))"
                f" OR (_outcome = '{PARKED}' AND list_contains({new}, _move))"
            )
            columns = selected(lake.schema(log), write.schema, "l")
            again = (
                f"SELECT {columns} FROM (SELECT DISTINCT ON (_row_hash) * FROM log"
                f" WHERE ({back}) AND NOT {_late(moves)} ORDER BY _row_hash, _left) l"
                " ANTI JOIN h ON l._row_hash = h._row_hash"
            )
            rest = f"SELECT r.* FROM ({rest}) r ANTI JOIN ({left}) x ON r._row_hash = x._row_hash UNION ALL {again}"
        put_query(db, write, rest)
        write.replace_where("TRUE", {MOVES_MARK: moves_text(moves)})


def _lists(lake: Lake, place: TableId, moves: frozenset[int]) -> tuple[str, str]:
    """SQL lists: the movements that quarantine does not reflect yet, and those it reflects no longer rightly."""
    reflected = moves_of(lake, place)
    return f"{sorted(moves - reflected)}::BIGINT[]", f"{sorted(reflected - moves)}::BIGINT[]"


def put_query(db: duckdb.DuckDBPyConnection, write: Write, query: str, values: Mapping[str, str] | None = None) -> None:
    """Hand the rows of a query to a write."""
    rows: pa.RecordBatchReader = db.sql(query, params=dict(values) if values else None).to_arrow_reader(ROWS)
    write.put_all(rows)


def retried(change: Callable[[], None]) -> None:
    """Make a change that depends on nothing but what it reads, again where somebody committed in between."""
    for attempt in range(TRIES):
        try:
            change()
            break
        except WriteConflict:
            if attempt == TRIES - 1:
                raise
