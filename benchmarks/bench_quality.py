"""How fast and in how much memory twelve rules are checked on a table, against Great Expectations and bare DuckDB.

`python -m benchmarks.bench_quality [--rows N] [--gx-rows N] [--no-gx]` makes a lake of its own and prints `name=value`:

    rows_per_s        rows of the table by seconds for all twelve verdicts    (aim 2,500,000)
    vs_gx             our rows/s by those of Great Expectations on pandas
    vs_floor          the floor's seconds by ours                             (aim 0.33)
    rss_mb            peak memory of the judging process, imports included    (aim 400)
    split_rows_per_s  rows/s through the split that feeds quarantine          (aim 1,500,000)

The floor is bare DuckDB reading the same files and comparing each column once. Great Expectations gets the first
`gx_rows` rows, since 5M need gigabytes there; its rows/s is what it does on those. Reading counts for all, imports for
none. Every figure is the median of fresh processes, run in turn.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from agents.core.catalog import TableId
from assets.kinds.spec import Rule, RuleMeta

ROWS, GX_ROWS, REPEATS, BATCH = 5_000_000, 1_000_000, 3, 65_536
TABLE = TableId("dev", "silver", "orders")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Path(__file__).resolve().parent
ORDERS = """
SELECT n AS id, 'AB-' || lpad(CAST(n AS VARCHAR), 8, '0') AS order_no, CAST(n * 7919 % 50000 AS INTEGER) AS customer_id,
  CASE WHEN n % 100000 = 7 THEN -1.5 ELSE CAST((n * 37 % 1000000) / 100.0 AS DOUBLE) END AS amount,
  CAST((n * 37 % 1000000) / 100.0 AS DECIMAL(12, 2)) AS price, CAST(n % 12 AS SMALLINT) AS quantity,
  ['new', 'paid', 'shipped', 'cancelled', 'returned'][n % 5 + 1] AS status,
  CASE WHEN n % 50 = 0 THEN NULL WHEN n % 10007 = 1 THEN 'customer at example.com'
       ELSE 'customer' || (n * 7919 % 50000) || '@example.com' END AS email,
  DATE '2020-01-01' + CAST(n % 2000 AS INTEGER) AS ordered_on,
  TIMESTAMP '2020-01-01' + INTERVAL (n * 17 % 60000000) SECOND AS created_at,
  TIMESTAMP '2020-01-01'
    + INTERVAL (n * 17 % 60000000 + n % 86400 - CASE WHEN n % 50021 = 1 THEN 90000 ELSE 0 END) SECOND AS updated_at,
  n % 4 <> 0 AS paid
FROM range(1, {rows} + 1) t(n)
"""
FLOOR = """
SELECT count(*), count(*) FILTER (id < 0), count(*) FILTER (order_no < 'A'), count(*) FILTER (customer_id < 0),
  count(*) FILTER (amount < 0), count(*) FILTER (price < 0), count(*) FILTER (quantity > 100),
  count(*) FILTER (status = ''), count(*) FILTER (email IS NULL), count(*) FILTER (ordered_on < DATE '2000-01-01'),
  count(*) FILTER (created_at < TIMESTAMP '2000-01-01'), count(*) FILTER (updated_at < created_at),
  count(*) FILTER (paid)
FROM read_parquet(?)
"""
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"


def rules() -> list[Rule]:
    """Twelve rules over twelve columns: rows, values, texts, a regular expression, a pair, a key, a mean."""
    values, hard, soft = "expect_column_values_to_", RuleMeta("quarantine", "benchmark"), RuleMeta()
    states = ["new", "paid", "shipped", "cancelled", "returned"]
    email = r"^[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+$"
    return [
        Rule(f"{values}not_be_null", {"column": "customer_id"}, hard),
        Rule(f"{values}be_unique", {"column": "id"}, soft),
        Rule(f"{values}be_between", {"column": "amount", "min_value": 0, "max_value": 100000}, hard),
        Rule(f"{values}be_between", {"column": "price", "min_value": 0}, hard),
        Rule(f"{values}be_between", {"column": "quantity", "min_value": 0, "max_value": 100}, hard),
        Rule(f"{values}be_in_set", {"column": "status", "value_set": states}, hard),
        Rule(f"{values}match_regex", {"column": "email", "regex": email}, hard),
        Rule(f"{values}not_be_null", {"column": "email", "mostly": 0.9}, soft),
        Rule("expect_column_value_lengths_to_equal", {"column": "order_no", "value": 11}, hard),
        Rule(_PAIR, {"column_A": "updated_at", "column_B": "created_at", "or_equal": True}, hard),
        Rule(f"{values}be_in_set", {"column": "paid", "value_set": [True, False]}, hard),
        Rule("expect_column_mean_to_be_between", {"column": "amount", "min_value": 1000, "max_value": 9000}, soft),
    ]


def fill(folder: Path, rows: int) -> None:
    """The table, written as every table of the platform is."""
    import duckdb

    stream = duckdb.sql(ORDERS.format(rows=rows)).to_arrow_reader(100_000)
    _lake(folder).overwrite(TABLE, stream)


def _lake(folder: Path) -> Any:
    from resources.lake import Lake

    return Lake({"dev": str(folder)})


def _files(folder: Path) -> list[str]:
    return [str(path) for path in sorted((folder / TABLE.layer / TABLE.name).glob("*.parquet"))]


def judge_platform(folder: Path, rows: int) -> list[int]:
    """The product's path from the lake to verdicts."""
    from assets.kinds.judging import judge

    found = judge(_lake(folder), TABLE, rules(), "bench", NOW)
    return [result.unexpected_count for result in found.values()]


