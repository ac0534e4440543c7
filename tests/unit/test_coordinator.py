"""The first wall: every way to submit a run ends held, refused or passed, whatever the caller brings along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterRunStatus
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.backfill import execute_backfill_iteration
from sqlalchemy import Engine, event

from resources.holding import release, tag_run
from tests.unit.walls_deployment import (
    BACKFILL,
    ME,
    ORDERS,
    REEXECUTE,
    Approver,
    Deployment,
    browser,
    deployment,
    request_of,
    where,
)

FORGED = {
    "platform/approval": "granted",
    "platform/request": "AR-000099",
    "platform/kind": "child",
    "platform/goal": "G-000001",
    "platform/requester": "bob",
    "platform/anything": "x",
    "user": "bob",
    "dagster/sensor_name": "plans",
    "dagster/schedule_name": "nightly",
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path) as made:
        yield made


def test_a_dev_run_passes_and_a_prod_run_is_held(place: Deployment) -> None:
    dev, prod = place.launch("dev/bronze/orders"), place.launch(ORDERS, source=browser())
    assert prod.tags["platform/request"] == request_of(place, prod)
    assert place.dequeue() == [dev.run_id]
    assert place.held(prod)


def test_tags_forged_at_launch_count_for_nothing(place: Deployment) -> None:
    run = place.launch(ORDERS, tags=FORGED, source=browser())
    assert place.held(run)
    assert run.tags["platform/kind"] == run.tags["platform/goal"] == run.tags["platform/anything"] == ""
    requester = place.platform.approvals.requester_of_run(run.run_id)
    assert requester
    assert requester.name == ME
    assert "bob" in requester.claimed


def test_an_approved_run_starts_and_an_unchanged_refresh_passes_afterwards(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    assert "run" in ann.decide(request_of(place, run))
    assert place.again(run).tags["platform/approval"] == "granted"
    assert run.run_id in place.dequeue()
    again = place.launch(ORDERS, source=browser())
    assert again.run_id in place.dequeue()


def test_a_re_execution_copies_no_grant(place: Deployment) -> None:
    first = place.launch(ORDERS, tags={"dagster/image": "one"}, source=browser())
    for name in ("ann", "bea"):  # another image is critical
        Approver(place, name).decide(request_of(place, first))
    granted = place.again(first)
    assert granted.tags["platform/approval"] == "granted"
    params = {
        "selector": {**where("__ASSET_JOB"), "assetSelection": [{"path": ["prod", "silver", "sums"]}]},
        "runConfigData": {},
        "executionMetadata": {
            "parentRunId": first.run_id,
            "rootRunId": first.run_id,
            "tags": [{"key": key, "value": value} for key, value in granted.tags.items() if key[0] != "."],
        },
    }
    answer = place.ask(
        REEXECUTE.replace("ReexecutionParams", "ExecutionParams").replace("reexecutionParams", "executionParams"),
        {"params": params},
        browser(),
    )
    assert place.held(place.run(answer["launchPipelineReexecution"]))


def test_a_re_execution_from_the_parent_is_held_again_when_it_would_do_something_else(place: Deployment) -> None:
    ann, first = Approver(place), place.launch(ORDERS, source=browser())
    ann.decide(request_of(place, first))
    params = {
        "parentRunId": first.run_id,
        "strategy": "ALL_STEPS",
        "extraTags": [{"key": "dagster/image", "value": "evil:1"}],
        "useParentRunTags": True,
    }
    answer = place.ask(REEXECUTE, {"params": params}, browser())
    assert place.held(place.run(answer["launchPipelineReexecution"]))


def test_step_keys_and_op_selection_of_an_inner_op_are_held(place: Deployment) -> None:
    inner = ["prod__gold__revenue.inner"]
    by_step = place.launch(job="every_night", stepKeys=inner, source=browser())
    assert place.held(by_step)
    other = {"dagster/image": "other"}  # else it is the very same, and refused as such
    by_op = place.launch(job="every_night", selector={"solidSelection": inner}, tags=other, source=browser())
    assert place.held(by_op)


def test_checks_alone_do_not_write_and_assets_beside_them_are_held(place: Deployment) -> None:
    look = [{"assetKey": {"path": ["prod", "bronze", "orders"]}, "name": "looks_right"}]
    alone = place.launch(selector={"assetSelection": [], "assetCheckSelection": look}, source=browser())
    assert alone.run_id in place.dequeue()
    inside = [{"assetKey": {"path": ["prod", "silver", "checked"]}, "name": "inside"}]
    sneaked = place.launch(selector={"assetSelection": [], "assetCheckSelection": inside}, source=browser())
    assert place.held(sneaked)
    mixed = place.launch("dev/bronze/orders", ORDERS, source=browser())
    assert place.held(mixed)


def test_what_nobody_can_classify_is_held(place: Deployment) -> None:
    assert place.held(place.launch(job="nightly", source=browser()))


def test_a_run_without_an_execution_plan_is_held(place: Deployment) -> None:
    run = place.launch("dev/bronze/orders")
    bare = place.instance.run_storage.add_run(
        run._replace(run_id="00000000-0000-0000-0000-000000000001", execution_plan_snapshot_id=None).with_status(
            DagsterRunStatus.NOT_STARTED
        )
    )
    with place.process() as process:
        place.instance.submit_run(bare.run_id, process.create_request_context())
    assert place.held(bare)


def test_empty_limits_in_dagster_yaml_hold_all_the_same(tmp_path: Path) -> None:
    loose: dict[str, Any] = {"runs": {"max_concurrent_runs": 7, "tag_concurrency_limits": []}}
    with deployment(tmp_path, concurrency=loose) as place:
        assert place.held(place.launch(ORDERS, source=browser()))
        limits = place.instance.get_concurrency_config().run_queue_config
        assert limits
        assert limits.max_concurrent_runs == 7


def test_a_looser_limit_of_the_same_tag_in_dagster_yaml_counts_for_nothing(tmp_path: Path) -> None:
    loose = {"runs": {"tag_concurrency_limits": [{"key": "platform/approval", "value": "pending", "limit": 100}]}}
    with deployment(tmp_path, concurrency=loose) as place:
        assert place.held(place.launch(ORDERS, source=browser()))


def test_edited_run_config_and_image_ask_again(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    ann.decide(request_of(place, run))
    resource = {
        "execution": {"config": {"multiprocess": {"start_method": {"forkserver": {"preload_modules": ["os"]}}}}}
    }
    assert place.held(place.launch(ORDERS, config=resource, source=browser()))
    assert place.held(place.launch(ORDERS, tags={"dagster/image": "evil:1"}, source=browser()))


def test_a_changed_spec_asks_again(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    ann.decide(request_of(place, run))
    place.digest = "sha256:two"
    assert place.held(place.launch(ORDERS, source=browser()))


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Deployment]:
    """One with all events in one file, where nothing waits for the disk: else Dagster's own files take minutes."""
    events = {
        "module": "dagster._core.storage.event_log",
        "class": "ConsolidatedSqliteEventLogStorage",
        "config": {"base_dir": str(tmp_path / "events")},
    }
    (tmp_path / "events").mkdir()
    event.listen(Engine, "connect", hurried)
    try:
        with deployment(tmp_path, event_log_storage=events) as made:
            yield made
    finally:
        event.remove(Engine, "connect", hurried)


