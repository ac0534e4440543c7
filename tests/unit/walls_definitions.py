"""A code location with every shape of asset and job that somebody may try to slip into production with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from agents.ops.goal import goal_job
from agents.ops.workflow import workflow_job
from agents.roles import register_agents
from platform_defs.approvals_asset import approvals_asset, decide_job
from resources.platform import Platform
from resources.settings import load_settings

DAYS = dg.StaticPartitionsDefinition([f"day-{number}" for number in range(500)])
LOOK_ALIKES = (
    ["Prod", "bronze", "orders"],
    ["prod ", "bronze", "orders"],
    ["рrod", "bronze", "orders"],  # the first letter is Cyrillic
    ["ｐｒｏｄ", "bronze", "orders"],
    ["prod", "Bronze", "orders"],
    ["prod", "orders"],
    ["dev", "bronze", "../../prod/bronze/orders"],
    ["dev/prod", "bronze", "orders"],
    ["Platform", "approvals"],
)


def made(context: dg.AssetExecutionContext, inputs: Any) -> Iterator[dg.MaterializeResult]:
    """What the ops of this code location do: say that it is done."""
    for key in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=key)


def spec(key: str | list[str], digest: str = "sha256:one", **more: Any) -> dg.AssetSpec:
    """A table's asset with the digest of its spec."""
    path = key.split("/") if isinstance(key, str) else key
    return dg.AssetSpec(path, metadata={"platform/digest": digest} if digest else {}, **more)


def asset(name: str, *specs: dg.AssetSpec) -> dg.AssetsDefinition:
    """An op of this name that makes these assets, all or some of them."""

    outs = {f"out_{number}": each.key for number, each in enumerate(specs)}
    op = dg.OpDefinition(made, name, outs=dict.fromkeys(outs, dg.Out(dg.Nothing, is_required=False)))
    return dg.AssetsDefinition(keys_by_output_name=outs, node_def=op, can_subset=True, specs=specs)


@dg.op
def inner(context: dg.OpExecutionContext) -> int:
    return 1


@dg.op
def outer(context: dg.OpExecutionContext, value: int) -> int:
    return value


@dg.graph_asset(key=["prod", "gold", "revenue"], metadata={"platform/digest": "sha256:graph"})
def revenue() -> Any:
    return outer(inner())


@dg.asset_check(asset=dg.AssetKey(["prod", "bronze", "orders"]), name="looks_right")
def looks_right() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def checked() -> dg.AssetsDefinition:
    """A table whose op can also run its check alone, as those of YAML specs do."""
    table = spec("prod/silver/checked")
    outs = {"table": dg.Out(dg.Nothing, is_required=False), "check": dg.Out(is_required=False)}
    return dg.AssetsDefinition(
        keys_by_output_name={"table": table.key},
        node_def=dg.OpDefinition(made, "prod_checked", outs=outs),
        can_subset=True,
        check_specs_by_output_name={"check": dg.AssetCheckSpec("inside", asset=table.key)},
        specs=[table],
    )


@dg.op
def anything(context: dg.OpExecutionContext) -> None:
    """An op of nobody's: it could do anything."""


@dg.job
def nightly() -> None:
    anything()


def build(state: str, digest: str = "sha256:one") -> dg.Definitions:
    """The code location over a deployment's state folder; `digest` is that of its tables' specs."""
    platform = Platform.of(load_settings({"ADP_STATE": state}, cwd=Path(state)))
    registry = register_agents()
    tables = [
        asset("dev_orders", spec("dev/bronze/orders", digest)),
        asset("dev_customers", spec("dev/bronze/customers", digest)),
        asset("dev_people", spec("dev/bronze/people", "sha256:scanned", tags={"pii": "unmasked"})),
        asset("staging_orders", spec("staging/bronze/orders", digest)),
        asset("prod_orders", spec("prod/bronze/orders", digest, tags={"pii": "none"})),
        asset("prod_people", spec("prod/bronze/people", digest, tags={"pii": "masked"})),
        asset("prod_sums", spec("prod/silver/sums", digest, deps=[["prod", "bronze", "orders"]])),
        asset("prod_daily", spec("prod/bronze/daily", digest, partitions_def=DAYS)),
        asset("mixed", spec("dev/silver/mixed", digest), spec("prod/silver/mixed", digest)),
        asset("bare", spec("prod/bronze/bare", "")),
        *(asset(f"look_alike_{number}", spec(path)) for number, path in enumerate(LOOK_ALIKES)),
    ]
    every = dg.define_asset_job("every_night", selection=dg.AssetSelection.assets(["prod", "gold", "revenue"]))
    return dg.Definitions(
        assets=[*tables, revenue, checked(), approvals_asset(platform)],
        asset_checks=[looks_right],
        jobs=[nightly, every, goal_job(registry, platform), workflow_job(registry, platform), decide_job()],
    )
