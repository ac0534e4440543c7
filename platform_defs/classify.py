"""What a run would really do: every step that it would execute, mapped to the assets of its op.

Output keys alone would not do: an inner op of a graph asset has none, and a step selection or an op selection can run
it alone. What cannot be mapped is unknown, and what is unknown counts as production.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from agents.core.approval import Effects, Facts
from agents.core.catalog import ENVIRONMENTS, LAYERS, TableId
from agents.core.registry import Effect, Registry
from platform_defs.plans import plan_of
from platform_defs.run_config import effective
from resources.settings import LOCATION

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance, DagsterRun
    from dagster._core.definitions.assets.graph.remote_asset_graph import RemoteAssetNode
    from dagster._core.remote_representation.external import RemoteRepository
    from dagster._core.snap import ExecutionPlanSnapshot
    from dagster._core.snap.execution_plan_snapshot import ExecutionStepSnap
    from dagster._core.workspace.context import BaseWorkspaceRequestContext

    from resources.platform import Platform

DIGEST = "platform/digest"
INBOX = "platform/approvals"  # the config of its runs holds codes: it is kept nowhere
GOAL_JOB, WORKFLOW_JOB = "goal", "workflow"
# Tags by which run launchers and executors choose what is executed: an image, a container's whole spec.
_EXECUTING = re.compile(r"dagster/image$|docker/|dagster-(k8s|docker|aws|celery|ecs)|ecs/", re.IGNORECASE)
_SAFE = re.compile(r"\w[\w.-]*")

_owners: WeakKeyDictionary[RemoteRepository, Mapping[str, frozenset[AssetKey]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Touched:
    """What the steps of a run belong to. `partial` are its steps where it is not simply all of some assets."""

    assets: frozenset[AssetKey] = frozenset()
    checks: tuple[str, ...] = ()
    checked: frozenset[AssetKey] = frozenset()
    ops: frozenset[str] = frozenset()
    partial: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """The loaded definitions that a run belongs to; `repository` is None when they are not loaded."""

    repository: RemoteRepository | None

    def node(self, key: AssetKey) -> RemoteAssetNode | None:
        """What the definitions say of an asset."""
        if self.repository is None or not self.repository.asset_graph.has(key):
            return None
        return self.repository.asset_graph.get(key)

    def metadata(self, name: str) -> dict[str, str]:
        """What the assets that have it say under this name, by whole key."""
        nodes = self.repository.asset_graph.asset_nodes if self.repository else ()
        told = {node.key.to_user_string(): node.metadata[name].value for node in nodes if name in node.metadata}
        return {key: str(value) for key, value in told.items()}

    def owners(self, op: str) -> frozenset[AssetKey]:
        """The assets that an op, by its handle, works for."""
        if self.repository is None:
            return frozenset()
        if (known := _owners.get(self.repository)) is None:
            found: dict[str, set[AssetKey]] = {}
            for node in self.repository.asset_graph.asset_nodes:
                for name in node.resolve_to_singular_repo_scoped_node().asset_node_snap.op_names:
                    found.setdefault(name, set()).add(node.key)
            known = _owners[self.repository] = {name: frozenset(keys) for name, keys in found.items()}
        return known.get(op, frozenset())

    def ops(self, key: AssetKey) -> frozenset[str]:
        """The ops, by their handles, that make an asset."""
        node = self.node(key)
        return frozenset(node.resolve_to_singular_repo_scoped_node().asset_node_snap.op_names) if node else frozenset()


def effects_of(
    instance: DagsterInstance,
    run: DagsterRun,
    workspace: BaseWorkspaceRequestContext,
    registry: Registry,
    platform: Platform,
) -> tuple[Effects, Facts]:
    """What the run would do, and what risk depends on. Nothing a caller says in tags or names counts.

    The keys of `Effects.assets` are whole asset keys, `platform/...` among them; a run of `workflow` has the digests of
    what it would promote.
    """
    graph = Graph(repository_of(run, workspace))
    plan = plan_of(instance, run)
    if plan is None or graph.repository is None:
        why = "no execution plan" if plan is None else "definitions that are not loaded"
        return _unclassified(run, (why,)), Facts()
    touched = touch(run, plan, graph)
    if run.job_name == WORKFLOW_JOB and touched.ops and not touched.assets and _ours(run):
        from platform_defs.classify_workflow import workflow_effects

        return workflow_effects(run, touched, graph, registry, platform)
    from platform_defs.classify_facts import facts_of

    effects = _asset_effects(run, touched, graph)
    return effects, facts_of(effects, graph)


def repository_of(run: DagsterRun, workspace: BaseWorkspaceRequestContext) -> RemoteRepository | None:
    """The repository that the run's job belongs to, when it is loaded."""
    if run.remote_job_origin is None:
        return None
    origin = run.remote_job_origin.repository_origin
    name = origin.code_location_origin.location_name
    if not workspace.has_code_location(name):
        return None
    location = workspace.get_code_location(name)
    return location.get_repository(origin.repository_name) if location.has_repository(origin.repository_name) else None


