"""The specs repository: how agents read and write the products' `defs.yaml`.

A change is planned without writing, then applied under a lock: merged anew with what stands there, validated,
written as a whole, and committed with the agent as author where the folder is in a git checkout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.core.errors import SpecError, StateError
from resources import spec_text
from resources.spec_change import Change, Commit, Planned
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
from resources.spec_files import commit_people, read_text, text_of, write_files
from resources.spec_git import Author, Checkout, find_checkout, make_checkout
from resources.spec_merge import Merged, Owned, merge, plain, same
from resources.spec_owned import owned_text, persons, read_owned, sidecar_name, undone
from resources.spec_releases import Release, read_releases, record_name
from resources.spec_undo import reverted

FILE = "defs.yaml"
OVERRIDE = "override"
Validate = Callable[[Mapping[str, Any]], None]
Record = Callable[[str], str]
_PRODUCT = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class _Product:
    """A product's file as it stands: texts, plain document, and what agents own in it."""

    text: str
    document: dict[str, Any]
    owned_text: str
    owned: dict[str, Owned]


class SpecsRepo:
    """The products under one folder. Safe between processes: changes are applied one after the other.

    With `environment` it reads and writes what that environment has pinned (`prod.yaml`) in place of `defs.yaml`.
    """

    def __init__(self, specs_dir: Path, author: str = "platform", *, environment: str = "") -> None:
        self.specs_dir = specs_dir
        self._author = author
        self.environment = environment
        self._file = f"{environment}.yaml" if environment else FILE
        self._sidecar = sidecar_name(environment)
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
        return sorted(path.parent.name for path in self.specs_dir.glob(f"*/{self._file}"))

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

    def persons(self, asset: str) -> list[str]:
        """The fields of an asset's entry (`columns/email/pii`) that a person wrote; no agent changes them."""
        if (found := self.find(asset)) is None:
            return []
        return persons(self._load(found[0]).owned.get(asset, Owned()), found[1])

    def plan_change(self, product: str, asset: str, desired: Mapping[str, Any], agent: str = "") -> Change:
        """What `desired` would change; nothing is written.

        Only top-level fields that `desired` names are looked at; None or empty takes back what the agent wrote.
        """
        wanted = identified(asset, plain(desired))
        now = self._load(product)
        merged = _merge(now, asset, wanted, agent or self._author)
        return Change(product, asset, wanted, agent or self._author, merged.edits, not now.text)

    def plan_removal(self, product: str, asset: str) -> Change:
        """Taking a whole entry out; what a person wrote in it keeps it, and `edits` say so."""
        kept = self._planned(self._load(product), [Change(product, asset, {}, self._author, removal=True)]).kept
        return Change(product, asset, {}, self._author, tuple(kept), removal=True)

    def preview(self, changes: Sequence[Change]) -> str:
        """The text of the product's file as it would be; nothing is written. All changes are of one product."""
        now, path = self._load(changes[0].product), self.path(changes[0].product)
        return _edited(now, self._planned(now, changes).document, path)

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
        return self.apply_all([replace(change, agent=agent or change.agent)], goal_id, message, validate)

    def apply_all(
        self,
        changes: Sequence[Change],
        goal_id: str,
        message: str = "",
        validate: Validate | None = None,
        record: Record | None = None,
    ) -> Commit | None:
        """As `apply`, several changes of one product in one commit; `record` gives the record of releases anew."""
        with self._locked() as checkout:
            product = changes[0].product
            now = self._load(product)
            planned = self._planned(now, changes)
            path = self.path(product)
            files = {path: now.text, path.with_name(self._sidecar): now.owned_text}
            if planned.assets:
                if validate is not None:
                    validate(planned.document["attributes"])
                text = _edited(now, planned.document, path)
                files = {path: text, path.with_name(self._sidecar): owned_text(planned.owned) if text else ""}
            if record is not None:
                log = path.with_name(record_name(self.environment))
                before = text_of(log)
                files[log] = record(before)
                if not planned.assets and files[log] == before:
                    return None
            elif not planned.assets:
                return None
            agent, assets = changes[0].agent, ", ".join(planned.assets or [change.asset for change in changes])
            message = f"{message or f'{assets}: as desired'}\n\nGoal: {goal_id}"
            commit = Commit("", product, assets, goal_id, agent, message)
            return self._write(checkout, commit, files, Author.agent(agent))

    def override(
        self, asset: str, word: Mapping[str, Any], validate: Validate | None = None, field: str = OVERRIDE
    ) -> Commit | None:
        """Write a person's word on a field of an asset as theirs; an empty one takes it back. None when it stands."""
        found = self.find(asset)
        if found is None:
            raise SpecError(f"no product holds {asset}", fix=f"products: {', '.join(self.products()) or 'none'}")
        product, entry = found
        with self._locked() as checkout:
            now, path = self._load(product), self.path(product)
            entry = {**entry, field: plain(word)} if word else {k: v for k, v in entry.items() if k != field}
            document = with_entry(now.document, kind_of(entry), asset, entry)
            if same(document, now.document):
                return None
            if validate is not None:
                validate(document["attributes"])
            commit = Commit("", product, asset, "", "person", f"{asset}: {field}")
            author = checkout.person() if checkout else Author.agent("person")
            return self._write(checkout, commit, {path: _edited(now, document, path)}, author)

    def undo(self, commit: Commit) -> Commit:
        """Take one change back, leaving later ones. Raises StateError where the same was edited since."""
        with self._locked() as checkout:
            path = self.path(commit.product)
            sidecar = path.with_name(self._sidecar)
            wrote, former = commit.after, commit.before
            if checkout is not None and commit.id:
                parent = checkout.parent(commit.id)
                wrote, former = ({f.name: checkout.text(at, f) for f in (path, sidecar)} for at in (commit.id, parent))
            text = _without(text_of(path), wrote[path.name], former[path.name], commit.asset, path)
            owned = undone(text_of(sidecar), wrote[sidecar.name], former[sidecar.name], sidecar)
            message = f"Undo: {commit.message}"
            done = Commit("", commit.product, commit.asset, commit.goal_id, commit.agent, message)
            return self._write(checkout, done, {path: text, sidecar: owned if text else ""}, Author.agent(commit.agent))

    def releases(self, product: str) -> dict[str, list[Release]]:
        """By asset what each release of this environment replaced, the newest last."""
        path = self.path(product).with_name(record_name(self.environment))
        return read_releases(text_of(path), path)

    def path(self, product: str) -> Path:
        """The product's file."""
        if not _PRODUCT.fullmatch(product):
            raise SpecError(f"{product!r} is not a product's name", fix="use letters, digits and _")
        return self.specs_dir / product / self._file

    def _cached(self, product: str) -> dict[str, Any]:
        """The product's attributes, parsed once for each version of its file; not to be changed."""
        path = self.path(product)
        if not path.is_file():
            raise SpecError("no such product", where=str(path), fix=f"products: {', '.join(self.products()) or 'none'}")
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if path not in self._known or self._known[path][0] != stamp:
            self._known[path] = (stamp, attributes_of(spec_text.load(read_text(path), str(path)), path))
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
        sidecar = path.with_name(self._sidecar)
        text, owned = text_of(path), text_of(sidecar)
        if not text.strip():
            return _Product("", {"type": TYPE, "attributes": {"name": product}}, owned, {})
        document = spec_text.load(text, str(path))
        attributes_of(document, path)
        return _Product(text, document, owned, read_owned(owned, sidecar))

    def _planned(self, now: _Product, changes: Sequence[Change]) -> Planned:
        planned = Planned(now.document, dict(now.owned), [], [])
        for change in changes:
            if change.removal:
                planned.remove(change.asset)
            else:
                planned.merge(change, _merge(now, change.asset, change.desired, change.agent))
        return planned

    def _write(self, checkout: Checkout | None, commit: Commit, files: Mapping[Path, str], author: Author) -> Commit:
        """Write the files of a product and commit them; where that fails they are as they were."""
        if checkout is not None:
            commit_people(checkout, commit.product, files)
        before = {file.name: text_of(file) for file in files}
        sha = write_files(checkout, files, commit.message, author)
        if sha:
            return replace(commit, id=sha)
        return replace(commit, before=before, after={file.name: content for file, content in files.items()})


def _merge(now: _Product, asset: str, desired: Mapping[str, Any], agent: str) -> Merged:
    current = next((e for e in now.document["attributes"].get(kind_of(desired)) or [] if asset_of(e) == asset), None)
    if current is None and "asset" not in desired and not ({"source", "sql", "masked"} & desired.keys()):
        raise SpecError(f"no table {asset} to change", fix="ingest or compute it first")
    return merge(now.owned.get(asset, Owned()), current, desired, agent)


def _edited(now: _Product, document: Mapping[str, Any], path: Path) -> str:
    """The file's text as it will say `document`; empty when nothing is left in it."""
    if not now.text:
        return spec_text.dump(document)
    left = document["attributes"].get("tables") or document["attributes"].get("extensions")
    return spec_text.edit(now.text, document, item_key, str(path)) if left else ""


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
