"""Which columns hold keys of other tables: by what they are called and by what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.kinds.rules.columns import Column, columns_of
from assets.kinds.rules.session import session

if TYPE_CHECKING:
    import duckdb

    from assets.kinds.rules.reading import Dataset

_CONTAINED = 0.95
_KEYLIKE = frozenset({"integer", "text"})
_SUFFIXES = frozenset({"id", "key", "no", "nr", "num", "number", "code", "ref", "fk", "sk", "uuid", "guid", "pk"})


@dataclass(frozen=True, slots=True)
class Reference:
    """`column` holds values of `ref_column` of `table` (`layer/name`); `share` of its distinct values are there.

    Of its `rows` that hold a value, `lost` hold one that is not there.
    """

    column: str
    table: str
    ref_column: str
    share: float = 1.0
    lost: int = 0
    rows: int = 0


def find_references(datasets: Mapping[str, Dataset]) -> dict[str, tuple[Reference, ...]]:
    """For each table by name (`layer/name`), its references to the others.

    A reference needs a parent column without repeats, a name that points to it, and 95 % of the values contained.
    """
    schemas = {name: columns_of(dataset.schema) for name, dataset in datasets.items()}
    found: dict[str, tuple[Reference, ...]] = {}
    with session() as con:
        views = {name: f"d{i}" for i, name in enumerate(datasets)}
        for name, dataset in datasets.items():
            con.register(views[name], dataset)
        parents = {name: _unique_columns(con, views[name], schemas[name]) for name in datasets}
        for name in datasets:
            one = [
                Reference(column.name, other, key.name, *counted)
                for column in schemas[name].values()
                for other, keys in parents.items()
                for key in keys
                if other != name
                and column.family == key.family
                and _points_to(column.name, other, key.name)
                and (counted := _contained(con, (views[name], column), (views[other], key)))[0] >= _CONTAINED
            ]
            found[name] = _best(one)
    return found


def _unique_columns(con: duckdb.DuckDBPyConnection, view: str, columns: Mapping[str, Column]) -> list[Column]:
    candidates = [c for c in columns.values() if c.family in _KEYLIKE and not c.name.startswith("_")]
    if not candidates:
        return []
    asked = ", ".join(f"count({c.sql}), approx_count_distinct({c.sql})" for c in candidates)
    row = con.execute(f"SELECT {asked} FROM {view}").fetchall()[0]
    near = [c for i, c in enumerate(candidates) if row[2 * i] and row[2 * i + 1] >= 0.9 * row[2 * i]]
    return [c for c in near if _is_unique(con, view, c)]


def _is_unique(con: duckdb.DuckDBPyConnection, view: str, column: Column) -> bool:
    sql = (
        f"SELECT count(n), coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {view} WHERE {column.present} GROUP BY "
    )
    distinct, rows = con.execute(f"{sql}{column.sql})").fetchall()[0]
    return distinct >= 0.98 * int(rows) > 0


def _contained(
    con: duckdb.DuckDBPyConnection, child: tuple[str, Column], parent: tuple[str, Column]
) -> tuple[float, int, int]:
    """The share of distinct values that the parent has, the rows with another value, and the rows with any."""
    (view, column), (other, key) = child, parent
    total, inside, rows, found = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE there), sum(n), coalesce(sum(n) FILTER (WHERE there), 0) "
        f"FROM (SELECT n, v IN (SELECT {key.sql} FROM {other}) AS there "
        f"FROM (SELECT {column.sql} AS v, count(*) AS n FROM {view} WHERE {column.present} GROUP BY v))"
    ).fetchall()[0]
    return (inside / total, int(rows - found), int(rows)) if total else (0.0, 0, 0)


def _points_to(column: str, table: str, key: str) -> bool:
    """Whether a column's name says it holds this key: `customer_id` and `id` of customers, or the same name twice."""
    words, key_words = _words(column), _words(key)
    stem = [word for word in words if word not in _SUFFIXES]
    entity = {_singular(word) for word in _words(table.rpartition("/")[2])}
    key_stem = [word for word in key_words if word not in _SUFFIXES]
    if not stem or words == ["id"]:
        return False
    if stem == key_stem and words[-1] in _SUFFIXES:
        return True
    about = {_singular(word) for word in stem}
    return not (set(map(_singular, key_stem)) - entity) and any(_same(a, e) for a in about for e in entity)


def _words(name: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()) if w]


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + instead
    return word


def _same(a: str, b: str) -> bool:
    return a == b or (min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a)))


def _best(references: list[Reference]) -> tuple[Reference, ...]:
    """One reference for a column: the fullest, then the first by name."""
    best: dict[str, Reference] = {}
    for one in sorted(references, key=lambda r: (-r.share, r.table, r.ref_column)):
        best.setdefault(one.column, one)
    return tuple(best[name] for name in sorted(best))
