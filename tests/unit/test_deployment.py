"""Starting on a machine as it is: ports in use, a Python without venv, state that is already served."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from agents.core.errors import ConfigError, Unreachable
from platform_defs import client
from platform_defs.deployment import Process, free_port
from platform_defs.instance import Home, dagster_yaml, prepare, prepare_sample, prepare_specs
from resources.settings import load_settings

ROOT = Path(__file__).parents[2]


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_a_process_that_ignores_the_request_to_stop_is_ended_with_its_children(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, flush=True);"
        "time.sleep(600)"
    )
    process = Process("stubborn", [sys.executable, "-c", script], tmp_path / "log", dict(os.environ), patience=1)
    process.start()
    while not (told := (tmp_path / "log").read_text().strip()):
        time.sleep(0.05)
    process.stop()
    assert process.dead()
    deadline = time.monotonic() + 60
    while running(int(told)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(int(told))


def running(pid: int) -> bool:
    stat_file = Path(f"/proc/{pid}/stat")
    return stat_file.exists() and stat_file.read_text().split()[2] != "Z"


def test_prepare_writes_what_dagster_reads_and_twice_is_once(tmp_path: Path) -> None:
    settings = load_settings({"ADP_STATE": str(tmp_path / "state")}, cwd=tmp_path)
    prepare_specs(settings)
    home = prepare(settings, 4001)
    again = prepare(settings, 4002)
    assert home == again
    assert yaml.safe_load((home.dagster / "dagster.yaml").read_text()) == dagster_yaml(home)
    assert yaml.safe_load(home.workspace.read_text())["load_from"][0]["grpc_server"]["port"] == 4002
    assert (home.specs.parent / ".git").is_dir() or shutil.which("git") is None


def test_the_sample_is_made_once_and_never_over_connections_of_your_own(tmp_path: Path) -> None:
    settings = load_settings({"ADP_STATE": str(tmp_path / "state")}, cwd=tmp_path)
    said: list[str] = []
    prepare_sample(settings, said.append, 0.002)
    prepare_sample(settings, said.append, 0.002)
    assert said == ["Creating the sample sales system"]

    own = tmp_path / "connections.yaml"
    own.write_text("connections: []\n")
    other = load_settings({"ADP_STATE": str(tmp_path / "other"), "ADP_CONNECTIONS": str(own)}, cwd=tmp_path)
    prepare_sample(other, said.append)
    assert len(said) == 1
    assert not (tmp_path / "other" / "sources").exists()


def test_asking_where_nothing_runs_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make up"):
        client.connect(Home(tmp_path))
    with pytest.raises(Unreachable, match="adp up"):
        client.Client(f"http://127.0.0.1:{free_port(0)}", patience=0).ask("query { version }", {})


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_python_without_venv_gets_the_fix(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -m ] && {{ echo "No module named $2" >&2; exit 1; }}\nexec {sys.executable} "$@"\n'
    )
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    done = subprocess.run(
        ["make", "install", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "python3-venv" in done.stderr
    assert not (tmp_path / ".venv").exists()
