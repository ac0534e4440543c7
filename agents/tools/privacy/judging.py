"""What a column holds, by what was found in its cells."""

from __future__ import annotations

from agents.tools.privacy.found import ColumnScan
from agents.tools.privacy.tally import Tally

_NOT_PERSONAL = ("DATE_TIME", "UUID", "US_DRIVER_LICENSE", "US_BANK_NUMBER")


def judge(tally: Tally) -> ColumnScan:
    """The likeliest type, or none."""
    if not tally.cells:
        return ColumnScan(False, confidence=1.0, reason="no cell has a value")
    seen = {
        kind: (tally.whole[kind] + tally.inside[kind]) / tally.cells
        for kind in {*tally.whole, *tally.inside}
        if kind not in _NOT_PERSONAL
    }
    if not seen or max(seen.values()) < 0.002:
        return ColumnScan(False, confidence=0.7, reason="nothing personal was found in its cells")
    kind = max(seen, key=lambda name: seen[name])
    return ColumnScan(True, kind, 0.7, seen[kind], tally.examples(), f"{seen[kind]:.1%} of the cells hold it")
