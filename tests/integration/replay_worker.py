"""A refresh under changed rules in a process of its own: replay, load, sweep. What `test_kill_replay` kills."""

from __future__ import annotations

import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from agents.core.catalog import TableId
from assets.kinds.judging import Sieve
from assets.kinds.landing import land
from assets.kinds.quarantine import sweep
from assets.kinds.replay import Plan, replay
from assets.kinds.spec import Rule, RuleMeta
from resources.lake import Lake
from tests.integration.ingest_worker import NOW, reader, source_rows, spec

TABLE = TableId("dev", "bronze", "orders")


def sieve(allowed: str) -> Sieve:
    """The rule that a value matches a pattern."""
    rule = Rule(
        "expect_column_values_to_match_regex", {"column": "v", "regex": allowed}, RuleMeta("quarantine", allowed)
    )
    return Sieve([rule], "test", NOW)


def run(root: str, days: int, keyed: bool, allowed: str, pipe: Connection) -> None:
    """Refresh once under the rule; says when it begins and that it ended."""
    tempfile.tempdir = str(Path(root).parent)  # what a killed process leaves goes with the test's folder
    lake, table, rows = Lake({"dev": root}), spec(keyed=keyed), source_rows(days, keyed=keyed)
    pipe.send("begins")
    if lake.exists(TABLE):
        done = replay(lake, Plan(TABLE, sieve(allowed).split, table.key, "at"), "run", NOW)
        assert done.rows_checked == done.rows_landed + done.rows_superseded + done.rows_kept
        sweep(lake, TABLE, sieve(allowed).split, "run", NOW, "at")
    land(lake, reader(rows), table, "dev", run_id="run", split=sieve(allowed).split, now=NOW)
    pipe.send("done")
