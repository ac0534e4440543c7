"""What becomes of a row of quarantine that breaks no rule: it lands, or another row of its key is in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.kinds.evolution import INGESTED_AT, SOURCE
from assets.kinds.quarantine import DUPLICATE
from resources.lake_rewrite import quoted

if TYPE_CHECKING:
    import duckdb

    from resources.lake_log import Snapshot

HASH = "_row_hash_"


def decide(db: duckdb.DuckDBPyConnection, base: Snapshot, key: tuple[str, ...], watermark: str | None) -> None:
    """From `passing`, `failing` and `held`: tables `outcomes` (row, outcome) and `staying` (row, rule, reason)."""
    if key:
        _by_key(db, base, key, watermark)
    else:
        db.execute(f"CREATE TEMP TABLE outcomes AS SELECT {HASH}, 'landed' AS outcome FROM passing")
    reason = f"another row has the same {', '.join(key)}".replace("'", "''")
    db.execute(
        f"CREATE TEMP TABLE staying AS SELECT {HASH}, _rule, _reason FROM failing UNION ALL "
        f"SELECT {HASH}, '{DUPLICATE}', '{reason}' FROM outcomes WHERE outcome = 'duplicate'"
    )


def _by_key(db: duckdb.DuckDBPyConnection, base: Snapshot, key: tuple[str, ...], watermark: str | None) -> None:
    """Of the rows of a key, and the table's row of it, the one of the latest watermark counts."""
    names = [quoted(name) for name in key]
    mark = f"p.{quoted(watermark)}" if watermark else "NULL::BIGINT"
    order = f"PARTITION BY {', '.join(f'p.{n}' for n in names)} ORDER BY {mark} DESC NULLS LAST, p.{HASH}"
    db.register("t", base.dataset())
    theirs = f"h.{quoted(watermark)}" if watermark else "NULL::BIGINT"
    newest = f", {quoted(watermark)} DESC NULLS LAST" if watermark else ""
    db.execute(
        f"CREATE TEMP TABLE here AS SELECT DISTINCT ON ({', '.join(names)}) t.* FROM t"
        f" SEMI JOIN passing p ON {_same('t', 'p', names)} ORDER BY {', '.join(names)}{newest}"
    )
    others = [quoted(n) for n in base.schema.names if n not in (INGESTED_AT, SOURCE)]
    db.execute(
        "CREATE TEMP TABLE outcomes AS "
        f"WITH ranked AS (SELECT p.*, {mark} AS mark_, row_number() OVER ({order}) AS place_,"
        f" first_value({mark}) OVER ({order}) AS top_ FROM passing p)"
        f" SELECT p.{HASH}, CASE"
        f" WHEN h.there_ AND (mark_ < {theirs} OR (mark_ IS NULL AND {theirs} IS NOT NULL)) THEN 'superseded'"
        " WHEN place_ > 1 AND mark_ IS DISTINCT FROM top_ THEN 'superseded'"
        " WHEN place_ > 1 THEN 'duplicate'"
        f" WHEN h.there_ IS NULL OR mark_ IS DISTINCT FROM {theirs} THEN 'landed'"
        f" WHEN q._rule <> '{DUPLICATE}' AND {_same('p', 'h', others)} THEN 'superseded'"
        " ELSE 'duplicate' END AS outcome"
        f" FROM ranked p LEFT JOIN (SELECT *, TRUE AS there_ FROM here) h ON {_same('p', 'h', names)}"
        f" LEFT JOIN held q ON q._row_hash = p.{HASH}"
    )


def _same(one: str, two: str, names: list[str]) -> str:
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {two}.{name}" for name in names)
