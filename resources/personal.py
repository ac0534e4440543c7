"""Finding personal data: what assets need of the scanner while they are materialized."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads


class Pieces(ABC):
    """Rows made while they are read; which columns there are shows only then."""

    @abstractmethod
    def count_rows(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; a column that is missing in a batch has no values there."""


class PersonalData(ABC):
    """What finds personal data. No value leaves it but as places and types."""

    @abstractmethod
    def columns(self, rows: pa.Table | pads.Dataset) -> Mapping[str, str]:
        """The type of personal data in each column, empty where there is none."""

    @abstractmethod
    def spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int, str]]]:
        """Where personal data stands in each text: (start, end, type), in order, without overlap."""
