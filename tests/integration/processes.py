"""Runs one task in several real processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

WORKERS = 3


def at_once(task: str, folder: Path, url: str) -> list[list[str]]:
    """What each worker printed; all of them must end well."""
    command = [sys.executable, "-m", "tests.integration.state_work", task, str(folder), url]
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen([*command, str(worker)], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for worker in range(WORKERS)
    ]
    said = [process.communicate(timeout=120) for process in running]
    for process, (_, errors) in zip(running, said, strict=True):
        assert process.returncode == 0, errors
    return [json.loads(output) for output, _ in said]
