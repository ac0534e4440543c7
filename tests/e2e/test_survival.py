"""Whatever is killed on the way, the goal goes on, and nothing is done twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance

from agents.core.catalog import TableId
from tests.e2e.conftest import Running

PID = re.compile(r"\(pid: (\d+)\)")
CUSTOMERS = TableId("dev", "bronze", "sales_customers")


def processes(*words: str) -> list[int]:
    """Ids of processes whose command line holds all the words."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(int(entry.name))
    return found


def kill(pids: list[int]) -> None:
    assert pids, "nothing to kill"
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def phase_run(running: Running, goal_id: str, attempt: int = 1) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for phase in running.platform.store.phases(goal_id):
            if phase.attempt == attempt and phase.run_id:
                return phase.run_id
        time.sleep(0.2)
    raise AssertionError(f"attempt {attempt} of {goal_id} did not start")


def worker_of(running: Running, run_id: str) -> int:
    """The process that executes a run, once its first step is at work."""
    with DagsterInstance.from_config(str(running.home.dagster)) as instance:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            told = [entry.message for entry in instance.all_logs(run_id)]
            pids = [int(m.group(1)) for m in map(PID.search, told) if m]
            if pids and any('step "pipeline"' in message for message in told):
                return pids[-1]
            time.sleep(0.2)
    raise AssertionError(f"run {run_id} did not start")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc: processes cannot be found")
def test_killing_webserver_daemon_and_worker_loses_and_doubles_nothing(running: Running) -> None:
    state = str(running.home.state)
    goal_id = running.submit("Sync the sales customers table every day and check its quality")
    kill(processes("/adp web", state))
    run_id = phase_run(running, goal_id)
    kill([worker_of(running, run_id)])
    kill(processes("dagster-daemon", state))

    row = running.wait(goal_id, seconds=400)

    assert row.status == "live", row.reason
    assert {phase.attempt: phase.status for phase in running.platform.store.phases(goal_id)} == {
        1: "failed",
        2: "succeeded",
    }
    read = running.outputs(goal_id, "pipeline")[0]
    checked = running.outputs(goal_id, "quality")[0]
    assert running.platform.lake.rows(CUSTOMERS) == checked["rows"]
    import sqlite3

    with sqlite3.connect(running.home.state / "sources" / "sales.sqlite") as source:
        (distinct,) = source.execute('SELECT count(DISTINCT customer_id) FROM "sales.customers"').fetchone()
    assert checked["rows"] <= distinct <= checked["rows"] + checked["rows_quarantined"]
    log = ["git", "-C", str(running.home.specs), "log", "--format=%B", "--", "sqlserver_sales"]
    told = subprocess.run(log, capture_output=True, text=True, check=True).stdout
    assert told.count(f"Goal: {goal_id}") == 2, "one commit for the table, one for its rules"
    assert read["dataset"] == "bronze/sales_customers"
    assert running.client.status(run_id)[0] == "FAILURE"


def test_a_second_deployment_of_the_same_state_says_so(running: Running) -> None:
    env = {**os.environ, "ADP_STATE": str(running.home.state)}
    adp = running.up.args[0]  # type: ignore[index]
    done = subprocess.run([adp, "up"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert running.client.url in done.stderr
    assert "ADP_STATE" in done.stderr
