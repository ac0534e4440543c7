"""The peer of bench_ingest: the same table into Delta with dlt. Runs in dlt's own environment.

`python dlt_peer.py BACKEND FOLDER`, the database URL in ADP_BENCH_URL; prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path


def main(backend: str, folder: str) -> None:
    """Load the table once; seconds count from the pipeline's start, not from the imports."""
    import deltalake
    import dlt
    from dlt.destinations import filesystem
    from dlt.sources.sql_database import sql_table

    started = time.perf_counter()
    options = {"backend_kwargs": {"return_type": "arrow"}} if backend == "connectorx" else {}
    table = sql_table(
        os.environ["ADP_BENCH_URL"],
        table="orders",
        schema="public",
        backend=backend,
        chunk_size=100_000,
        reflection_level="full",
        **options,
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=f"{folder}/state",
        destination=filesystem(bucket_url=f"file://{folder}/lake"),
        dataset_name="d",
    )
    pipeline.run(table, table_format="delta", loader_file_format="parquet", write_disposition="replace")
    seconds = time.perf_counter() - started
    log = next(Path(folder, "lake").rglob("orders/_delta_log"))
    rows = deltalake.DeltaTable(str(log.parent)).count()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "rss_mb": peak}))  # noqa: T201


main(*sys.argv[1:3])
