"""What a run would really do is found from its steps, whatever its name, tags and selection say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterRun
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.remote_representation.external import RemoteJob
from dagster._core.workspace.context import WorkspaceRequestContext

from agents.core.approval import Effects, Facts
from platform_defs.classify import Graph, effects_of, repository_of
from platform_defs.classify_facts import facts_of
from platform_defs.instance import LOCATION
from platform_defs.run_config import effective
from platform_defs.walls import walls_of
from tests.unit.walls_definitions import LOOK_ALIKES
from tests.unit.walls_deployment import Deployment, deployment

PROMOTE = {"id": "s1", "action": "ingest", "inputs": {"connection": "c", "table": "t", "destination": "bronze/t"}}


class Runs:
    """Makes runs as the webserver does, and says what they would do."""

    def __init__(self, place: Deployment, request: WorkspaceRequestContext) -> None:
        self.place, self.request = place, request

    def make(
        self,
        *assets: str,
        job: str = "__ASSET_JOB",
        checks: Any = None,
        ops: list[str] | None = None,
        steps: list[str] | None = None,
        config: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
        **more: Any,
    ) -> DagsterRun:
        location = self.request.get_code_location(LOCATION)
        keys = more.get("keys") or [AssetKey(asset.split("/")) for asset in assets] or None
        remote: RemoteJob = location.get_job(JobSubsetSelector(LOCATION, "__repository__", job, ops, keys, checks))
        plan = location.get_execution_plan(remote, config or {}, steps, None, self.place.instance)
        return self.place.instance.create_run(
            job_name=job,
            run_id=None,
            run_config=config or {},
            status=None,
            tags=tags or {},
            root_run_id=more.get("parent"),
            parent_run_id=more.get("parent"),
            step_keys_to_execute=steps,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            job_snapshot=remote.job_snapshot,
            parent_job_snapshot=remote.parent_job_snapshot,
            asset_selection=frozenset(keys) if keys else None,
            asset_check_selection=None,
            resolved_op_selection=frozenset(ops) if ops else None,
            op_selection=ops,
            remote_job_origin=remote.get_remote_origin(),
            job_code_origin=remote.get_python_origin(),
            asset_graph=self.request.asset_graph,
        )

    def judge(self, run: DagsterRun) -> tuple[Effects, Facts]:
        walls = walls_of(str(self.place.folder / "state"))
        return effects_of(self.place.instance, run, self.request, walls.registry, walls.platform)

    def effects(self, *assets: str, **more: Any) -> Effects:
        return self.judge(self.make(*assets, **more))[0]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with (
        deployment(tmp_path_factory.mktemp("classify")) as place,
        place.process() as process,
        process.create_request_context() as request,
    ):
        yield Runs(place, request)


def test_a_dev_table_is_written_in_dev(runs: Runs) -> None:
    effects = runs.effects("dev/bronze/orders")
    assert (effects.environment, effects.assets, effects.unknown) == ("dev", {"dev/bronze/orders": "sha256:one"}, ())


def test_a_prod_table_among_dev_tables_makes_it_production(runs: Runs) -> None:
    effects = runs.effects("dev/bronze/orders", "staging/bronze/orders", "prod/bronze/orders")
    assert effects.environment == "prod"
    assert effects.assets["prod/bronze/orders"] == "sha256:one"
    assert effects.refresh
    assert "write_data" in effects.effects


def test_a_subset_of_a_multi_asset_is_what_it_selects(runs: Runs) -> None:
    assert runs.effects("dev/silver/mixed").environment == "dev"
    assert set(runs.effects("prod/silver/mixed").assets) == {"prod/silver/mixed"}


def test_an_inner_op_of_a_graph_asset_is_production(runs: Runs) -> None:
    by_step = runs.effects(job="every_night", steps=["prod__gold__revenue.inner"])
    by_op = runs.effects(job="every_night", ops=["prod__gold__revenue.inner"])
    for effects in (by_step, by_op):
        assert effects.environment == "prod"
        assert effects.assets == {"prod/gold/revenue": "sha256:graph"}
        assert not effects.refresh
        assert "prod__gold__revenue.inner" in effects.selection


def test_a_partial_run_names_the_run_whose_outputs_it_reads(runs: Runs) -> None:
    parent = runs.make(job="every_night")
    other = runs.make(job="every_night")
    step = ["prod__gold__revenue.outer"]
    mine = runs.effects(job="every_night", steps=step, parent=parent.run_id)
    assert f"from run {parent.run_id}" in mine.selection
    assert mine.digest != runs.effects(job="every_night", steps=step, parent=other.run_id).digest


def test_retrying_some_whole_assets_is_a_refresh_of_those(runs: Runs) -> None:
    effects = runs.effects("prod/bronze/orders", "prod/silver/sums", steps=["prod_sums"])
    assert effects.refresh
    assert set(effects.assets) == {"prod/silver/sums"}
    assert effects.digest == runs.effects("prod/silver/sums").digest


def test_a_check_by_itself_reads_production(runs: Runs) -> None:
    key = AssetKey(["prod", "bronze", "orders"])
    effects = runs.effects(checks=[AssetCheckKey(key, "looks_right")])
    assert (effects.environment, effects.effects, effects.assets) == ("prod", ("read",), {})
    assert "check prod/bronze/orders:looks_right" in effects.selection


def test_a_check_inside_an_assets_op_counts_as_writing_it(runs: Runs) -> None:
    effects = runs.effects(checks=[AssetCheckKey(AssetKey(["prod", "silver", "checked"]), "inside")])
    assert effects.environment == "prod"
    assert "write_data" in effects.effects
    assert set(effects.assets) == {"prod/silver/checked"}


@pytest.mark.parametrize("path", LOOK_ALIKES, ids=str)
def test_keys_that_only_look_like_something_known_are_unknown(runs: Runs, path: list[str]) -> None:
    effects = runs.effects(keys=[AssetKey(path)])
    assert effects.environment == "prod"
    assert effects.unknown
    assert "external" in effects.effects
    assert effects.single_use


def test_ops_of_nobody_and_prod_assets_without_a_digest_are_unknown(runs: Runs) -> None:
    assert runs.effects(job="nightly").unknown == ("op anything of job nightly",)
    assert runs.effects("prod/bronze/bare").unknown == ("asset prod/bronze/bare without a digest",)


def test_without_an_execution_plan_it_is_unknown(runs: Runs) -> None:
    run = runs.make("dev/bronze/orders")
    effects, _ = runs.judge(run._replace(execution_plan_snapshot_id=None))
    assert effects.environment == "prod"
    assert "no execution plan" in effects.unknown


def test_definitions_that_are_not_loaded_are_unknown(runs: Runs) -> None:
    run = runs.make("dev/bronze/orders")
    elsewhere = run.remote_job_origin
    assert elsewhere
    repository = elsewhere.repository_origin
    lost = repository.code_location_origin._replace(location_name="gone")
    origin = elsewhere._replace(repository_origin=repository._replace(code_location_origin=lost))
    effects, _ = runs.judge(run._replace(remote_job_origin=origin))
    assert effects.environment == "prod"
    assert "definitions that are not loaded" in effects.unknown


def test_goals_only_plan(runs: Runs) -> None:
    effects = runs.effects(job="goal", config={"ops": {"plan": {"config": {"goal": "load t", "environment": "prod"}}}})
    assert (effects.environment, effects.effects, effects.unknown) == ("dev", ("read",), ())


def test_a_workflow_is_its_environment_its_steps_and_their_effects(runs: Runs) -> None:
    def config(**route: Any) -> dict[str, Any]:
        return {"ops": {"route": {"config": route}, "pipeline": {"config": {"steps": [PROMOTE]}}}}

    effects = runs.effects(job="workflow", config=config(environment="prod", goal="G-1", attempt=1, requester="a"))
    assert effects.environment == "prod"
    assert effects.steps[0]["action"] == "ingest"
    assert "write_data" in effects.effects
    assert effects.config == {}
    assert not effects.unknown
    again = runs.effects(job="workflow", config=config(environment="prod", goal="G-2", attempt=2, requester="b"))
    assert again.digest == effects.digest
    assert runs.effects(job="workflow", config=config(environment="dev")).environment == "dev"
    edited = config(environment="prod")
    edited["ops"]["pipeline"]["config"]["steps"] = [{**PROMOTE, "inputs": {**PROMOTE["inputs"], "table": "u"}}]
    assert runs.effects(job="workflow", config=edited).digest != effects.digest


def test_an_action_nobody_registered_is_unknown(runs: Runs) -> None:
    step = {**PROMOTE, "action": "erase"}
    config = {"ops": {"route": {"config": {"environment": "dev"}}, "pipeline": {"config": {"steps": [step]}}}}
    effects = runs.effects(job="workflow", config=config)
    assert effects.environment == "prod"
    assert effects.unknown == ("pipeline.erase",)


def test_config_and_image_are_part_of_it_and_bookkeeping_is_not(runs: Runs) -> None:
    plain = runs.effects("prod/bronze/orders")
    same = runs.effects(
        "prod/bronze/orders",
        config={"execution": {"config": {"in_process": {}}}, "loggers": {"console": {"config": {}}}},
        tags={"dagster/priority": "9", "team": "a", "dagster/partition": "x"},
    )
    assert same.digest == plain.digest
    image = runs.effects("prod/bronze/orders", tags={"dagster/image": "evil:1"})
    pod = runs.effects("prod/bronze/orders", tags={"dagster-k8s/config": "{}"})
    assert not image.refresh
    assert len({image.digest, pod.digest, plain.digest}) == 3


@pytest.mark.parametrize(
    "execution",
    [
        {"config": {"multiprocess": {"start_method": {"forkserver": {"preload_modules": ["evil"]}}}}},
        {"config": {"k8s": {"image": "evil"}}},
        {"config": {"multiprocess": {"env": {"A": "b"}}}},
    ],
)
def test_an_executor_that_runs_other_code_stays_in_the_config(execution: dict[str, Any]) -> None:
    assert effective({"execution": execution}) == {"execution": execution}


def test_risk_looks_at_what_is_downstream_and_at_personal_data(runs: Runs) -> None:
    _, facts = runs.judge(runs.make("prod/bronze/orders", "prod/bronze/people"))
    assert (facts.blast_radius, facts.pii, facts.reversible) == (1, "masked", True)
    _, facts = runs.judge(runs.make("prod/bronze/orders", "prod/silver/sums"))
    assert facts.pii == "unknown"


@pytest.mark.parametrize(
    ("action", "asset", "digest", "pii"),
    [
        ("promote", "people", "sha256:new", "unmasked"),  # what dev's scan said of it since the last release
        ("promote", "orders", "sha256:new", "unknown"),  # what production knew of the former spec counts no more
        ("rollback", "people", "sha256:former", "unmasked"),  # of what nobody can look up, the stricter
        ("promote", "people", "sha256:one", "masked"),  # as it stands
    ],
)
def test_personal_data_of_a_release_is_that_of_the_specs_it_brings(
    runs: Runs, action: str, asset: str, digest: str, pii: str
) -> None:
    name = f"prod/bronze/{asset}"
    step = {"agent": "deployment", "action": action, "inputs": {"assets": [f"bronze/{asset}"]}}
    graph = Graph(repository_of(runs.make(name), runs.request))
    assert facts_of(Effects("prod", ("write_data",), {name: digest}, (step,)), graph).pii == pii


def test_a_deletion_in_dev_knows_the_personal_data_that_it_touches(runs: Runs) -> None:
    step = {"agent": "governance", "action": "erase", "inputs": {"assets": ["bronze/people"]}}
    graph = Graph(repository_of(runs.make("dev/bronze/people"), runs.request))
    facts = facts_of(Effects("dev", ("delete",), {"dev/bronze/people": "sha256:erase"}, (step,)), graph)
    assert (facts.pii, facts.reversible) == ("unmasked", False)
    facts = facts_of(Effects("dev", ("write_data",), {"dev/bronze/people": "sha256:new"}, ()), graph)
    assert (facts.pii, facts.reversible) == ("unknown", True), "nobody is asked"
