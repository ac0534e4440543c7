"""A table's rows as Arrow batches, read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agents.core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa


def _nothing() -> None:
    return None


class BatchStream:
    """Record batches of one `schema`, in one pass; close it, or use it with `with`.

    `warnings` lists what could not be read exactly (column and count, never values); complete after the last batch.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Iterator[pa.RecordBatch],
        *,
        close: Callable[[], None] = _nothing,
        warnings: list[str] | None = None,
    ) -> None:
        self.schema = schema
        self.warnings: list[str] = [] if warnings is None else warnings
        self._batches = batches
        self._close = close
        self._closed = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if self._closed:
            raise SourceError("the stream is closed", fix="read the table again")
        return self._batches

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connection; harmless when done twice."""
        if not self._closed:
            self._closed = True
            self._close()


def sliced(batches: Iterator[pa.RecordBatch], batch_rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most `batch_rows`, without a copy; empty batches are left out."""
    for batch in batches:
        for start in range(0, batch.num_rows, batch_rows):
            yield batch.slice(start, batch_rows) if batch.num_rows > batch_rows else batch
