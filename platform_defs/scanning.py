"""What finds personal data, for assets and commands: they must not know the tools that do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resources.personal import PersonalData, Pieces

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads


class Scanner(PersonalData):
    """The scanner of `adp privacy`; it is loaded when it is first asked."""

    def columns(self, rows: pa.Table | pads.Dataset) -> Mapping[str, str]:
        """The type of personal data or secret in each column, empty where there is none."""
        from agents.tools.privacy import scan_table

        return {name: column.type if column.pii else "" for name, column in scan_table(rows).columns.items()}

    def spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int, str]]]:
        """Where personal data stands in each text."""
        from agents.tools.privacy import scan_text

        return [[(span.start, span.end, span.type) for span in spans] for spans in scan_text(texts)]


class Counted(Pieces):
    """Rows that say how many of them were read: `say` is told rows done and rows in all, after each batch."""

    def __init__(self, data: Any, say: Callable[[int, int], None]) -> None:
        self._data, self._say = data, say
        self.schema = data.schema if hasattr(data, "schema") else None

    def count_rows(self) -> int:
        """How many rows there are."""
        from agents.tools.privacy.cells import count_rows

        return count_rows(self._data)

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        from agents.tools.privacy.cells import batches

        done, total = 0, self.count_rows()
        self._say(done, total)
        for batch in batches(self._data):
            yield batch
            done += batch.num_rows
            self._say(done, total)
