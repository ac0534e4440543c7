"""Lengths of time, in hours and minutes, among others that are in minutes alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agents.tools.detection.evidence import Sign, Suspect, of_value

if TYPE_CHECKING:
    import numpy as np

    from agents.tools.detection.grid import Column

_HOURS = r"(?P<h>\d{1,3})\s*(?:h|hrs?|hours?)\.?"
_MINUTES = r"(?P<m>\d{1,3})\s*(?:m|mins?|minutes?)\.?"
_MIXED = re.compile(rf"{_HOURS}(?:[\s,]*(?:and\s+)?{_MINUTES})?", re.IGNORECASE)
_ALONE = re.compile(r"(?P<n>\d{1,4})(?P<unit>\s*(?:m|mins?|minutes?)\.?)", re.IGNORECASE)


def other_durations(column: Column, missing: np.ndarray[Any, Any]) -> Iterator[Suspect]:
    """Durations with hours where most are in minutes, and the other way round."""
    mixed: dict[int, int] = {}
    alone: dict[int, int] = {}
    units: Counter[str] = Counter()
    for code, value in enumerate(column.values):
        if missing[code] or len(value) > 30:
            continue
        if found := _MIXED.fullmatch(value):
            mixed[code] = 60 * int(found["h"]) + int(found["m"] or 0)
        elif found := _ALONE.fullmatch(value):
            alone[code] = int(found["n"])
            units[found["unit"]] += int(column.counts[code])
    rows = {name: sum(int(column.counts[c]) for c in codes) for name, codes in (("mixed", mixed), ("alone", alone))}
    total = int(column.counts[~missing].sum())
    if not mixed or not alone or rows["mixed"] + rows["alone"] < 0.6 * total or total < 20:
        return
    if rows["mixed"] <= rows["alone"]:
        unit = units.most_common(1)[0][0]
        for code, minutes in mixed.items():
            reason = "in hours, where the column is in minutes"
            yield of_value(column, code, Sign(0.92, reason, f"{minutes}{unit}", 0.95))
    else:
        for code in alone:
            yield of_value(column, code, Sign(0.85, "in minutes alone, where the column has hours"))
