"""Columns of times that follow each other, such as made and changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from agents.tools.profiling.facts import SAMPLE, TABLE, Facts, number_of
from agents.tools.profiling.profile import Ordered
from assets.kinds.rules.columns import TIMES, Column
from assets.kinds.rules.compiled import count_where

if TYPE_CHECKING:
    import duckdb

_MOST_COLUMNS = 12


def ordered_pairs(con: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> tuple[Ordered, ...]:
    """Pairs in order in at least 99 % of rows whose distance is small against the columns' own spread."""
    times = [column for column in columns if column.family in TIMES and not column.name.startswith("_")]
    pairs = list(combinations(times[:_MOST_COLUMNS], 2))
    coupled = _coupled(con, pairs)
    facts = Facts(con, TABLE)
    for i in coupled:
        a, b = (column.sql for column in pairs[i])
        for fact, condition in (("both", "TRUE"), ("after", f"{a} > {b}"), ("before", f"{a} < {b}")):
            there = f"{a} IS NOT NULL AND {b} IS NOT NULL"
            facts.ask(str(i), fact, count_where(f"{there} AND {condition}"))
        facts.ask(str(i), "back", f"median(CASE WHEN {_distance(*pairs[i])} > 0 THEN {_distance(*pairs[i])} END)")
        facts.ask(str(i), "forth", f"median(CASE WHEN {_distance(*pairs[i])} < 0 THEN -{_distance(*pairs[i])} END)")
    found = facts.answer()
    result: list[Ordered] = []
    for i in coupled:
        one = {fact: found[str(i), fact] for fact in ("both", "after", "before", "back", "forth")}
        ordered = _ordered(pairs[i], one["both"], one["after"], one["before"], one["back"] or 0, one["forth"] or 0)
        result.extend([ordered] if ordered else [])
    return tuple(result)


def _ordered(
    pair: tuple[Column, Column], both: int, after: int, before: int, back: float, forth: float
) -> Ordered | None:
    """The order of a pair, unless what contradicts it is the tail of one distribution around zero."""
    a, b = pair
    if both < 100 or after == before:
        return None
    earlier, later, wrong, off, usual = (a, b, after, back, forth) if after < before else (b, a, before, forth, back)
    if wrong > 0.01 * both or (wrong and off < 0.3 * usual):
        return None
    return Ordered(earlier.name, later.name, both, wrong)


def _distance(a: Column, b: Column) -> str:
    return f"({number_of(a)} - {number_of(b)})"


def _coupled(con: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[Column, Column]]) -> list[int]:
    facts = Facts(con, SAMPLE)
    for i, (a, b) in enumerate(pairs):
        for fact, sql in (("a", number_of(a)), ("b", number_of(b)), ("gap", _distance(a, b))):
            facts.ask(str(i), fact, f"quantile_cont({sql}, 0.95) - quantile_cont({sql}, 0.05)")
    found = facts.answer()
    coupled: list[int] = []
    for i in range(len(pairs)):
        a, b, gap = (found[str(i), fact] for fact in ("a", "b", "gap"))
        if None not in (a, b, gap) and min(a, b) > 0 and gap < 0.5 * min(a, b):
            coupled.append(i)
    return coupled
