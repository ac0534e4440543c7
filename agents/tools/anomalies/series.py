"""A whole series at once, in the order of its times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from agents.tools.anomalies.watch import Anomaly, Watch

# Sums and differences of values up to here are finite; a judgement does not depend on the unit.
_LARGEST = 1e150


def find_anomalies(times: Sequence[float], values: Sequence[float]) -> list[Anomaly]:
    """The anomalies among points at `times` (seconds, in any order, not unique), by their place in the input.

    Each point is judged from earlier ones alone. NaN is a missing value; an infinite one is an anomaly.
    """
    order = sorted(range(len(times)), key=times.__getitem__)
    finite = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    unit = finite / _LARGEST if finite > _LARGEST else 1.0
    watch = Watch()
    judged = (watch.observe(times[place], values[place] / unit) for place in order)
    return [replace(found, index=order[found.index]) for found in judged if found]
