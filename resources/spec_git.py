"""Git as the specs repository uses it: commits of named files, nothing else.

No hook of the repository runs, nothing is signed, nothing goes over the network, and no `GIT_*` variable of the
caller leads elsewhere. What people staged or changed in other files stays as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.core.errors import StateError
from resources.settings import environment

_LOCK_WAITS = (0.1, 0.2, 0.5, 1.0, 2.0)
_QUIET = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "gc.auto=0",
    "-c",
    "core.quotePath=false",
)
_UNKNOWN = "uncommitted edits"


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str

    @classmethod
    def agent(cls, name: str) -> Author:
        """An agent, in the reserved domain that no mail reaches."""
        return cls(f"{name} agent", f"{name}@agents.invalid")


class Checkout:
    """A git checkout that keeps specs."""

    def __init__(self, root: Path, program: str) -> None:
        self.root = root
        self._program = program

    @property
    def lock_file(self) -> Path:
        """Where the lock stands: inside git's own folder, out of people's sight."""
        return Path(self._run("rev-parse", "--absolute-git-dir").strip()) / "adp-specs.lock"

    def changed(self, files: Sequence[Path]) -> list[Path]:
        """Those of the files that are not as last committed, new ones among them."""
        listed = self._run("status", "--porcelain", "-z", "--untracked-files=all", "--", *self._names(files))
        names = {entry[3:] for entry in listed.split("\0") if entry}
        return [file for file in files if self._name(file) in names]

    def commit(self, files: Sequence[Path], message: str, author: Author) -> str:
        """Commit exactly these files as they stand in the folder; gives the commit's id."""
        names = self._names(files)
        present = [name for name in names if (self.root / name).exists()]
        if present:
            self._run("add", "--intent-to-add", "--", *present)
        who = ("-c", f"user.name={author.name}", "-c", f"user.email={author.email}")
        self._run(*who, "commit", "--quiet", "--no-verify", "--only", "-m", message, "--", *names)
        return self.head()

    def head(self) -> str:
        """The id of the last commit."""
        return self._run("rev-parse", "HEAD").strip()

    def person(self) -> Author:
        """The identity set in this checkout, or one that says that nobody is known."""
        name, email = (
            self._run("config", "--default", "", "--get", key).strip() for key in ("user.name", "user.email")
        )
        return Author(name, email) if name and email else Author(_UNKNOWN, "unknown@people.invalid")

    def text(self, commit: str, file: Path) -> str:
        """A file as it was in a commit; empty where it did not exist."""
        name = self._name(file)
        if not self._run("ls-tree", "-z", "--name-only", commit, "--", name):
            return ""
        return self._run("show", f"{commit}:{name}")

    def parent(self, commit: str) -> str:
        """The commit before; the empty tree before the first one."""
        found = self._run("rev-list", "--parents", "-n", "1", commit).split()
        return found[1] if len(found) > 1 else self._run("hash-object", "-t", "tree", "/dev/null").strip()

    def _names(self, files: Sequence[Path]) -> list[str]:
        return [self._name(file) for file in files]

    def _name(self, file: Path) -> str:
        return file.resolve().relative_to(self.root).as_posix()

    def _run(self, *arguments: str) -> str:
        for pause in (*_LOCK_WAITS, None):
            done = self._start(*arguments)
            if done.returncode == 0:
                return done.stdout.decode()
            said = done.stderr.decode(errors="replace").strip()
            if pause is None or ".lock" not in said:
                raise StateError(
                    f"git {_verb(arguments)} failed: {said.splitlines()[0] if said else done.returncode}",
                    where=str(self.root),
                    fix="run git status there",
                )
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _start(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return _git(self._program, self.root, *arguments)


def find_checkout(folder: Path) -> Checkout | None:
    """The checkout that keeps this folder; None without git, outside of one, or where git ignores the folder."""
    program = shutil.which("git", path=environment().get("PATH"))
    if program is None:
        return None
    inside = next(place for place in (folder, *folder.parents) if place.is_dir())
    top = _git(program, inside, "rev-parse", "--show-toplevel")
    if top.returncode != 0:
        return None
    root = Path(top.stdout.decode().rstrip("\n")).resolve()
    if root != folder.resolve() and _git(program, root, "check-ignore", "-q", str(folder.resolve())).returncode == 0:
        return None
    return Checkout(root, program)


def make_checkout(folder: Path) -> Checkout | None:
    """A new repository in a folder, or the one that is there; None without git."""
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("git", path=environment().get("PATH"))
    if program is None:
        return None
    if not (folder / ".git").exists():
        made = _git(program, folder, "init", "--quiet", "--initial-branch=main", "--template=")
        if made.returncode != 0:
            raise StateError("git init failed", where=str(folder), fix="check the folder's rights")
    return Checkout(folder.resolve(), program)


def _git(program: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [program, *_QUIET, *arguments]
    return subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, check=False, timeout=120)


def _environment() -> Mapping[str, str]:
    """The caller's, without what would lead git elsewhere; its messages are in English."""
    clean = {name: value for name, value in environment().items() if not name.startswith("GIT_")}
    return {**clean, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def _verb(arguments: Sequence[str]) -> str:
    words = iter(arguments)
    for word in words:
        if word == "-c":
            next(words, None)
        else:
            return word
    return ""
