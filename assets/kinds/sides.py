"""Rows beside their table: quarantine and log keep them whole, as JSON, and hold what the table's columns hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.core.catalog import TableId
from assets.kinds.masking.defaults import REDACT
from assets.kinds.rules.masking import shape
from assets.kinds.spec import Column
from resources.personal import Pieces
from resources.production import base_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

    from resources.lake import Lake

LINES = ("row", "after")
TELLING = (*LINES, "_watermark")
"""Columns of a quarantine or log that hold values of its table."""
HIDDEN: Mapping[str, Column] = {name: Column(mask=REDACT) for name in TELLING}
_BATCH = 16_384


def told_of(table: TableId, known: Mapping[str, Column]) -> Mapping[str, Column]:
    """What specs say of a table's columns; of a quarantine or log, that whole rows are shown to nobody unasked."""
    return {**HIDDEN, **known} if base_of(table) else known


def harmless(table: TableId, rows: pads.Dataset) -> pads.Dataset:
    """The rows without what SQL could bring under another name out of sight: of a quarantine, which rule, when, why."""
    import pyarrow as pa

    if base_of(table) is None:
        return rows
    return rows.replace_schema(pa.schema([field for field in rows.schema if field.name not in TELLING]))


def looked_into(lake: Lake, table: TableId) -> pads.Dataset | Lines:
    """What a scan looks at: a table's rows; of a quarantine or log, the rows in it as columns of text."""
    rows = lake.dataset(table)
    names = [name for name in LINES if name in rows.schema.names]
    return rows if base_of(table) is None or not names else Lines(rows, names)


class Lines(Pieces):
    """The rows that stand as JSON in some columns, those of one column after the other's in each batch."""

    def __init__(self, rows: pads.Dataset, names: list[str]) -> None:
        self._rows, self._names = rows, names

    def count_rows(self) -> int:
        """One for each line, whether it holds a row or not."""
        return self._rows.count_rows() * len(self._names)

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """What the lines hold, as columns of text."""
        scanner = self._rows.scanner(
            columns=self._names, batch_size=_BATCH, batch_readahead=1, fragment_readahead=1, use_threads=False
        )
        for batch in scanner.to_batches():
            for column in batch.columns:
                yield from _columns(column.to_pylist())

    def table(self, most: int) -> pa.Table:
        """The first rows in memory, `most` of them; a column that one of them lacks is null there."""
        import pyarrow as pa

        taken, parts = 0, [pa.table({})]
        for batch in self.to_batches():
            parts.append(pa.Table.from_batches([batch]).slice(0, most - taken))
            taken += parts[-1].num_rows
            if taken >= most:
                break
        return pa.concat_tables(parts[1:] or parts, promote_options="default")


def as_forms(rows: pa.Table) -> pa.Table:
    """The rows as they may be shown: of every value of the table no more than its form."""
    import pyarrow as pa

    for place, name in enumerate(rows.column_names):
        if name in LINES:
            lines = [None if line is None else _form(line) for line in rows.column(name).to_pylist()]
            rows = rows.set_column(place, name, pa.array(lines, pa.string()))
        elif name in TELLING:
            texts = [None if text is None else shape(str(text)) for text in rows.column(name).to_pylist()]
            rows = rows.set_column(place, name, pa.array(texts, pa.string()))
    return rows


def columns_in(rows: pa.Table) -> set[str]:
    """The columns that the rows in these rows have."""
    lines = [line for name in LINES if name in rows.column_names for line in rows.column(name).to_pylist()]
    return {name for line in lines if line for name in row_of(line)}


def row_of(line: str) -> dict[str, Any]:
    """A row as JSON; what is no row has no columns."""
    import orjson

    try:
        found: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def forms(line: str) -> dict[str, str | None]:
    """A row of which every value shows its form alone."""
    return {name: None if value is None else shape(str(value)) for name, value in row_of(line).items()}


def _form(line: str) -> str:
    import orjson

    return orjson.dumps(forms(line)).decode()


def _columns(lines: Sequence[str | None]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    found = [row_of(line) if line else {} for line in lines]
    names = dict.fromkeys(name for row in found for name in row)
    if names:
        columns = [pa.array([_text(row.get(name)) for row in found], pa.large_string()) for name in names]
        yield pa.RecordBatch.from_arrays(columns, names=list(names))


def _text(value: Any) -> str | None:
    import orjson

    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
