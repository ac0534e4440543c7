"""A small deployment in a folder: a SQLite source, product files, a lake, and runs in this process."""

import sqlite3
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pyarrow as pa

import assets.products
from agents.core.catalog import TableId
from platform_defs.definitions import products
from resources.lake import Lake
from resources.platform import Platform
from resources.settings import Settings, load_settings

ORDERS = """
    - name: orders
      layer: bronze
      source: {connection: shop, table: orders, mode: incremental, watermark: updated_at}
      key: [order_id]
"""
NOT_NULL = "{type: expect_column_values_to_not_be_null, kwargs: {column: %s}, meta: {action: %s}}"
AT_LEAST = "{type: expect_column_values_to_be_between, kwargs: {column: %s, min_value: %s}, meta: {action: %s}}"


@dataclass
class Run:
    """What a run's events say."""

    result: Any
    checks: dict[str, dg.AssetCheckEvaluation] = field(default_factory=dict)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    observed: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether the run ended well."""
        return bool(self.result.success)


@dataclass
class Deployment:
    """One in a temporary folder."""

    folder: Path
    package: ModuleType = assets.products
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    @cached_property
    def settings(self) -> Settings:
        """Everything below the folder; dev only."""
        (self.folder / "connections.yaml").write_text(
            f'connections:\n  - {{name: shop, kind: sqlite, url: "sqlite:///{self.folder}/shop.db"}}\n'
        )
        env = {
            "ADP_STATE": str(self.folder / "state"),
            "ADP_SPECS": str(self.folder / "specs"),
            "ADP_CONNECTIONS": str(self.folder / "connections.yaml"),
            "ADP_ENVIRONMENTS": "dev",
        }
        return load_settings(env, cwd=self.folder)

    @property
    def lake(self) -> Lake:
        """The lake its runs write."""
        return Platform.of(self.settings, {}).lake

    def orders(self, rows: Iterable[tuple[int | None, float | None, str]]) -> None:
        """Replace the source's table `orders(order_id, amount, updated_at)`."""
        with sqlite3.connect(self.folder / "shop.db") as db:
            db.execute("DROP TABLE IF EXISTS orders")
            db.execute("CREATE TABLE orders (order_id INTEGER, amount REAL, updated_at TEXT)")
            db.executemany("INSERT INTO orders VALUES (?, ?, ?)", list(rows))
        db.close()

    def product(self, tables: str, name: str = "sales", more: str = "") -> Path:
        """Write a product file with these entries."""
        path = self.folder / "specs" / name / "defs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        listed = f"  tables:\n{textwrap.indent(textwrap.dedent(tables), '    ')}" if tables.strip() else ""
        path.write_text(f"type: platform_defs.DataProduct\nattributes:\n  name: {name}\n{listed}\n{more}")
        return path

    def definitions(self) -> dg.Definitions:
        """The code location, loaded anew."""
        resources = {"platform": Platform.of(self.settings, {})}
        return dg.Definitions.merge(products(self.settings, self.package), dg.Definitions(resources=resources))

    def run(self, *assets: str, checks: Sequence[tuple[str, str]] = ()) -> Run:
        """Materialize assets (`dev/bronze/orders`) with their checks, or run only the checks named."""
        if checks:
            chosen = [dg.AssetCheckKey(_key(asset), name) for asset, name in checks]
            selection = dg.AssetSelection.checks(*chosen)
        else:
            selection = dg.AssetSelection.assets(*map(_key, assets))
        job = dg.define_asset_job("chosen", selection)
        defs = dg.Definitions.merge(self.definitions(), dg.Definitions(jobs=[job]))
        result = defs.resolve_job_def("chosen").execute_in_process(instance=self.instance, raise_on_error=False)
        return _told(result)

    def table(self, name: str) -> pa.Table:
        """A dev table as readers see it now."""
        return self.lake.read(TableId("dev", *name.split("/"))).read_all()


def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """What a component of another type runs."""
    return dg.MaterializeResult()


def _key(text: str) -> dg.AssetKey:
    return dg.AssetKey(text.split("/"))


def _told(result: Any) -> Run:
    run = Run(result)
    for event in result.all_events:
        kind, data = event.event_type_value, event.event_specific_data
        if kind == "ASSET_CHECK_EVALUATION":
            run.checks[data.check_name] = data
        elif kind == "ASSET_MATERIALIZATION":
            run.metadata[data.materialization.asset_key.to_user_string()] = _plain(data.materialization.metadata)
        elif kind == "ASSET_OBSERVATION":
            run.observed[data.asset_observation.asset_key.to_user_string()] = _plain(data.asset_observation.metadata)
        elif kind == "STEP_FAILURE":
            run.failures[event.step_key] = data.error.to_string()
            run.told |= _plain(data.user_failure_data.metadata) if data.user_failure_data else {}
    return run


def _plain(metadata: Any) -> dict[str, Any]:
    return {key: value.value for key, value in metadata.items()}


@contextmanager
def python_package(folder: Path, **files: str) -> Iterator[ModuleType]:
    """A package of a person's modules, imported, and forgotten afterwards."""
    name = f"people_{folder.name}".replace("-", "_")
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    for module, text in files.items():
        (package / f"{module}.py").write_text(textwrap.dedent(text))
    sys.path.insert(0, str(folder))
    try:
        yield import_module(name)
    finally:
        sys.path.remove(str(folder))
        for loaded in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[loaded]
