"""What an asset that a person wrote in Python is made of: a digest of its module and all of the package it can reach.

What a module imports is read from its text, so that an import inside a function counts too. A module that imports by
name at run time can reach everything, so all of the package counts.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import cast

import dagster as dg

from agents.core.digest import digest

_BY_NAME = frozenset({"import_module", "__import__", "exec", "run_path", "run_module", "spec_from_file_location"})


class Sources:
    """The modules below a package, as they stand on disk; read once."""

    def __init__(self, package: ModuleType) -> None:
        prefix = f"{package.__name__}."
        self._modules = {
            name: Path(module.__file__)
            for name, module in sys.modules.items()
            if (name == package.__name__ or name.startswith(prefix)) and module.__file__
        }
        self._defined: dict[dg.AssetKey, set[str]] = {}
        for name in self._modules:
            for key in _assets(vars(sys.modules[name]).values()):
                self._defined.setdefault(key, set()).add(name)
        self._texts: dict[Path, bytes] = {}
        self._reached: dict[frozenset[str], str] = {}

    def digest(self, key: dg.AssetKey) -> str:
        """The digest for an asset; one that no module holds by name may come from any of them."""
        start = frozenset(self._defined.get(key) or self._modules)
        if start not in self._reached:
            self._reached[start] = self._digest(start)
        return self._reached[start]

    def _digest(self, start: frozenset[str]) -> str:
        reached: set[str] = set()
        waiting = list(start)
        while waiting:
            name = waiting.pop()
            if name in self._modules and name not in reached:
                reached.add(name)
                waiting += self._imports(name)
        files = {name: self._sum(self._modules[name]) for name in reached}
        for folder in {self._modules[name].parent for name in reached}:
            files |= {f"{folder.name}/{path.relative_to(folder)}": self._sum(path) for path in _beside(folder)}
        return digest(files)

    def _imports(self, name: str) -> Iterable[str]:
        """Modules that this one may bring in, the packages above them included."""
        parent = name.rpartition(".")[0]
        package = name if self._modules[name].name == "__init__.py" else parent
        found = {parent}
        for node in ast.walk(ast.parse(self._read(self._modules[name]))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = (
                    resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
                )
                found.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
            if _by_name(node):
                return self._modules
        return {above for module in found for above in _upwards(module)}

    def _read(self, path: Path) -> bytes:
        if path not in self._texts:
            self._texts[path] = path.read_bytes()
        return self._texts[path]

    def _sum(self, path: Path) -> str:
        return sha256(self._read(path)).hexdigest()


def folder_digest(folder: Path) -> str:
    """The digest of every file below a folder: for components of other types."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _counts(path, folder))
    return digest({str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files})


def _assets(values: Iterable[object]) -> Iterator[dg.AssetKey]:
    """The asset keys among a module's values, as Dagster's loader finds them."""
    for value in values:
        if isinstance(value, dg.AssetsDefinition):
            yield from value.keys
        elif isinstance(value, dg.AssetSpec):
            yield value.key
        elif isinstance(value, dg.Definitions):
            yield from _assets(value.assets or ())
        elif isinstance(value, list | tuple):
            yield from _assets(cast(Iterable[object], value))


def _beside(folder: Path) -> Iterator[Path]:
    """Files of a folder that are no Python: SQL, JSON and the like, in its folders that are no packages too."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if _counts(path, folder) and not (path / "__init__.py").exists():
                yield from (p for p in sorted(path.rglob("*")) if p.is_file() and _counts(p, folder))
        elif path.suffix not in (".py", ".pyc") and _counts(path, folder):
            yield path


def _counts(path: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts)


def _by_name(node: ast.AST) -> bool:
    """Whether a node imports or runs what only a run can tell, or takes all names of another module."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name in _BY_NAME or alias.name == "*" for alias in node.names)
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in _BY_NAME


@cache
def _upwards(module: str) -> tuple[str, ...]:
    """`a.b.c` and the packages above it: importing it runs them."""
    parts = module.split(".")
    return tuple(".".join(parts[:length]) for length in range(1, len(parts) + 1))
