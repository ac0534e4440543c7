"""The specs repository: how agents read and write the products' `defs.yaml`.

A change is planned without writing, then applied under a lock: merged anew with what stands there, validated,
written as a whole, and committed with the agent as author where the folder is in a git checkout.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.core.errors import SpecError, StateError
from resources import spec_text
from resources.spec_change import Change, Commit
from resources.spec_entries import (
    TYPE,
    asset_of,
    attributes_of,
    entry_of,
    identified,
    item_key,
    kind_of,
    with_entry,
    without_entry,
)
from resources.spec_git import Author, Checkout, find_checkout, make_checkout
from resources.spec_merge import Merged, Owned, merge, plain, same
from resources.spec_owned import NAME, owned_text, read_owned, undone
from resources.spec_undo import reverted

FILE = "defs.yaml"
Validate = Callable[[Mapping[str, Any]], None]
_PRODUCT = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class _Product:
    """A product's file as it stands: texts, plain document, and what agents own in it."""

    text: str
    document: dict[str, Any]
    owned_text: str
    owned: dict[str, Owned]


class SpecsRepo:
    """The products under one folder. Safe between processes: changes are applied one after the other."""

    def __init__(self, specs_dir: Path, author: str = "platform") -> None:
        self.specs_dir = specs_dir
        self._author = author
        self._known: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}

    def init(self) -> bool:
        """Make a git repository for specs of their own (the parent of a folder called `defs`); False without git."""
        self.specs_dir.mkdir(parents=True, exist_ok=True)
        if find_checkout(self.specs_dir) is not None:
            return True
        root = self.specs_dir.parent if self.specs_dir.name == "defs" else self.specs_dir
        return make_checkout(root) is not None

    def products(self) -> list[str]:
        """Names of the folders that hold a product's file."""
        return sorted(path.parent.name for path in self.specs_dir.glob(f"*/{FILE}"))

    def read(self, product: str) -> dict[str, Any]:
        """The product's attributes as plain values. Raises SpecError when there is none or the file is wrong."""
        return plain(self._cached(product))

    def find(self, asset: str) -> tuple[str, dict[str, Any]] | None:
        """The product and the entry of `layer/table`: its table, else its extension."""
        for kind in ("tables", "extensions"):
            for product in self.products():
                for entry in self._cached(product).get(kind) or []:
                    if asset_of(entry) == asset:
                        return product, plain(entry)
        return None

    def plan_change(self, product: str, asset: str, desired: Mapping[str, Any], agent: str = "") -> Change:
        """What `desired` would change; nothing is written.

        Only top-level fields that `desired` names are looked at; None or empty takes back what the agent wrote.
        """
        wanted = identified(asset, plain(desired))
        now = self._load(product)
        merged = _merge(now, asset, wanted, agent or self._author)
        return Change(product, asset, wanted, agent or self._author, merged.edits, not now.text)

    def apply(
        self,
        change: Change,
        goal_id: str,
        agent: str = "",
        message: str = "",
        validate: Validate | None = None,
    ) -> Commit | None:
        """Write a change, merged anew with what stands there now; None when there is nothing to change.

        `validate` gets the product's attributes as they will be; where it raises, nothing was written.
        """
        agent = agent or change.agent
        with self._locked() as checkout:
            now = self._load(change.product)
            merged = _merge(now, change.asset, change.desired, agent)
            if not merged.changed:
                return None
            document = with_entry(now.document, kind_of(change.desired), change.asset, merged.entry)
            if validate is not None:
                validate(document["attributes"])
            path = self.path(change.product)
            text = spec_text.edit(now.text, document, item_key, str(path)) if now.text else spec_text.dump(document)
            owned = owned_text({**now.owned, change.asset: merged.owned})
            message = f"{message or f'{change.asset}: as desired'}\n\nGoal: {goal_id}"
            return self._write(checkout, Commit("", change.product, change.asset, goal_id, agent, message), text, owned)

    def undo(self, commit: Commit) -> Commit:
        """Take one change back, leaving later ones. Raises StateError where the same was edited since."""
        with self._locked() as checkout:
            path = self.path(commit.product)
            sidecar = path.with_name(NAME)
            wrote, former = commit.after, commit.before
            if checkout is not None and commit.id:
                parent = checkout.parent(commit.id)
                wrote, former = ({f.name: checkout.text(at, f) for f in (path, sidecar)} for at in (commit.id, parent))
            text = _without(_text(path), wrote[FILE], former[FILE], commit.asset, path)
            owned = undone(_text(sidecar), wrote[NAME], former[NAME], sidecar)
            message = f"Undo: {commit.message}"
            done = Commit("", commit.product, commit.asset, commit.goal_id, commit.agent, message)
            return self._write(checkout, done, text, owned if text else "")

    def path(self, product: str) -> Path:
        """The product's file."""
        if not _PRODUCT.fullmatch(product):
            raise SpecError(f"{product!r} is not a product's name", fix="use letters, digits and _")
        return self.specs_dir / product / FILE

    def _cached(self, product: str) -> dict[str, Any]:
        """The product's attributes, parsed once for each version of its file; not to be changed."""
        path = self.path(product)
        if not path.is_file():
            raise SpecError("no such product", where=str(path), fix=f"products: {', '.join(self.products()) or 'none'}")
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if path not in self._known or self._known[path][0] != stamp:
            self._known[path] = (stamp, attributes_of(spec_text.load(_read(path), str(path)), path))
        return self._known[path][1]

    @contextmanager
    def _locked(self) -> Generator[Checkout | None]:
        from filelock import FileLock

        self.specs_dir.mkdir(parents=True, exist_ok=True)
        checkout = find_checkout(self.specs_dir)
        with FileLock(checkout.lock_file if checkout else self.specs_dir / ".adp.lock"):
            yield checkout

    def _load(self, product: str) -> _Product:
        path = self.path(product)
        text, owned = _text(path), _text(path.with_name(NAME))
        if not text.strip():
            return _Product("", {"type": TYPE, "attributes": {"name": product}}, owned, {})
        document = spec_text.load(text, str(path))
        attributes_of(document, path)
        return _Product(text, document, owned, read_owned(owned, path.with_name(NAME)))

    def _write(self, checkout: Checkout | None, commit: Commit, text: str, owned: str) -> Commit:
        """Write both files and commit them; where that fails they are as they were."""
        path = self.path(commit.product)
        files = {path: text, path.with_name(NAME): owned}
        before = {file: _text(file) for file in files}
        try:
            if checkout is not None:
                _commit_people(checkout, commit.product, path)
            for file, content in files.items():
                _replace(file, content)
            sha = checkout.commit(list(files), commit.message, Author.agent(commit.agent)) if checkout else ""
        except (StateError, OSError) as error:
            for file, content in before.items():
                _replace(file, content)
            if isinstance(error, OSError):
                raise StateError(f"cannot write ({error.strerror})", where=str(path), fix="check its rights") from error
            raise
        texts = {} if sha else {file.name: content for file, content in before.items()}
        after = {} if sha else {file.name: content for file, content in files.items()}
        fields = (commit.product, commit.asset, commit.goal_id, commit.agent, commit.message)
        return Commit(sha, *fields, before=texts, after=after)


