"""Reading ahead: the source is read by a thread of its own while the rows before are being written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.sources.stream import BatchStream

DEPTH = 2


@contextmanager
def read_ahead(open_stream: Callable[[], BatchStream]) -> Generator[tuple[BatchStream, Iterator[pa.RecordBatch]]]:
    """The stream and its batches, at most two of them read ahead of their use.

    One thread opens, reads and closes the stream (some drivers insist); what it raises is raised here.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        stream = reader.submit(open_stream).result()
        try:
            yield stream, _batches(stream, reader)
        finally:
            reader.submit(stream.close).result()


def _batches(stream: BatchStream, reader: ThreadPoolExecutor) -> Iterator[pa.RecordBatch]:
    source = iter(stream)
    pending: deque[Future[pa.RecordBatch | None]] = deque()
    for _ in range(DEPTH):
        pending.append(reader.submit(next, source, None))
    while (batch := pending.popleft().result()) is not None:
        pending.append(reader.submit(next, source, None))
        yield batch
