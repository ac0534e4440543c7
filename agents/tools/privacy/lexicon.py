"""Word lists that ship beside the code: sections of words, as text a person can add to."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def sections(file: str) -> dict[str, tuple[str, ...]]:
    """The words of each `[section]` of a list, in its order; lines that start with # are notes."""
    made: dict[str, list[str]] = {}
    words: list[str] = []
    for line in resources.files("agents.tools.privacy").joinpath(file).read_text("utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            words = made.setdefault(line[1:-1], [])
        elif not line.startswith("#"):
            words += line.split()
    return {name: tuple(listed) for name, listed in made.items()}
