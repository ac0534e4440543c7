"""Tables that cannot be profiled: what is wrong with them, in words."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from agents.core.errors import SourceError
from assets.kinds.rules.columns import Column


@contextmanager
def readable() -> Generator[None]:
    """SourceError for a text that is not UTF-8, whoever finds it."""
    import duckdb

    try:
        yield
    except (UnicodeDecodeError, duckdb.InvalidInputException) as error:
        fix = "save it as UTF-8, or mend the encoding where it comes from"
        raise SourceError("a text of the table is not valid UTF-8", fix=fix) from error


def refuse_twins(columns: Iterable[Column]) -> None:
    """SourceError where a name could mean two columns."""
    twice = sorted({column.name for column in columns if column.twice})
    if twice:
        named = ", ".join(map(repr, twice[:5]))
        raise SourceError(f"columns share a name, letter case aside: {named}", fix="rename them where they come from")
