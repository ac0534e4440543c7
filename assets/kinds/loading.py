"""Find and read the products of a specs folder.

One broken file never takes the others down: it is left out and becomes a problem, which the asset `platform/specs`, its
check and `adp doctor` show; `dg check yaml` and `check_text`, which runs before an agent's spec is written, refuse it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from agents.core.catalog import TableId
from agents.core.errors import SpecError
from assets.kinds.documents import PRODUCT_COMPONENT, Document, parse_documents, read_documents
from assets.kinds.pins import PIN_FILES, SPEC_FILE, overlaid, pinned
from assets.kinds.validation import Checked, check_products

Read = Callable[[Path], tuple[list[Document], bool]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a specs folder holds. `foreign` are folders with components of other types, for Dagster's own loader."""

    checked: Checked
    foreign: tuple[Path, ...] = ()

    @property
    def problems(self) -> list[SpecError]:
        """The error of each file that was left out."""
        return self.checked.problems


@dataclass(slots=True)
class _Found:
    """What the files of a specs folder say, before it is checked."""

    documents: list[Document] = field(default_factory=list[Document])
    problems: list[SpecError] = field(default_factory=list[SpecError])
    foreign: list[Path] = field(default_factory=list[Path])


def refused(loaded: Loaded) -> list[SpecError]:
    """The errors of folders whose components may not be loaded: components of other types, and their templates, run
    whatever they say, before anybody could approve it.
    """
    return [
        SpecError(
            "a component of another type runs code, which specs may not",
            where=str(folder / SPEC_FILE),
            fix="write platform_defs.DataProduct, or allow it with ADP_COMPONENTS=allow where the folder is reviewed",
        )
        for folder in loaded.foreign
    ]


def load_products(specs_dir: Path, python: Collection[TableId] = ()) -> Loaded:
    """Every product below `specs_dir` that holds together. `python` are the tables of assets people wrote."""
    found = _gathered(spec_folders(specs_dir), read_documents)
    return Loaded(check_products(found.documents, python, found.problems), tuple(found.foreign))


def readable(specs_dir: Path) -> list[Document]:
    """Every product that can be read, its pins in force, whether or not it holds together with the others."""
    return _gathered(spec_folders(specs_dir), read_documents).documents


def check_text(text: str, path: Path, specs_dir: Path, python: Collection[TableId] | None = None) -> None:
    """Raise SpecError when `text`, written to `path`, would break its product or another one.

    `python` as in `load_products`; None when it is not known: then a table nobody declares counts as a Python asset's.
    """
    new = parse_documents(text, path)
    target = path.resolve()
    read = cache(read_documents)

    def changed(file: Path) -> tuple[list[Document], bool]:
        return new if file.resolve() == target else read(file)

    # The changed folder comes last, so that of two claims to a table the new one is refused.
    folders = {folder: files for folder, files in spec_folders(specs_dir) if folder.resolve() != target.parent}
    own = next((files for folder, files in spec_folders(specs_dir) if folder.resolve() == target.parent), ())
    before = _gathered([*folders.items(), (path.parent, own)], read)
    after = _gathered([*folders.items(), (path.parent, tuple(sorted({*own, path.name})))], changed)
    unknown = [SpecError("Python assets are not loaded")] if python is None or before.problems else []
    known = {str(error) for error in check_products(before.documents, python or (), unknown).problems}
    known |= {str(error) for error in before.problems}
    for error in [*after.problems, *check_products(after.documents, python or (), unknown).problems]:
        if str(error) not in known:
            raise error


def spec_folders(specs_dir: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every folder below that has a product's files, and their names; in a stable order, hidden folders skipped."""
    for folder, names, files in os.walk(specs_dir):
        names[:] = sorted(name for name in names if not name.startswith((".", "__")))
        if own := tuple(name for name in (SPEC_FILE, *PIN_FILES) if name in files):
            yield Path(folder), own


def _gathered(folders: Iterable[tuple[Path, Sequence[str]]], read: Read) -> _Found:
    found = _Found()
    for folder, names in folders:
        try:
            _gather(folder, names, read, found)
        except SpecError as error:
            found.problems.append(error)
    return found


def _gather(folder: Path, names: Sequence[str], read: Read, found: _Found) -> None:
    """One folder: its `defs.yaml` and its pins; a file that cannot be read leaves the others in force."""
    documents: list[Document] = []
    foreign = False
    if SPEC_FILE in names:
        try:
            documents, foreign = _apart(folder / SPEC_FILE, read)
        except SpecError as error:
            found.problems.append(error)
    if foreign:
        found.foreign.append(folder)
        return
    pins, problems = pins_beside(folder, names, read)
    found.problems += problems
    found.documents += overlaid(documents, pins)


def pins_beside(
    folder: Path, names: Sequence[str], read: Read = read_documents
) -> tuple[dict[str, Sequence[Document] | None], list[SpecError]]:
    """The pins of a folder with these files, by environment (None: not readable), and what is wrong with them."""
    pins: dict[str, Sequence[Document] | None] = {}
    problems: list[SpecError] = []
    for name, environment in PIN_FILES.items():
        if name in names and (SPEC_FILE in names or _is_product(folder / name)):
            try:
                pins[environment] = pinned(read(folder / name)[0], environment)
            except SpecError as error:
                pins[environment] = None
                problems.append(error)
    return pins, problems


def _is_product(path: Path) -> bool:
    """Whether a file by itself is ours: other programs have files called `prod.yaml` too."""
    return path.is_file() and PRODUCT_COMPONENT.encode() in path.read_bytes()


def _apart(path: Path, read: Read) -> tuple[list[Document], bool]:
    documents, foreign = read(path)
    if foreign and documents:
        raise SpecError(
            "a DataProduct and components of other types share one file",
            where=str(path),
            fix="give each its own folder",
        )
    return documents, foreign
