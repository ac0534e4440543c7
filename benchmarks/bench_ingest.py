"""How fast and in how much memory a PostgreSQL table lands in Delta, against dlt and against reading alone.

`python -m benchmarks.bench_ingest [--no-dlt] [--rows N]` starts a PostgreSQL of its own and prints `name=value` lines:

    vs_dlt      our rows/s by dlt's, the faster of its back ends      (aim 2)
    vs_floor    our rows/s by those of a bare ADBC read               (aim 0.7)
    rss_mb      peak memory of the loading process                    (aim 400)
    growth      seconds a row with four times the rows, by before     (1 is linear)
    rss_growth  peak memory with four times the rows, by before       (1 is flat)

Every figure is the median of fresh processes, run in turn, that measure from their first query to their commit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.integration.servers import postgresql

ROWS, TIMES, REPEATS = 2_000_000, 4, 3
HERE = Path(__file__).resolve().parent
DLT = HERE.parent / ".adp" / "bench" / "dlt"
PACKAGES = ("dlt[deltalake]==1.31.0", "connectorx", "sqlalchemy", "psycopg[binary]", "pandas", "pyarrow")
TABLE = """
CREATE TABLE {name} (id bigint PRIMARY KEY, customer_id integer NOT NULL, amount numeric(12,2), quantity smallint,
  status text, currency char(3), email text, ordered_on date, updated_at timestamptz NOT NULL, paid boolean, note text);
INSERT INTO {name} SELECT n, n * 7919 % 50000, (n * 37 % 1000000) / 100.0, n % 12,
  (ARRAY['new', 'paid', 'shipped', 'cancelled', 'returned'])[n % 5 + 1], (ARRAY['EUR', 'USD', 'GBP'])[n % 3 + 1],
  CASE WHEN n % 50 = 0 THEN NULL ELSE 'customer' || n * 7919 % 50000 || '@example.com' END,
  date '2020-01-01' + (n % 2000)::int, timestamptz '2020-01-01 00:00+00' + n * interval '17 seconds',
  n % 4 <> 0, 'order note ' || md5(n::text) FROM generate_series(1::bigint, {rows}) n;
ANALYZE {name};
"""


def fill(url: str, rows: int) -> None:
    """Two tables, one four times the other's size."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for name, count in (("orders", rows), ("orders_more", rows * TIMES)):
            for statement in TABLE.format(name=name, rows=count).split(";")[:-1]:
                connection.execute(statement.encode())


