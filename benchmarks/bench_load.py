"""How long definitions take to load, against bare Dagster building the same assets and checks, in the same run.

`python -m benchmarks.bench_load` prints `vs_bare` (5,000 tables), `growth` (a table at 5,000 against 500; 1 is linear)
and `vs_import` (10 tables against a bare `import dagster`). Every figure is the median of fresh processes, run in turn.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

SIZES = (10, 500, 5_000)
PER_PRODUCT = 50
RULES = (
    ("expect_column_values_to_not_be_null", {"column": "order_id"}, "block", "every order has an id"),
    ("expect_column_values_to_be_unique", {"column": "order_id"}, "quarantine", "an order is listed once"),
    ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0}, "alert", "amounts are positive"),
)


def write_products(folder: Path, tables: int) -> None:
    """Products of fifty tables each, three rules a table."""
    for first in range(0, tables, PER_PRODUCT):
        product = folder / f"product_{first // PER_PRODUCT:04d}"
        product.mkdir(parents=True)
        entries = "".join(_entry(number) for number in range(first, min(first + PER_PRODUCT, tables)))
        (product / "defs.yaml").write_text(
            f"type: platform_defs.DataProduct\nattributes:\n  owners: [team:sales]\n  tables:\n{entries}"
        )


def _entry(number: int) -> str:
    rules = "".join(
        f"        - type: {kind}\n"
        f"          kwargs: {{{', '.join(f'{key}: {value}' for key, value in kwargs.items())}}}\n"
        f"          meta: {{action: {action}, reason: {reason}}}\n"
        for kind, kwargs, action, reason in RULES
    )
    return (
        f"    - name: sales_orders_{number}\n      layer: bronze\n      description: Orders of shop {number}.\n"
        f"      source: {{connection: sales, table: sales.orders_{number}, mode: incremental, watermark: updated_at}}\n"
        f'      key: [order_id]\n      schedule: "0 2 * * *"\n      rules:\n{rules}'
    )


def load_bare(tables: int) -> None:
    """The same assets and checks, as a person would write them with Dagster's decorators."""
    import dagster as dg

    retry = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
    assets: list[dg.AssetsDefinition] = []
    for number in range(tables):
        key = dg.AssetKey(["dev", "bronze", f"sales_orders_{number}"])

        @dg.multi_asset(
            name="__".join(key.path),
            specs=[
                dg.AssetSpec(
                    key,
                    description=f"Orders of shop {number}.",
                    group_name=f"product_{number // PER_PRODUCT:04d}",
                    code_version="1",
                    owners=["team:sales"],
                    tags={"dagster/kind/delta": "", "dagster/kind/bronze": ""},
                    metadata={"dagster/table_name": ".".join(key.path)},
                    automation_condition=dg.AutomationCondition.on_cron("0 2 * * *"),
                )
            ],
            check_specs=[
                dg.AssetCheckSpec(f"check_{index}", asset=key, description=reason, blocking=action == "block")
                for index, (_, _, action, reason) in enumerate(RULES)
            ],
            can_subset=True,
            retry_policy=retry,
            pool=f"table/{'/'.join(key.path)}",
            required_resource_keys={"platform"},
        )
        def table():  # type: ignore[no-untyped-def]
            yield dg.MaterializeResult()

        assets.append(table)
    resources = {"platform": dg.ResourceDefinition.none_resource()}
    _resolve(dg.Definitions(assets=assets, resources=resources))


def load_ours() -> None:
    """The code location, as every run and step process loads it."""
    from platform_defs.definitions import defs

    _resolve(defs)


def _resolve(defs: object) -> None:
    import dagster as dg

    assert isinstance(defs, dg.Definitions)
    assert defs.get_repository_def().asset_graph.get_all_asset_keys()


def seconds(what: str, tables: int, specs: Path) -> float:
    """Processor time of one fresh process, from start to loaded: loading is one thread that waits for nothing."""
    env = {**os.environ, "ADP_SPECS": str(specs), "ADP_ENVIRONMENTS": "dev"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "benchmarks.bench_load", what, str(tables)], env=env, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(repeats: int) -> dict[tuple[str, int], float]:
    """Median seconds for each kind and size, measured in turn so that a slow moment hits all alike."""
    found: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="adp-bench-load-") as folder:
        for size in SIZES:
            write_products(Path(folder, str(size)), size)
        for _ in range(repeats):
            for what, size in [("import", 0), *((what, size) for size in SIZES for what in ("ours", "bare"))]:
                found.setdefault((what, size), []).append(seconds(what, size, Path(folder, str(size))))
    return {key: median(times) for key, times in found.items()}


def main() -> None:
    """Run one kind, or without arguments measure all."""
    if len(sys.argv) > 1:
        what, size = sys.argv[1], int(sys.argv[2])
        if what == "ours":
            load_ours()
        elif what == "bare":
            load_bare(size)
        else:
            import dagster as dg

            assert dg.AssetKey
        return
    took = measure(repeats=3)
    start = took["ours", 10]  # what does not grow with tables
    for (what, size), value in sorted(took.items(), key=lambda item: (item[0][1], item[0][0])):
        print(f"{what}_{size}_s={value:.2f}")  # noqa: T201
    a_table = {size: (took["ours", size] - start) / (size - 10) for size in SIZES[1:]}
    print(f"vs_bare={took['ours', 5_000] / took['bare', 5_000]:.2f}")  # noqa: T201
    print(f"growth={a_table[5_000] / a_table[500]:.2f}")  # noqa: T201
    print(f"vs_import={start / took['import', 0]:.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