def touch(run: DagsterRun, plan: ExecutionPlanSnapshot, graph: Graph) -> Touched:
    """Map the steps that would be executed to assets, checks, and ops that belong to no asset."""
    wanted = set(plan.step_keys_to_execute if run.step_keys_to_execute is None else run.step_keys_to_execute)
    chosen = [step for step in plan.steps if step.key in wanted]
    missing = wanted - {step.key for step in chosen}
    assets: set[AssetKey] = set()
    checked: set[AssetKey] = set()
    checks: set[str] = set()
    loose: set[str] = set()
    for step in chosen:
        made, judged = _keys(step)
        # A step with checks alone may be the op of the whole asset, which no selection can split.
        owned = made or graph.owners(step.node_handle_id)
        assets |= owned
        checked |= {key for key, _ in judged} - owned
        checks |= {f"check {key.to_user_string()}:{name}" for key, name in judged if key not in owned}
        if not owned and not judged:
            loose.add(step.node_handle_id)
    executed = {step.node_handle_id for step in chosen}
    whole = all(graph.ops(key) <= executed for key in assets)
    everything = len(chosen) == len(plan.steps)
    partial = bool(run.op_selection) or not (whole and (everything or not loose))
    return Touched(
        frozenset(assets),
        tuple(sorted(checks)),
        frozenset(checked),
        frozenset(loose),
        (*sorted(wanted), *_past(run, plan)) if partial else (),
        tuple(f"step {key}" for key in sorted(missing)),
    )


def table_of(path: Iterable[str]) -> TableId | None:
    """The lake table that an asset key names exactly; None for every other key, however alike it looks."""
    parts = tuple(path)
    if len(parts) != 3 or parts[0] not in ENVIRONMENTS or parts[1] not in LAYERS or not _SAFE.fullmatch(parts[2]):
        return None
    return TableId(*parts)


def digest_of(node: RemoteAssetNode | None) -> str:
    """The digest of an asset's spec as the definitions carry it, else its code version; empty when it has neither."""
    if node is None:
        return ""
    told = getattr(node.metadata.get(DIGEST), "value", None)
    return str(told or node.code_version or "")


def declared(effects: Iterable[Effect], unknown: Iterable[str]) -> tuple[Effect, ...]:
    """The effects in order; what is unknown may have any, also outside."""
    found = set(effects)
    if any(unknown):
        found.add("external")
    return tuple(sorted(found))


def executing_tags(run: DagsterRun) -> dict[str, str]:
    """The tags that decide what is executed."""
    return {key: value for key, value in run.tags.items() if _EXECUTING.match(key)}


def _asset_effects(run: DagsterRun, touched: Touched, graph: Graph) -> Effects:
    assets: dict[str, str] = {}
    environments: set[str] = set()
    effects: set[Effect] = {"read"}
    unknown = [*touched.unknown, *_unowned(run, touched)]
    for key in touched.assets | touched.checked:
        name, table = key.to_user_string(), table_of(key.path)
        if table is None and not (len(key.path) == 2 and key.path[0] == "platform"):
            unknown.append(f"asset {name}")
            continue
        environments.add(table.environment if table else "dev")
        if key in touched.assets:
            if table:
                effects.add("write_data")
            assets[name] = digest_of(graph.node(key)) if table else ""
            if table and table.environment == "prod" and not assets[name]:
                unknown.append(f"asset {name} without a digest")
    environment = "prod" if unknown else max(environments or {"dev"}, key=ENVIRONMENTS.index)
    return Effects(
        environment,
        declared(effects, unknown),
        assets,
        config={} if INBOX in assets else effective(run.run_config),
        selection=(*(() if assets else touched.checks), *touched.partial),
        unknown=tuple(sorted(unknown)),
        tags=executing_tags(run),
    )


def _unowned(run: DagsterRun, touched: Touched) -> list[str]:
    """Ops that belong to no asset: those of the platform's `goal` job only plan, every other is unknown."""
    known = {"plan"} if run.job_name == GOAL_JOB and _ours(run) else set[str]()
    return [f"op {op} of job {run.job_name}" for op in sorted(touched.ops - known)]


def _unclassified(run: DagsterRun, why: tuple[str, ...]) -> Effects:
    assets = {key.to_user_string(): "" for key in run.asset_selection or ()}
    selection = tuple(sorted(run.step_keys_to_execute or ()))
    config = {} if INBOX in assets else effective(run.run_config)
    unknown = (*why, f"job {run.job_name}")
    return Effects("prod", ("external",), assets, (), config, selection, unknown, executing_tags(run))


def _ours(run: DagsterRun) -> bool:
    """Whether the job is one of the platform's own code location: only there do these names mean what they say."""
    return bool(run.remote_job_origin and run.remote_job_origin.location_name == LOCATION)


def _keys(step: ExecutionStepSnap) -> tuple[frozenset[AssetKey], frozenset[tuple[AssetKey, str]]]:
    from dagster import AssetKey

    made = frozenset(key for key in step.entity_keys if isinstance(key, AssetKey))
    return made, frozenset((key.asset_key, key.name) for key in step.entity_keys if not isinstance(key, AssetKey))


def _past(run: DagsterRun, plan: ExecutionPlanSnapshot) -> tuple[str, ...]:
    """The run whose outputs a partial run would read: it is part of what is approved."""
    parent = plan.initial_known_state.parent_state if plan.initial_known_state else None
    named = {run.parent_run_id or "", parent.run_id if parent else ""} - {""}
    return tuple(f"from run {run_id}" for run_id in sorted(named))