def read_bare(table: str, folder: Path) -> int:
    """A bare ADBC read: the floor."""
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(os.environ["ADP_BENCH_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return sum(batch.num_rows for batch in cursor.fetch_record_batch())


def read_platform(table: str, folder: Path) -> int:
    """The platform's own read, nothing written."""
    with _sources(folder).read("shop", f"public.{table}") as stream:
        return sum(batch.num_rows for batch in stream)


def land_platform(table: str, folder: Path) -> int:
    """The product's path: source to committed table."""
    from assets.kinds.landing import land
    from assets.kinds.spec import Source, Table
    from resources.lake import Lake

    sources = _sources(folder)
    name = f"public.{table}"
    spec = Table(table, "bronze", source=Source("shop", name, "incremental", "updated_at"), key=("id",))
    lake = Lake({"dev": str(folder / "lake")})
    done = land(
        lake,
        lambda since: sources.read("shop", name, watermark="updated_at", since=since),
        spec,
        "dev",
        run_id="bench",
        now=datetime.now(UTC),
    )
    return done.rows_landed


def _sources(folder: Path) -> Any:
    from resources.sources import Sources

    file = folder / "connections.yaml"
    file.write_text("connections:\n- {name: shop, kind: postgresql, url: '${env:ADP_BENCH_URL}'}\n")
    return Sources(file, os.environ.get)


WORK: dict[str, Callable[[str, Path], int]] = {"bare": read_bare, "read": read_platform, "land": land_platform}


def child(what: str, table: str) -> None:
    """Do one piece of work in this fresh process, imports done before the clock starts."""
    import adbc_driver_postgresql.dbapi
    import deltalake
    import pyarrow.dataset

    _ = adbc_driver_postgresql.dbapi, deltalake, pyarrow.dataset
    with tempfile.TemporaryDirectory(prefix="adp-bench-") as folder:
        started = time.perf_counter()
        rows = WORK[what](table, Path(folder))
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(json.dumps({"rows": rows, "seconds": seconds, "rss_mb": peak}))


def measure(what: str, table: str, url: str) -> dict[str, float]:
    """The figures of one piece of work, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_ingest", "--child", what, "--table", table]
    return _figures(command, url)


def measure_dlt(backend: str, url: str) -> dict[str, float]:
    """The figures of dlt with one of its back ends."""
    with tempfile.TemporaryDirectory(prefix="adp-bench-") as folder:
        environment = {"RUNTIME__DLTHUB_TELEMETRY": "false", "HOME": folder}
        command = [str(DLT / "bin" / "python"), str(HERE / "dlt_peer.py"), backend, folder]
        return _figures(command, url, environment, folder)


def _figures(
    command: list[str], url: str, environment: dict[str, str] | None = None, folder: str | None = None
) -> dict[str, float]:
    full = {**os.environ, "ADP_BENCH_URL": url, **(environment or {})}
    done = subprocess.run(command, env=full, cwd=folder or HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def install_dlt() -> None:
    """dlt in an environment of its own, made once."""
    if (DLT / "installed").exists():
        return
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(DLT)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(DLT / "bin" / "python"), *PACKAGES], check=True)
    (DLT / "installed").touch()


def compare(url: str, rows: int, with_dlt: bool, repeats: int) -> None:
    """Run everything in turn and print the figures."""
    runs: dict[str, list[dict[str, float]]] = {}
    plan: list[tuple[str, Callable[[], dict[str, float]]]] = [
        ("bare", lambda: measure("bare", "orders", url)),
        ("read", lambda: measure("read", "orders", url)),
        ("land", lambda: measure("land", "orders", url)),
        ("land_more", lambda: measure("land", "orders_more", url)),
    ]
    if with_dlt:
        plan += [(f"dlt_{name}", lambda name=name: measure_dlt(name, url)) for name in ("connectorx", "pyarrow")]
    for _ in range(repeats):
        for name, work in plan:
            runs.setdefault(name, []).append(work())
    speed = {name: median(run["rows"] / run["seconds"] for run in many) for name, many in runs.items()}
    memory = {name: max(run["rss_mb"] for run in many) for name, many in runs.items()}
    for name, many in runs.items():
        expected = rows * TIMES if name == "land_more" else rows
        if any(run["rows"] != expected for run in many):
            raise SystemExit(f"{name} gave {[run['rows'] for run in many]} rows, not {expected}")
        _say(f"{name}_rows_per_s={speed[name]:.0f}\n{name}_rss_mb={memory[name]:.0f}")
    if with_dlt:
        _say(f"vs_dlt={speed['land'] / max(speed['dlt_connectorx'], speed['dlt_pyarrow']):.2f}")
    _say(f"vs_floor={speed['land'] / speed['bare']:.2f}")
    _say(f"rss_mb={max(memory['land'], memory['land_more']):.0f}")
    _say(f"growth={speed['land'] / speed['land_more']:.2f}")
    _say(f"rss_growth={memory['land_more'] / memory['land']:.2f}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description="Ingest benchmark: PostgreSQL to Delta")
    parser.add_argument("--no-dlt", action="store_true", help="leave the peer out")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--child", choices=sorted(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--table", default="orders", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.table)
        return
    if not options.no_dlt:
        install_dlt()
    with postgresql() as server:
        fill(server.url, options.rows)
        compare(server.url, options.rows, not options.no_dlt, options.repeats)


if __name__ == "__main__":
    main()
