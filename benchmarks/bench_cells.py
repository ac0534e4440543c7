"""How well and how fast wrong cells are found, beside a simple detector on the same tables.

`python -m benchmarks.bench_cells` prints the mean F1 over invented tables with several kinds of dirt at several rates,
what repairs are worth, how many cells of clean tables are flagged, and cells a second at two sizes: `growth` is the
time a cell takes at 100,000 rows over that at 50,000, 1 is linear. Where ADP_BENCH_DATA (default `../shared/data`) has
`quality/<set>/{dirty,clean}.csv`, those sets are measured too.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from random import Random
from statistics import mean

import pyarrow as pa

from agents.tools.detection import Findings, detect
from benchmarks.cells.dirt import soil, swap_columns
from benchmarks.cells.peer import flags
from benchmarks.cells.score import Cell, Score, score
from benchmarks.cells.tables import KINDS
from benchmarks.cells.words import Table
from platform_defs.cells import read_csv

ROWS = 1000
SEEDS = (101, 102)
RATES = (0.02, 0.06, 0.15)
SIZES = (50_000, 100_000)


def repairs(findings: Findings) -> dict[Cell, str | None]:
    """Findings as the score takes them."""
    return {(cell.row, cell.place): cell.repair for cell in findings}


def invented() -> None:
    """Quality on invented tables, dirty and clean."""
    ours: list[Score] = []
    peer: list[Score] = []
    sure: list[tuple[int, Score]] = []
    false: list[float] = []
    for kind, make in KINDS.items():
        found: list[Score] = []
        for seed in SEEDS:
            clean = make(Random(seed), ROWS)
            false.append(1000 * len(detect(pa.table(clean))) / (ROWS * len(clean)))
            for rate in RATES:
                dirty = soiled(clean, seed, rate)
                findings = detect(pa.table(dirty))
                found.append(score(clean, dirty, repairs(findings)))
                peer.append(score(clean, dirty, flags(dirty)))
                sure.append((len(findings.sure()), score(clean, dirty, repairs(findings.sure()))))
        tell(f"f1_{kind}", mean(one.f1 for one in found))
        ours += found
    made = max(1, sum(count for count, _ in sure))
    tell("f1", mean(one.f1 for one in ours))
    tell("peer_f1", mean(one.f1 for one in peer))
    tell("repair_f1", mean(one.repair_f1 for one in ours))
    tell("sure_repair_precision", sum(count * one.repair_precision for count, one in sure) / made)
    tell("harm_share", mean(one.harm for _, one in sure), 6)
    tell("clean_flags_per_1000_cells", mean(false))


def soiled(clean: Table, seed: int, rate: float) -> Table:
    """A dirty copy."""
    rng = Random(1000 * seed + int(1000 * rate))
    dirty, wrong = soil(rng, clean, rate)
    swap_columns(rng, clean, dirty, wrong, 0.005)
    return dirty


def real(folder: Path) -> None:
    """Quality on sets of dirty and clean files."""
    found: dict[str, Score] = {}
    for path in sorted(folder.glob("*/dirty.csv")):
        dirty, clean = read_csv(path), read_csv(path.with_name("clean.csv"))
        right = clean.rename_columns([str(place) for place in range(clean.num_columns)])
        wrong = dirty.rename_columns(right.column_names)
        findings, name = detect(dirty), path.parent.name
        found[name] = score(right.to_pydict(), wrong.to_pydict(), repairs(findings))
        sure = score(right.to_pydict(), wrong.to_pydict(), repairs(findings.sure()))
        tell(f"f1_{name}", found[name].f1)
        tell(f"peer_f1_{name}", score(right.to_pydict(), wrong.to_pydict(), flags(wrong.to_pydict())).f1)
        tell(f"repair_f1_{name}", found[name].repair_f1)
        tell(f"sure_repair_precision_{name}", sure.repair_precision)
        tell(f"harm_share_{name}", sure.harm, 6)
    if found:
        tell("f1_sets", mean(one.f1 for one in found.values()))
        tell("repair_f1_sets", mean(one.repair_f1 for one in found.values()))


def speed() -> None:
    """Cells a second of processor time, of one core, on a table of fifteen columns with 5 % dirt."""
    took: list[float] = []
    for rows in SIZES:
        rng = Random(7)
        clean = KINDS["permits"](rng, rows)
        clean["note"] = [rng.choice(("urgent", "normal", "late", "")) for _ in range(rows)]
        table = pa.table(soil(rng, clean, 0.05)[0])
        started = time.process_time()
        detect(table)
        took.append((time.process_time() - started) / (rows * table.num_columns))
        tell(f"cells_per_s_{rows // 1000}k", 1 / took[-1], 0)
        tell(f"seconds_{rows // 1000}k_x_{table.num_columns}", took[-1] * rows * table.num_columns, 1)
    tell("growth", took[1] / took[0], 2)


def tell(name: str, value: float, digits: int = 3) -> None:
    """One figure."""
    print(f"{name}={value:.{digits}f}")  # noqa: T201


def main() -> None:
    """All figures."""
    invented()
    folder = Path(os.environ.get("ADP_BENCH_DATA", "../shared/data"), "quality")
    if folder.is_dir():
        real(folder)
    else:
        sys.stderr.write(f"no {folder}: the invented tables alone\n")
    speed()


if __name__ == "__main__":
    main()
