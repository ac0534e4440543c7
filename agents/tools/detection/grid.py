"""A table as detection sees it: text cells, each distinct value of a column once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agents.tools.detection.quantities import Quantity, quantities

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

LONGEST = 2_000
"""Characters of a cell that are looked at: a page of text has no format, and its end tells no more than its start."""


@dataclass(frozen=True)
class Column:
    """One column: `codes` gives each row the position of its value in `values`, `counts` how many rows have it."""

    name: str
    place: int
    codes: np.ndarray[Any, Any]
    values: list[str]
    counts: np.ndarray[Any, Any]
    cut: frozenset[int] = field(default_factory=frozenset[int])
    """Codes of values longer than what is looked at: they are judged, never rewritten."""

    @cached_property
    def _order(self) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.argsort(self.codes, kind="stable")

    @cached_property
    def _starts(self) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.concatenate([[0], np.cumsum(self.counts)])

    def rows_of(self, code: int) -> np.ndarray[Any, Any]:
        """The rows that hold a value, ascending."""
        return self._order[self._starts[code] : self._starts[code + 1]]

    def text(self, row: int) -> str:
        """The value in a row."""
        return self.values[int(self.codes[row])]

    @cached_property
    def numbers(self) -> list[Quantity | None]:
        """Each distinct value as a number with its unit, where the column has such."""
        return quantities(self.values)

    @cached_property
    def code_of(self) -> dict[str, int]:
        """Position of each distinct value."""
        return {value: code for code, value in enumerate(self.values)}


@dataclass(frozen=True)
class Grid:
    """Columns of equal length."""

    rows: int
    columns: Sequence[Column]


def grid_of(table: pa.Table) -> Grid:
    """Read any Arrow table as text. Null is the empty text; blanks around and runs of blanks are no difference."""
    columns = [_column(table.column(place), name, place) for place, name in enumerate(table.column_names)]
    return Grid(table.num_rows, columns)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text: bytes that are not UTF-8 become U+FFFD, nested values their Python form."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_large_string(kind):
        return column
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        texts = [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _column(data: pa.ChunkedArray, name: str, place: int) -> Column:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = as_text(data).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    whole: list[str | None] = encoded.dictionary.to_pylist()
    codes = pc.fill_null(encoded.indices, len(whole)).to_numpy(zero_copy_only=False).astype(np.int64)
    seen: dict[str, int] = {}
    merged = np.empty(len(whole) + 1, dtype=np.int64)
    cut: set[int] = set()
    for old, value in enumerate([*whole, ""]):
        text = tidy(value or "")
        merged[old] = seen.setdefault(text[:LONGEST], len(seen))
        if len(text) > LONGEST:
            cut.add(int(merged[old]))
    codes = merged[codes]
    values = list(seen)
    counts = np.bincount(codes, minlength=len(values))
    if counts.size and values[-1] == "" and counts[-1] == 0:
        values, counts = values[:-1], counts[:-1]
    return Column(name, place, codes, values, counts, frozenset(cut))


def tidy(text: str) -> str:
    """Blanks around and runs of blanks are no difference."""
    return " ".join(text.split()) if text and (" " in text or not text.isalnum()) else text
