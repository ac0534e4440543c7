"""Long commands say on standard error that they go on, and how far they are."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pyarrow as pa
from typer.testing import CliRunner

from agents.tools.privacy import scan_table
from platform_defs.cli import app
from platform_defs.commands.busy import busy
from platform_defs.scanning import Counted


class Heard(io.StringIO):
    """A stream that can be waited for."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal, self.spoken = terminal, threading.Event()

    def isatty(self) -> bool:
        return self.terminal

    def flush(self) -> None:
        self.spoken.set()


def heard(terminal: bool) -> str:
    stream = Heard(terminal)
    with busy("scanning bronze/t", stream, (0.0, 0.001)) as told:
        told.at(500, 2_000)
        for _ in range(2):
            stream.spoken.clear()
            assert stream.spoken.wait(30)
    return stream.getvalue()


def test_a_log_gets_lines_and_a_terminal_one_line_that_goes_away() -> None:
    lines = heard(terminal=False).splitlines()
    assert lines[-1].startswith("  scanning bronze/t: 500 of 2,000 rows (25%), ")
    assert "\r" not in "".join(lines)
    live = heard(terminal=True)
    assert "\n" not in live
    assert live.endswith("\r\x1b[K")


def test_a_short_command_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,b\n1,2\n")
    told = CliRunner().invoke(app, ["privacy", "scan", str(tmp_path / "f.csv"), "--json"])
    assert told.stderr == ""
    assert list(json.loads(told.stdout)["columns"]) == ["a", "b"]


def test_counting_rows_changes_nothing_of_a_scan() -> None:
    table = pa.table({"mail": [f"p{n}@example.com" for n in range(70_000)], "n": list(range(70_000))})
    seen: list[tuple[int, int]] = []
    found = scan_table(Counted(table, lambda done, total: seen.append((done, total))))
    assert found.to_json() == scan_table(table).to_json()
    assert seen == [(0, 70_000), (65_536, 70_000), (70_000, 70_000)]
