"""The tree is the architecture: sizes, names, and what may be imported where."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "assets", "platform_defs", "resources", "sensors", "benchmarks")
OURS = [p for name in PACKAGES for p in sorted((ROOT / name).rglob("*.py")) if "products" not in p.parts]
HEAVY = ("pandas", "mlflow", "presidio_analyzer", "spacy", "great_expectations", "azure", "duckdb", "polars", "sklearn")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_small_and_so_are_its_functions(path: Path) -> None:
    assert path.read_text().count("\n") <= 300
    assert [f.name for f in functions(path) if (f.end_lineno or 0) - f.lineno + 1 > 60] == []


def test_no_file_is_a_drawer_for_everything() -> None:
    assert [p for p in OURS if p.stem in ("utils", "helpers", "common", "misc")] == []


def test_no_file_takes_the_name_of_a_library_module() -> None:
    top = {p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()}
    owners = importlib.metadata.packages_distributions()
    for name in top & set(PACKAGES[:-1]):
        assert set(owners.get(name, ["agentic-data-platform"])) == {"agentic-data-platform"}, name


def test_only_the_op_boundary_catches_everything() -> None:
    broad: list[str] = []
    for path in OURS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"Exception"}
                raises = any(isinstance(n, ast.Raise) for n in ast.walk(node))
                if names & {"Exception", "BaseException"} and not raises:
                    broad.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert broad == []


def test_only_settings_read_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in OURS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and path.parts[-2] != "benchmarks"
    }
    assert readers <= {"resources/settings.py"}


def test_roles_act_through_tools_alone() -> None:
    """A role may name types of the outside world, but a tool is the only thing it can call there."""
    for path in (ROOT / "agents" / "roles").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("resources", "assets")):
                named = {alias.name for alias in node.names}
                assert named <= {"ChildRun", "CheckOutcome", "Materialized"}, f"{path}: {node.module} {named}"


def test_workspace_and_project_name_the_same_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    entry = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"][0]["python_module"]
    assert entry["module_name"] == project["code_location_target_module"]
    assert entry["location_name"] == project["code_location_name"]


def test_the_lock_pins_every_package_and_names_no_host() -> None:
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line.strip()]
    assert all("==" in line for line in lines)
    assert not any("://" in line for line in lines)


def test_loading_definitions_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys, platform_defs.definitions as d; d.defs.get_repository_def();"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    env = {"ADP_STATE": str(tmp_path), "ADP_SPECS": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
