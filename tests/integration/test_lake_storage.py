"""A storage that is full, read-only or not ours: a clear error, and the lake as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from agents.core.catalog import TableId
from agents.core.errors import StorageFailed
from assets.kinds.landing import land
from assets.kinds.quarantine import quarantined
from resources.lake import Lake
from tests.integration.ingest_worker import NOW, reader, source_rows, spec, split

T = TableId("dev", "bronze", "orders")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def load(root: Path, days: int) -> None:
    rows = source_rows(days, keyed=True)
    land(Lake({"dev": str(root)}), reader(rows), spec(keyed=True), "dev", run_id="run", split=split, now=NOW)


def state(root: Path) -> tuple[int, int, int]:
    lake = Lake({"dev": str(root)})
    return lake.version(T), lake.rows(T), quarantined(lake, T)


def files(root: Path) -> list[str]:
    return sorted(str(path) for path in root.rglob("*"))


def test_a_full_disk_is_said_and_leaves_the_table_readable(small_disk: Path) -> None:
    load(small_disk, 1)
    before, names = state(small_disk), files(small_disk)
    (small_disk / "ballast").write_bytes(
        os.urandom(int(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize))
    )
    with pytest.raises(StorageFailed, match="full") as told:
        load(small_disk, 2)
    assert "free space" in str(told.value)
    (small_disk / "ballast").unlink()
    assert state(small_disk) == before
    assert files(small_disk) == names
    load(small_disk, 2)
    assert state(small_disk)[1] > before[1]


def test_a_disk_that_fills_up_in_the_middle_of_a_load_loses_nothing(small_disk: Path) -> None:
    lake = Lake({"dev": str(small_disk)})
    lake.append(T, pa.table({"id": [1], "noise": [b"x"]}), marks={"watermark": "1"})
    names = files(small_disk)
    noise = (pa.record_batch({"id": [n], "noise": [os.urandom(300_000)]}) for n in range(300))
    with pytest.raises(StorageFailed, match="full"):
        lake.append(T, noise)
    assert files(small_disk) == names
    assert (lake.rows(T), lake.marks(T)) == (1, {"watermark": "1"})


def test_a_read_only_lake_is_said(small_disk: Path) -> None:
    load(small_disk, 1)
    before = state(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for root in (small_disk, small_disk / "new"):
        with pytest.raises(StorageFailed, match="read-only"):
            load(root, 2)
    assert state(small_disk) == before


def test_a_lake_of_somebody_else_is_said() -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tests.integration.test_lake_storage import load\n"
        "load(Path(sys.argv[1]) / 'own', 1)\n"  # imports all that is needed while it may be read
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: load(Path(sys.argv[1]) / 'other', 2)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        root = Path(folder)
        root.chmod(0o755)
        other = root / "other"
        load(other, 1)
        before = state(other)
        _permit(other, 0o555, 0o444)
        done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False)
        _permit(other, 0o755, 0o644)
        assert done.stdout.startswith("StorageFailed"), done.stdout + done.stderr
        assert "does not permit" in done.stdout
        assert state(other) == before


def _permit(root: Path, folder: int, file: int) -> None:
    for path in (root, *root.rglob("*")):
        path.chmod(folder if path.is_dir() else file)
