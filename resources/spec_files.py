"""The files of a product: read as UTF-8 text, written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from agents.core.errors import SpecError, StateError
from resources.secret_values import find_secrets
from resources.spec_git import Author, Checkout


def read_text(path: Path) -> str:
    """The text of a file that is there. Raises SpecError when it is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            "the file cannot be read as UTF-8 text", where=str(path), fix="check rights and bytes"
        ) from error


def text_of(path: Path) -> str:
    """The text of a file; empty where there is none."""
    return read_text(path) if path.exists() else ""


def commit_people(checkout: Checkout, product: str, files: Iterable[Path]) -> None:
    """What a person edited and did not commit becomes a commit of theirs, so that authorship stays true.

    Raises SpecError where it holds a secret: git forgets nothing.
    """
    edited = checkout.changed([file for file in files if file.exists()])
    for file in edited:
        refuse_secret_in(text_of(file), file)
    if edited:
        checkout.commit(edited, f"{product}: edits by hand", checkout.person())


def write_files(checkout: Checkout | None, files: Mapping[Path, str], message: str, author: Author) -> str:
    """Write the files (an empty text: none) and commit them; gives the commit's id. On failure they are as before."""
    for file, content in files.items():
        refuse_secret_in(content, file)
    before = {file: text_of(file) for file in files}
    try:
        for file, content in files.items():
            replace_file(file, content)
        there = [file for file in files if files[file] or before[file]]
        return checkout.commit(there, message, author) if checkout else ""
    except (StateError, OSError) as error:
        for file, content in before.items():
            replace_file(file, content)
        if isinstance(error, OSError):
            where = str(next(iter(files)))
            raise StateError(f"cannot write ({error.strerror})", where=where, fix="check its rights") from error
        raise


def refuse_secret_in(text: str, path: Path) -> None:
    """Raise SpecError with the line, never the value, where the text of a spec holds a secret."""
    for secret in find_secrets(text):
        line = text.count("\n", 0, secret.start) + 1
        raise SpecError(
            f"a secret stands here (it looks like {secret.type})",
            where=f"{path}:{line}",
            fix="take it out and replace it at its source, for whoever reads the file knows it; "
            "a spec names a connection, and the connection names the secret",
        )


def replace_file(path: Path, text: str) -> None:
    """Write a file as a whole or not at all; an empty text means that there is none."""
    if not text:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(name).chmod(mode)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
