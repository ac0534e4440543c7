"""Finding personal data: what assets need of the scanner while they are materialized."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class PersonalData(ABC):
    """What finds personal data. No value leaves it but as places and types."""

    @abstractmethod
    def columns(self, rows: pa.Table) -> Mapping[str, str]:
        """The type of personal data in each column, empty where there is none."""

    @abstractmethod
    def spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int, str]]]:
        """Where personal data stands in each text: (start, end, type), in order, without overlap."""