def split_platform(folder: Path, rows: int) -> list[int]:
    """The split alone, on batches that are there already."""
    from assets.kinds.rules import RuleSet

    table = _lake(folder).dataset(TABLE).head(min(rows, GX_ROWS)).combine_chunks()
    chosen = RuleSet(rules(), table.schema)
    started = time.perf_counter()
    bad = [chosen.split(batch, now=NOW)[1] for batch in table.to_batches(max_chunksize=BATCH)]
    seconds = time.perf_counter() - started
    return [sum(b.num_rows for b in bad if b is not None), round(1e6 * seconds), table.num_rows]


def judge_duckdb(folder: Path, rows: int) -> list[int]:
    """Bare DuckDB: the floor."""
    import duckdb

    return list(duckdb.execute(FLOOR, [_files(folder)]).fetchall()[0])


def judge_gx(folder: Path, rows: int) -> list[int]:
    """Great Expectations on pandas, one suite."""
    import great_expectations as gx
    import pyarrow.dataset as pads

    frame = pads.dataset(_files(folder)).head(rows).to_pandas()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
    kinds = ["".join(word.title() for word in rule.type.split("_")) for rule in rules()]
    suite = gx.ExpectationSuite("s")
    for kind, rule in zip(kinds, rules(), strict=True):
        suite.add_expectation(getattr(gx.expectations, kind)(**rule.kwargs))
    found = batch.validate(suite, result_format="SUMMARY")
    return [int(result.result.get("unexpected_count", 0)) for result in found.results]


WORK: dict[str, Callable[[Path, int], list[int]]] = {
    "ours": judge_platform,
    "split": split_platform,
    "floor": judge_duckdb,
    "gx": judge_gx,
}


def child(what: str, folder: Path, rows: int) -> None:
    """Do one piece of work in this fresh process, imports done before the clock starts."""
    import deltalake
    import duckdb
    import pyarrow.dataset

    import assets.kinds.judging
    import assets.kinds.rules
    import resources.lake

    _ = deltalake, duckdb, pyarrow.dataset, assets.kinds.judging, assets.kinds.rules, resources.lake
    if what == "gx":
        import great_expectations as gx

        _ = gx.expectations, gx.ExpectationSuite
    started = time.perf_counter()
    found = WORK[what](folder, rows)
    seconds = time.perf_counter() - started
    if what == "split":
        seconds, rows = found[1] / 1e6, found[2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(json.dumps({"rows": rows, "seconds": seconds, "rss_mb": peak, "found": found}))


def measure(what: str, folder: Path, rows: int) -> dict[str, Any]:
    """The figures of one piece of work, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_quality", "--child", what, str(folder), "--rows", str(rows)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(folder: Path, rows: int, gx_rows: int, repeats: int) -> None:
    """Run everything in turn and print the figures."""
    plan = {"floor": rows, "ours": rows, "split": rows, **({"gx": min(gx_rows, rows)} if gx_rows else {})}
    runs: dict[str, list[dict[str, Any]]] = {what: [] for what in plan}
    for _ in range(repeats):
        for what, count in plan.items():
            runs[what].append(measure(what, folder, count))
    speed = {what: median(run["rows"] / run["seconds"] for run in many) for what, many in runs.items()}
    memory = {what: max(run["rss_mb"] for run in many) for what, many in runs.items()}
    _say(f"rows={rows}\nfloor_rows_per_s={speed['floor']:.0f}\nfloor_rss_mb={memory['floor']:.0f}")
    if gx_rows:
        _say(f"gx_rows={plan['gx']}\ngx_rows_per_s={speed['gx']:.0f}\ngx_rss_mb={memory['gx']:.0f}")
    _say(f"split_rows_per_s={speed['split']:.0f}")
    _say(f"rows_per_s={speed['ours']:.0f}")
    if gx_rows:
        _say(f"vs_gx={speed['ours'] / speed['gx']:.2f}")
    _say(f"vs_floor={speed['ours'] / speed['floor']:.2f}\nrss_mb={memory['ours']:.0f}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description="Quality benchmark: twelve rules on a table")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--gx-rows", type=int, default=GX_ROWS)
    parser.add_argument("--no-gx", action="store_true", help="leave the peer out")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--child", nargs=2, metavar=("WORK", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], Path(options.child[1]), options.rows)
        return
    with tempfile.TemporaryDirectory(prefix="adp-bench-") as folder:
        fill(Path(folder), options.rows)
        compare(Path(folder), options.rows, 0 if options.no_gx else options.gx_rows, options.repeats)


if __name__ == "__main__":
    main()