def hurried(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def test_500_partitions_wait_under_one_request_and_none_starts(busy: Deployment) -> None:
    place, days = busy, [f"day-{number}" for number in range(500)]
    params = {
        "assetSelection": [{"path": ["prod", "bronze", "daily"]}],
        "partitionNames": days,
        "tags": [{"key": "user", "value": "carol"}, {"key": "dagster/schedule_name", "value": "nightly"}],
    }
    with place.process() as process:
        answer = place.ask(BACKFILL, {"params": params}, browser())["launchPartitionBackfill"]
        assert "backfillId" in answer, answer
        backfill(place, process)
        runs = place.instance.get_runs()
        assert len(runs) == 500
        assert {request_of(place, run) for run in runs} == {request_of(place, runs[0])}
    assert place.dequeue() == []
    requester = place.platform.approvals.requester_of_run(runs[0].run_id)
    assert requester
    assert not requester.name.startswith("automation")


def backfill(place: Deployment, process: WorkspaceProcessContext) -> None:
    import logging

    for _ in range(4):
        list(execute_backfill_iteration(process, logging.getLogger("test")))


def test_a_repeated_request_is_told_and_one_from_a_schedule_ends(place: Deployment) -> None:
    first = place.launch(ORDERS, tags={"dagster/schedule_name": "nightly"})
    assert place.held(first)
    second = place.launch(ORDERS, tags={"dagster/schedule_name": "nightly"})
    assert second.status == DagsterRunStatus.CANCELED
    answer = place.attempt(ORDERS, source=browser())
    assert request_of(place, first) in answer["message"]


def test_a_child_of_a_run_that_was_not_approved_for_it_is_refused_instead_of_held(place: Deployment) -> None:
    tags = {"platform/kind": "child", "platform/goal": "G-000001", "platform/agent": "pipeline"}
    answer = place.attempt(ORDERS, tags=tags)
    assert "was not approved" in answer["message"]
    child = place.launch("dev/bronze/orders", tags=tags)
    assert child.tags["platform/kind"] == "child"
    assert child.tags["platform/goal"] == "G-000001"


@pytest.mark.parametrize(
    ("action", "inputs", "said"),
    [
        ("promote", {"assets": ["bronze/nosuch"], "to": "prod"}, "no product holds bronze/nosuch"),
        ("rollback", {"assets": ["bronze/nosuch"]}, "no release of bronze/nosuch is recorded"),
        ("promote", {"assets": ["bronze/orders"], "to": "staging"}, "acts in prod may not release to staging"),
        ("promote", {"assets": ["bronze/orders"], "to": {"b": 1}}, "may not release to"),
        ("promote", {"assets": {"a": 1}, "to": "prod"}, "a release needs assets"),
        ("promote", {"assets": [], "to": "prod"}, "a release needs assets"),
        ("promote", {"assets": "bronze", "to": "prod"}, "'bronze' names no asset to release"),
    ],
)
def test_nobody_is_asked_for_a_release_that_cannot_be_done(
    place: Deployment, action: str, inputs: dict[str, Any], said: str
) -> None:
    goal = place.platform.store.create_goal("release it", "prod", ME, None, "run").id
    steps = [{"id": "s1", "action": action, "inputs": inputs}]
    route = {"goal": goal, "phase": 1, "environment": "prod"}
    config = {"ops": {"route": {"config": route}, "deployment": {"config": {"steps": steps}}}}
    for source in (browser(), None):
        answer = place.attempt(job="workflow", config=config, source=source, tags={"platform/approval": "granted"})
        assert said in answer["message"]
    assert place.platform.approvals.requests() == []
    for run in place.instance.get_runs():
        assert run.status == DagsterRunStatus.FAILURE
        # Who it was for stays known, so that the goal ends too.
        assert (run.tags["platform/goal"], run.tags["platform/approval"]) == (goal, "")


def test_a_backfill_that_calls_its_runs_children_of_a_goal_gets_no_such_names(place: Deployment) -> None:
    forged = {"platform/kind": "child", "platform/goal": "G-000001", "platform/agent": "deployment"}
    params = {
        "assetSelection": [{"path": ["dev", "bronze", "orders"]}],
        "allPartitions": True,
        "tags": [{"key": key, "value": value} for key, value in forged.items()],
    }
    with place.process() as process:
        answer = place.ask(BACKFILL, {"params": params}, browser())["launchPartitionBackfill"]
        assert "backfillId" in answer, answer
        backfill(place, process)
    (run,) = place.instance.get_runs()
    assert [run.tags[key] for key in forged] == ["", "", ""]


@pytest.mark.parametrize("name", ["Prod", "prod ", "prod\u200b", "рrod", "production", "../prod"])
def test_what_is_no_environment_is_refused_at_once(place: Deployment, name: str) -> None:
    steps = [{"id": "s1", "action": "optimize", "inputs": {"asset": "bronze/orders"}}]
    config = {"ops": {"route": {"config": {"environment": name}}, "pipeline": {"config": {"steps": steps}}}}
    answer = place.attempt(job="workflow", config=config, source=browser())
    assert "is no environment" in answer["message"]
    assert place.platform.approvals.requests() == []


def test_a_lost_tag_is_written_again_and_without_it_nothing_starts_in_production(place: Deployment) -> None:
    run = place.launch(ORDERS, source=browser())
    place.instance.add_run_tags(run.run_id, {"platform/approval": "", "platform/request": ""})
    assert place.dequeue() == []
    refused = place.again(run)
    assert refused.status == DagsterRunStatus.FAILURE
    assert refused.tags["dagster/max_retries"] == "0"


def test_release_says_what_it_let_go_and_only_what_was_held(place: Deployment) -> None:
    run = place.launch(ORDERS, source=browser())
    assert release(place.instance, [run.run_id, "gone"]) == [run.run_id]
    assert release(place.instance, [run.run_id]) == []
    assert place.dequeue() == []


def test_tags_survive_a_writer_that_undoes_them(place: Deployment) -> None:
    run = place.launch("dev/bronze/orders")
    tag_run(place.instance, run.run_id, {"platform/approval": "granted"})
    assert place.again(run).tags["platform/approval"] == "granted"


def test_a_forged_backfill_does_not_speak_for_another_person(place: Deployment) -> None:
    forged = place.launch(ORDERS, tags={"user": "mallory", "dagster/backfill": "other", "dagster/sensor_name": "s"})
    requester = place.platform.approvals.requester_of_run(forged.run_id)
    assert requester
    assert (requester.name, requester.known) == ("mallory", False)


def test_what_a_terminal_or_automation_asks_for_first_needs_two_people(place: Deployment) -> None:
    terminal, sensor = place.launch(ORDERS), place.launch("prod/silver/sums", tags={"dagster/sensor_name": "watch"})
    found = place.platform.approvals
    assert found.requester_of_run(terminal.run_id) is not None
    known = [found.requester_of_run(run.run_id) for run in (terminal, sensor)]
    assert [who.known for who in known if who] == [False, True]
    quorums = [request.quorum for request in found.requests()]
    assert quorums == [2, 2]
