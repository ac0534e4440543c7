"""Find and read the products of a specs folder.

One broken file never takes the others down: it is left out and becomes a problem, which the asset `platform/specs`, its
check and `adp doctor` show; `dg check yaml` and `check_text`, which runs before an agent's spec is written, refuse it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from assets.kinds.documents import Document, parse_documents, read_documents
from assets.kinds.validation import Checked, check_products

SPEC_FILE = "defs.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a specs folder holds. `foreign` are folders with components of other types, for Dagster's own loader."""

    checked: Checked
    foreign: tuple[Path, ...] = ()

    @property
    def problems(self) -> list[SpecError]:
        """The error of each file that was left out."""
        return self.checked.problems


def load_products(specs_dir: Path, python: Collection[TableId] = ()) -> Loaded:
    """Every product below `specs_dir` that holds together. `python` are the tables of assets people wrote."""
    documents: list[Document] = []
    problems: list[SpecError] = []
    foreign: list[Path] = []
    for path in spec_files(specs_dir):
        try:
            found, other = read_documents(path)
        except SpecError as error:
            problems.append(error)
            continue
        if other and found:
            problems.append(_mixed(path))
            continue
        documents += found
        if other:
            foreign.append(path.parent)
    return Loaded(check_products(documents, python, problems), tuple(foreign))


def check_text(text: str, path: Path, specs_dir: Path, python: Collection[TableId] | None = None) -> None:
    """Raise SpecError when `text`, written to `path`, would break its product or another one.

    `python` as in `load_products`; None when it is not known: then a table nobody declares counts as a Python asset's.
    """
    after, _ = parse_documents(text, path)
    before: list[Document] = []
    others: list[Document] = []
    for other in spec_files(specs_dir):
        try:
            found = read_documents(other)[0]
        except SpecError:  # broken before this text came, and shown as such
            python = None
            continue
        (before if other.resolve() == path.resolve() else others).extend(found)
    unknown = [SpecError("Python assets are not loaded")] if python is None else []
    known = {str(error) for error in check_products([*others, *before], python or (), unknown).problems}
    for error in check_products([*others, *after], python or (), unknown).problems:
        if str(error) not in known:
            raise error


def spec_files(specs_dir: Path) -> Iterator[Path]:
    """Every `defs.yaml` below the folder, in a stable order; hidden folders are skipped."""
    for folder, names, files in os.walk(specs_dir):
        names[:] = sorted(name for name in names if not name.startswith((".", "__")))
        if SPEC_FILE in files:
            yield Path(folder, SPEC_FILE)


def _mixed(path: Path) -> SpecError:
    return SpecError(
        "a DataProduct and components of other types share one file",
        where=str(path),
        fix="give each its own folder",
    )
