"""What is left of a table's past: files that no version names, old commits with bounds of values in them.

Deleting rows writes a new version; the rows stay in files of the former ones, and their smallest and largest values in
the commits. Here both go, so that nothing older than the newest version can be read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from resources.lake_files import storage
from resources.lake_log import Snapshot, delta_errors

LOG = "_delta_log"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Data files of a table: `named` by its newest version, `lying` in its folder; `commits` are those of its log."""

    version: int
    named: frozenset[str]
    lying: frozenset[str]
    commits: tuple[int, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing but the newest version is there to be read."""
        return self.lying == self.named and self.commits in ((), (self.version,))


def footprint(snapshot: Snapshot) -> Footprint:
    """What lies in the folder of a table, opened at its newest version."""
    import pyarrow as pa

    named = pa.table(snapshot.delta.get_add_actions()).column("path").to_pylist()
    lying: set[str] = set()
    commits: list[int] = []
    for path in _files(snapshot):
        folder, _, name = path.rpartition("/")
        if folder == LOG:
            if name.endswith(".json") and name.removesuffix(".json").isdigit():
                commits.append(int(name.removesuffix(".json")))
        elif not path.startswith((LOG, "_")) and path.endswith(".parquet"):
            lying.add(path)
    return Footprint(snapshot.version, frozenset(map(unquote, named)), frozenset(lying), tuple(sorted(commits)))


def forget(snapshot: Snapshot) -> int:
    """Delete the log before the newest version, whose checkpoint is written first: a kill leaves a whole table."""
    with delta_errors(snapshot.where):
        snapshot.delta.create_checkpoint()
    newest = f"{snapshot.version:020d}"
    with storage(snapshot.where):
        for path in _files(snapshot, LOG):
            number = path.removeprefix(f"{LOG}/").partition(".")[0]
            if number.isdigit() and number < newest:
                snapshot.files.delete_file(path)
    return snapshot.version


def remove(snapshot: Snapshot) -> int:
    """Delete every file of a table, its log first: half deleted it is no table any more. The number of data files."""
    found = _files(snapshot)
    with storage(snapshot.where):
        for path in sorted(found, key=lambda path: not path.startswith(LOG)):
            snapshot.files.delete_file(path)
    return sum(not path.startswith(LOG) for path in found)


def _files(snapshot: Snapshot, folder: str = "") -> list[str]:
    import pyarrow.fs as pafs

    with storage(snapshot.where):
        found: list[pafs.FileInfo] = snapshot.files.get_file_info(
            pafs.FileSelector(folder, recursive=True, allow_not_found=True)
        )
    return [info.path for info in found if info.type == pafs.FileType.File]
