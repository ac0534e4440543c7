"""How well anomalies in time are found on the Numenta Anomaly Benchmark, against a trailing z-score in the same run.

`python -m benchmarks.bench_anomalies`, where ADP_BENCH_DATA (default `../shared/data`) has `timeseries` with `data/`,
`labels/` and its scorer `score_nab.py`, prints `nab` (standard profile: 0 is silence, 100 perfect),
`false_alarms_per_1k`, `window_recall`, the peer's `zscore_nab`, and `points_per_s`.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from agents.tools.anomalies import find_anomalies

WINDOW, LIMITS, REST = 288, (3.0, 4.0, 5.0, 6.0), 150


def trailing_zscore(values: np.ndarray, limit: float) -> list[int]:
    """Points so many deviations from the mean of the last `WINDOW`, with a rest after each, as ours has."""
    flags: list[int] = []
    for index in range(WINDOW, len(values)):
        past = values[index - WINDOW : index]
        if (not flags or index - flags[-1] >= REST) and abs(values[index] - past.mean()) > limit * (past.std() + 1e-9):
            flags.append(index)
    return flags


def read(folder: Path) -> dict[str, tuple[list[str], list[float], list[float]]]:
    """Each series by its name: timestamps as written, seconds, values."""
    found: dict[str, tuple[list[str], list[float], list[float]]] = {}
    for path in sorted((folder / "data").glob("*/*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        written = [row["timestamp"] for row in rows]
        seconds = [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in written]
        found[f"{path.parent.name}/{path.name}"] = (written, seconds, [float(row["value"]) for row in rows])
    return found


def scorer(folder: Path) -> Any:
    """The benchmark's own scorer."""
    spec = importlib.util.spec_from_file_location("score_nab", folder / "score_nab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Print the figures."""
    folder = Path(os.environ.get("ADP_BENCH_DATA", "../shared/data")) / "timeseries"
    if not (folder / "score_nab.py").is_file():
        sys.exit("set ADP_BENCH_DATA to a folder with timeseries/score_nab.py, timeseries/data and timeseries/labels")
    series, score = read(folder), scorer(folder).score

    def scored(flags: dict[str, list[int]]) -> dict[str, Any]:
        named = {name: {series[name][0][index][:19] for index in found} for name, found in flags.items()}
        return score(str(folder), named, files=set(series))

    start = time.perf_counter()
    ours = {name: [each.index for each in find_anomalies(times, values)] for name, (_, times, values) in series.items()}
    spent = time.perf_counter() - start
    result = scored(ours)
    arrays = {name: np.array(values) for name, (_, _, values) in series.items()}
    peers = [scored({name: trailing_zscore(v, limit) for name, v in arrays.items()}) for limit in LIMITS]
    peer = max(peers, key=lambda found: found["standard"])
    print(f"nab={result['standard']}")  # noqa: T201
    print(f"false_alarms_per_1k={result['false_alarms_per_1k']}")  # noqa: T201
    print(f"window_recall={result['window_recall']}")  # noqa: T201
    print(f"zscore_nab={peer['standard']} zscore_false_alarms_per_1k={peer['false_alarms_per_1k']}")  # noqa: T201
    print(f"points_per_s={sum(map(len, arrays.values())) / spent:.0f}")  # noqa: T201


if __name__ == "__main__":
    main()