def _merge(now: _Product, asset: str, desired: Mapping[str, Any], agent: str) -> Merged:
    current = next((e for e in now.document["attributes"].get(kind_of(desired)) or [] if asset_of(e) == asset), None)
    if current is None and "asset" not in desired and not ({"source", "sql"} & desired.keys()):
        raise SpecError(f"no table {asset} to change", fix="ingest or compute it first")
    return merge(now.owned.get(asset, Owned()), current, desired, agent)


def _commit_people(checkout: Checkout, product: str, path: Path) -> None:
    """What a person edited and did not commit becomes a commit of theirs, so that authorship stays true."""
    edited = checkout.changed([file for file in (path, path.with_name(NAME)) if file.exists()])
    if edited:
        checkout.commit(edited, f"{product}: edits by hand", checkout.person())


def _without(now: str, wrote: str, former: str, asset: str, path: Path) -> str:
    """The text without what one change wrote; what was changed since stays."""
    if now == wrote:
        return former
    empty = '{type: "", attributes: {}}'
    document, new, old = (spec_text.load(text or empty, str(path)) for text in (now, wrote, former))
    current, made, before = (entry_of(each, asset) for each in (document, new, old))
    if current is None or made is None:
        raise StateError(f"{asset} was removed since", where=str(path), fix="nothing is left to take back")
    if before is None:
        blocked = [] if same(current[1], made[1]) else [asset]
        expected = without_entry(document, asset)
    else:
        entry, blocked = reverted(current[1], made[1], before[1])
        expected = with_entry(document, current[0], asset, entry)
    if blocked:
        raise StateError(f"edited since: {', '.join(blocked)}", where=str(path), fix="take it back by hand")
    return spec_text.edit(now, expected, item_key, str(path))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            "the file cannot be read as UTF-8 text", where=str(path), fix="check rights and bytes"
        ) from error


def _text(path: Path) -> str:
    return _read(path) if path.exists() else ""


def _replace(path: Path, text: str) -> None:
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
