"""Commands that read one file and write another never write over what they read."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from platform_defs.cli import app

CELLS = "a,b\n" + "".join(f"{n},x\n" for n in range(30))
SERIES = "timestamp,value\n" + "".join(f"2026-01-01 00:{n:02d}:00,{n}\n" for n in range(30))


def adp(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["quality", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text(CELLS)
    return path


def spellings(source: Path) -> list[Path]:
    link, hard, folder = (source.with_name(name) for name in ("link.csv", "hard.csv", "folder"))
    link.symlink_to(source)
    os.link(source, hard)
    folder.mkdir()
    return [source, link, hard, folder / ".." / source.name, Path(os.path.relpath(source))]


def test_an_input_is_never_the_output(source: Path, tmp_path: Path) -> None:
    for path in spellings(source):
        for options in (("-o", path), ("-o", tmp_path / "new.csv", "--repaired", path)):
            told = adp("cells", "-i", source, *options)
            assert told.exit_code == 2
            assert "is the input" in re.sub(r"[\s│]+", " ", told.stderr)
    assert source.read_text() == CELLS
    assert not (tmp_path / "new.csv").exists()


def test_a_series_is_never_written_over(source: Path) -> None:
    source.write_text(SERIES)
    for path in spellings(source):
        told = adp("anomalies", "-i", source, "-o", path)
        assert told.exit_code == 2
        assert "is the input" in re.sub(r"[\s│]+", " ", told.stderr)
    assert source.read_text() == SERIES


def test_a_link_that_leads_back_to_the_input_is_seen_before_its_target_exists(tmp_path: Path) -> None:
    loop = tmp_path / "later.csv"
    loop.symlink_to(tmp_path / "missing.csv")
    told = adp("cells", "-i", tmp_path / "missing.csv", "-o", loop)
    assert told.exit_code == 2


def test_two_outputs_are_two_files(source: Path, tmp_path: Path) -> None:
    told = adp("cells", "-i", source, "-o", tmp_path / "one.csv", "--repaired", tmp_path / "." / "one.csv")
    assert told.exit_code == 2
    assert not (tmp_path / "one.csv").exists()
