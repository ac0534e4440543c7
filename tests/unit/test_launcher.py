"""The second wall: whatever reached the queue, a run starts only with what was approved for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterRun, DagsterRunStatus
from dagster._core.launcher import ResumeRunContext

from agents.core.errors import PolicyError
from tests.unit.walls_deployment import ORDERS, Approver, Deployment, browser, deployment, request_of

PLAIN = {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Deployment]:
    with deployment(tmp_path) as made:
        yield made


def refused(place: Deployment, run: DagsterRun) -> bool:
    """Whether the launcher refused the run for good: it failed, and is not tried again."""
    assert run.run_id not in place.dequeue()
    now = place.again(run)
    return now.status == DagsterRunStatus.FAILURE and now.tags["dagster/max_retries"] == "0"


def test_without_the_coordinator_production_is_refused_and_dev_runs(tmp_path: Path) -> None:
    with deployment(tmp_path, run_coordinator=PLAIN) as place:
        forged = place.launch(ORDERS, tags={"platform/approval": "granted"}, source=browser())
        dev = place.launch("dev/bronze/orders", source=browser())
        assert place.dequeue() == [dev.run_id]
        assert refused(place, forged)


def test_a_tag_painted_granted_starts_nothing(place: Deployment) -> None:
    run = place.launch(ORDERS, source=browser())
    place.instance.add_run_tags(run.run_id, {"platform/approval": "granted"})
    assert refused(place, run)
    assert place.platform.approvals.lease(run.run_id) is None


def test_an_approved_run_is_leased_exactly_what_was_approved(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    ann.decide(request_of(place, run))
    assert run.run_id in place.dequeue()
    lease = place.platform.approvals.lease(run.run_id)
    assert lease
    assert dict(lease.effects.assets) == {ORDERS: "sha256:one"}


def test_a_spec_changed_between_approval_and_start_is_refused(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    ann.decide(request_of(place, run))
    place.digest = "sha256:two"
    assert refused(place, run)


def test_a_grant_revoked_while_its_run_is_queued_starts_nothing(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    request = request_of(place, run)
    ann.decide(request)
    assert "run" in ann.decide(request, "revoke", note="second thoughts")
    assert refused(place, run)


def test_a_grant_lets_no_other_asset_start(place: Deployment) -> None:
    ann, run = Approver(place), place.launch(ORDERS, source=browser())
    ann.decide(request_of(place, run))
    other = place.launch("prod/silver/sums", source=browser())
    place.instance.add_run_tags(other.run_id, {"platform/approval": "granted"})
    assert run.run_id in place.dequeue()
    assert refused(place, other)


def test_a_run_is_resumed_only_with_what_lets_it_start(place: Deployment) -> None:
    run = place.launch(ORDERS, source=browser())
    with place.process() as process:
        held = ResumeRunContext(place.again(run), process.create_request_context())
        with pytest.raises(PolicyError):
            place.launcher.resume_run(held)
        assert place.launcher.resumed == []
    again = place.launch(ORDERS, tags={"dagster/image": "two"}, source=browser())
    for name in ("ann", "bea"):  # another image is critical
        Approver(place, name).decide(request_of(place, again))
    with place.process() as process:
        place.launcher.resume_run(ResumeRunContext(place.again(again), process.create_request_context()))
    assert place.launcher.resumed == [again.run_id]


def test_nothing_starts_when_nobody_can_say_what_it_does(place: Deployment) -> None:
    run = place.launch("dev/bronze/orders")
    with pytest.raises(PolicyError, match="nobody can say"):
        place.launcher.resume_run(ResumeRunContext(run, None))
