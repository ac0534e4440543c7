"""Make the repairs that are sure enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.core.errors import SchemaMismatch
from agents.tools.detection.findings import SURE, Finding, Findings

if TYPE_CHECKING:
    import pyarrow as pa


def repaired(table: pa.Table, findings: Findings, *, at_least: float = SURE) -> pa.Table:
    """The table with every repair made that is at least this likely to be right; schema and all other cells as before.

    A repair to the empty text is null where the column is not text. One that the column's type cannot hold is
    left out. Raises SchemaMismatch when the findings are of another table.
    """
    if findings.rows != table.num_rows or findings.columns != tuple(table.column_names):
        raise SchemaMismatch("the findings are of another table", fix="detect on the table that is to be repaired")
    by_place: dict[int, list[Finding]] = {}
    for cell in findings.sure(at_least):
        by_place.setdefault(cell.place, []).append(cell)
    for place, cells in by_place.items():
        table = table.set_column(place, table.schema.field(place), _replaced(table.column(place), cells))
    return table


def _replaced(column: pa.ChunkedArray, cells: list[Finding]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = [(cell.row, *_typed(cell.repair or "", column.type)) for cell in cells]
    changes = sorted((row, value) for row, fits, value in found if fits)
    if not changes:
        return column
    mask = pa.array([False] * len(column)).to_numpy(zero_copy_only=False).copy()
    mask[[row for row, _ in changes]] = True
    values = pa.array([value for _, value in changes], column.type)
    replace: Any = vars(pc)["replace_with_mask"]  # made while pyarrow loads: unknown to the type checker
    return pa.chunked_array([replace(column.combine_chunks(), pa.array(mask), values)])


def _typed(text: str, kind: pa.DataType) -> tuple[bool, object]:
    """The repair as a value of the column's type, and whether it is one."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return True, text
    if not text:
        return True, None
    try:
        return True, pa.scalar(text, pa.string()).cast(kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False, None
