"""The kinds of invented tables."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from benchmarks.cells.business import permits, products, quotes, staff
from benchmarks.cells.records import articles, films, persons
from benchmarks.cells.words import Table

KINDS: dict[str, Callable[[Random, int], Table]] = {
    kind.__name__: kind for kind in (articles, films, persons, permits, products, staff, quotes)
}
"""Makers of a clean table of so many rows."""
