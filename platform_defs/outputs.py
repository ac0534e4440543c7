"""What a command writes: never over what it reads, never two things into one file."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import typer


def refuse_overwriting(source: Path, outputs: dict[str, Path | None]) -> None:
    """Wrong use where an output (by its option) is the input or another output, however the paths are spelled.

    Symbolic and hard links, `..` and letter case where the disk ignores it are looked through.
    """
    named = {option: path for option, path in outputs.items() if path is not None}
    for option, path in named.items():
        if _same(source, path):
            raise typer.BadParameter(f"{option} {path} is the input, which would be lost; name another file")
    for (one, path), (other, second) in combinations(named.items(), 2):
        if _same(path, second):
            raise typer.BadParameter(f"{one} and {other} are one file, {path}; name two")


def _same(one: Path, other: Path) -> bool:
    try:
        if one.samefile(other):
            return True
    except OSError:  # one is not there yet: its name alone can tell
        pass
    return one.resolve() == other.resolve()
