"""What finds personal data, for assets and commands: they must not know the tools that do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from resources.personal import PersonalData

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
