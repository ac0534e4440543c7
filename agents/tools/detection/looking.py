"""Detection on a lake table: all of it, or an even sample with its error stated; values masked where they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.tools.detection.detecting import detect
from agents.tools.detection.findings import Finding, Findings
from agents.tools.profiling.sampling import sample_of
from assets.kinds.rules.masking import shape, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.kinds.rules.evaluate import Dataset

MOST_CELLS = 3_000_000
"""A table with more cells is sampled: seconds of work and a few hundred megabytes."""
_EXAMPLES = 5
_CATEGORY = 50


@dataclass(frozen=True, slots=True)
class Look:
    """What detection found on a table of `rows` rows.

    `findings` are on `seen`, the rows looked at in the table's order: every `step`-th, so a finding's row times `step`
    is its row in the table. `error` is the 95 % error of a share of rows found there, 0 when all were looked at. Of
    `personal` columns no more than the form of a value is shown.
    """

    rows: int
    step: int
    error: float
    findings: Findings
    seen: pa.Table
    personal: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Counts and a few examples a column, as they may be shown: text as its form unless it is a plain category."""
        columns: dict[str, list[Finding]] = {}
        for cell in self.findings:
            columns.setdefault(self.findings.label(cell), []).append(cell)
        return {
            "rows": self.rows,
            "looked_at": self.seen.num_rows,
            "share_error": round(self.error, 5),
            "cells": len(self.findings),
            "sure_repairs": len(self.findings.sure()),
            "columns": {name: self._column(cells) for name, cells in columns.items()},
        }

    def _column(self, cells: list[Finding]) -> Mapping[str, Any]:
        values = self.seen.column(cells[0].place)
        distinct = len(values.unique()) if _hashable(values.type) else _CATEGORY + 1
        category = distinct <= min(_CATEGORY, 0.05 * len(values))

        def show(value: Any) -> str:
            return shape(str(value)) if values_hidden else shown(value, category=category)

        values_hidden = self.seen.column_names[cells[0].place] in self.personal
        reasons = Counter(kind_of(cell.reason) for cell in cells)
        surest = sorted(cells, key=lambda cell: (-cell.confidence, cell.row))[:_EXAMPLES]
        return {
            "cells": len(cells),
            "reasons": dict(reasons.most_common(5)),
            "examples": [
                {
                    "row": cell.row * self.step,
                    "value": show(values[cell.row].as_py()),
                    "repair": None if cell.repair is None else show(cell.repair),
                    "confidence": round(cell.confidence, 3),
                    "reason": cell.reason,
                }
                for cell in surest
            ],
        }


def look(dataset: Dataset, rows: int, *, most_cells: int = MOST_CELLS, personal: frozenset[str] = frozenset()) -> Look:
    """Detect on a dataset; sampled evenly where it has more cells than may be looked at.

    Of `personal` columns no more than the form of a value is shown.
    """
    wanted = max(1, most_cells // max(1, len(dataset.schema)))
    step = max(1, -(-rows // wanted))
    seen = sample_of(dataset, rows, wanted)
    error = 0.0 if step == 1 else 0.98 / max(1, seen.num_rows) ** 0.5
    return Look(rows, step, error, detect(seen), seen, personal)


def kind_of(reason: str) -> str:
    """A reason without its numbers, so that like reasons are counted together."""
    return " ".join("N" if word[:1].isdigit() else word for word in reason.split("; ")[0].split())


def _hashable(kind: pa.DataType) -> bool:
    from pyarrow import types

    return not types.is_nested(kind)
