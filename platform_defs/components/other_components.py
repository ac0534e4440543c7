"""Components of other types in the specs folder, through Dagster's own loader."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import dagster as dg

from assets.kinds.source_digest import folder_digest
from assets.kinds.tables import DIGEST


def load_components(folders: Sequence[Path], specs_dir: Path, project: Path) -> dg.Definitions:
    """The definitions of each folder; their assets carry the digest of all that is in it."""
    return dg.Definitions.merge(*(_loaded(folder, specs_dir, project) for folder in folders))


def _loaded(folder: Path, specs_dir: Path, project: Path) -> dg.Definitions:
    found = dg.ComponentTree.from_module(_module(folder, specs_dir), project).build_defs()
    mark = {DIGEST: folder_digest(folder)}
    return found.permissive_map_resolved_asset_specs(lambda spec: spec.merge_attributes(metadata=mark), None)


def _module(folder: Path, specs_dir: Path) -> ModuleType:
    """The folder as a package, which Dagster's loader wants: the project's own, or one made for a folder outside it."""
    own = Path(__file__).parents[1] / "defs"
    parts = folder.relative_to(specs_dir).parts
    if specs_dir == own:
        return import_module(".".join(("platform_defs", "defs", *parts)))
    name = "_".join(("specs", *parts))
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = None
        module.__path__ = [str(folder)]
        sys.modules[name] = module
    return sys.modules[name]
