"""What approvals cost: a submit, a release, another run's wait behind held runs, and the ledger.

`submit_ms` is what attributing and judging adds to a submit with 10,000 grants in the store; `release_s` the time from
a decision to the start of its run, with the dequeue interval in force; `queue_ratio` another run's wait with 10,000
held runs over that with none. Prints `name=value`.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from dagster import AssetKey, DagsterInstance, DagsterRun, DagsterRunStatus, StringSource
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from benchmarks.bench_ledger import append_per_second, verify_1m_seconds
from platform_defs.instance import LOCATION, Home, dagster_yaml
from platform_defs.launcher import Governed
from platform_defs.walls import walls_of
from resources.holding import APPROVAL, PENDING, release
from resources.identity import Person
from resources.platform import Platform

GRANTS = HELD = 10_000
SUBMITS, RELEASES, WAITS = 40, 5, 8
CODE = """
import dagster as dg

def table(environment, name):
    @dg.asset(key=[environment, "bronze", name], metadata={"platform/digest": "sha256:" + name})
    def made() -> None: ...
    return made

defs = dg.Definitions(assets=[table(e, n) for e in ("dev", "prod") for n in ("orders", "customers")])
"""
DEV, PROD = AssetKey(["dev", "bronze", "orders"]), AssetKey(["prod", "bronze", "orders"])
ANN, BOB = (Person(name, frozenset({"approver"}), frozenset({"platform"}), (), True) for name in ("ann", "bob"))


class Starting(RunLauncher, ConfigurableClass):
    """A launcher that notes when it was to start what."""

    def __init__(self, inst_data: ConfigurableClassData | None = None, state: str = "") -> None:
        self._inst_data, self.state, self.at = inst_data, state, dict[str, float]()
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """As Dagster asks for it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """The state folder."""
        return {"state": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Any:
        """As dagster.yaml says."""
        return cls(inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Note the moment, and call the run done: it takes no slot."""
        self.at[context.dagster_run.run_id] = time.monotonic()
        self._instance.report_run_canceled(context.dagster_run)

    def terminate(self, run_id: str) -> bool:
        """Nothing runs."""
        return False


class GovernedStarting(Governed, Starting):
    """The same behind the second wall."""


@dataclass
class Bench:
    """A deployment with one code location, in this process."""

    instance: DagsterInstance
    process: WorkspaceProcessContext
    platform: Platform

    def run(self, key: AssetKey, **tags: str) -> DagsterRun:
        """A run of one asset, not submitted yet."""
        request = self.process.create_request_context()
        location = request.get_code_location(LOCATION)
        job = location.get_job(JobSubsetSelector(LOCATION, "__repository__", "__ASSET_JOB", None, [key]))
        plan = location.get_execution_plan(job, {}, None, None, self.instance)
        return self.instance.create_run(
            job_name="__ASSET_JOB",
            run_id=None,
            run_config={},
            status=DagsterRunStatus.NOT_STARTED,
            tags=tags,
            root_run_id=None,
            parent_run_id=None,
            step_keys_to_execute=None,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            job_snapshot=job.job_snapshot,
            parent_job_snapshot=job.parent_job_snapshot,
            asset_selection=frozenset({key}),
            asset_check_selection=None,
            resolved_op_selection=None,
            op_selection=None,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            asset_graph=request.asset_graph,
        )

    def submit(self, run: DagsterRun, *, judged: bool = True) -> float:
        """Seconds that submitting takes, with the platform's coordinator or with Dagster's own part alone."""
        coordinator = self.instance.run_coordinator
        assert isinstance(coordinator, QueuedRunCoordinator)
        context = SubmitRunContext(run, self.process.create_request_context())
        begun = time.perf_counter()
        coordinator.submit_run(context) if judged else QueuedRunCoordinator.submit_run(coordinator, context)
        return time.perf_counter() - begun

    def started(self, run: DagsterRun) -> float:
        """When the daemon started the run; waits for it."""
        launcher = self.instance.run_launcher
        assert isinstance(launcher, Starting)
        deadline = time.monotonic() + 120
        while run.run_id not in launcher.at and time.monotonic() < deadline:
            time.sleep(0.01)
        return launcher.at[run.run_id]

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The queue's daemon in Dagster's own loop, at the interval of dagster.yaml."""
        stop, coordinator = threading.Event(), self.instance.run_coordinator
        assert isinstance(coordinator, QueuedRunCoordinator)
        queue = QueuedRunCoordinatorDaemon(coordinator.dequeue_interval_seconds)

        def work() -> None:
            for _ in queue.core_loop(self.process, stop):
                if stop.is_set():
                    return

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def opened(folder: Path) -> Iterator[Bench]:
    """A deployment in a folder."""
    home = Home(folder / "state")
    home.dagster.mkdir(parents=True)
    launcher = {"module": __name__, "class": "GovernedStarting", "config": {"state": str(home.state)}}
    (home.dagster / "dagster.yaml").write_text(yaml.safe_dump({**dagster_yaml(home), "run_launcher": launcher}))
    (folder / "bench_location.py").write_text(CODE)
    target = LoadableTargetOrigin(python_file=str(folder / "bench_location.py"), working_directory=str(folder))
    place = InProcessWorkspaceLoadTarget([InProcessCodeLocationOrigin(target, location_name=LOCATION)])
    platform = walls_of(str(home.state)).platform
    platform.keys.create()
    with (
        DagsterInstance.from_ref(InstanceRef.from_dir(str(home.dagster))) as instance,
        WorkspaceProcessContext(instance, place, version="") as process,
    ):
        yield Bench(instance, process, platform)


def approve(bench: Bench, run: DagsterRun) -> str:
    """Decide on the request of a held run; its id."""
    request = bench.platform.approvals.request_of_run(run.run_id)
    assert request
    for person in (ANN, BOB)[: request.quorum]:
        bench.platform.approvals.decide(request.id, "approve", person)
    return request.id


def store_grants(bench: Bench, request: str, count: int) -> None:
    """Copy a granted request with its grant under other ids and for other assets."""
    from resources import store_tables as db

    with bench.platform.store.database().write() as connection:
        for table, key in ((db.requests, "id"), (db.grants, "request_id"), (db.grant_assets, "request_id")):
            row = connection.execute(table.select().where(table.c[key] == request)).mappings().first()
            assert row
            copies = [{**row, key: f"AR-9{number:06d}"} for number in range(count)]
            for number, copy in enumerate(copies):
                if "digest" in copy:
                    copy["digest"] = f"sha256:{number:064x}"
                if "asset" in copy:
                    copy["asset"] = f"prod/bronze/table_{number}"
            connection.execute(table.insert(), copies)


def hold(bench: Bench, count: int) -> None:
    """Put held runs into Dagster's queue."""
    held = bench.run(AssetKey(["prod", "bronze", "customers"]), **{APPROVAL: PENDING})
    for _ in range(count):
        bench.instance.run_storage.add_run(
            held.with_status(DagsterRunStatus.QUEUED)._replace(run_id=str(uuid4()))  # the queue reads nothing else
        )


def submit_ms(bench: Bench) -> float:
    """What judging adds to a submit, in milliseconds; the median, of dev and of covered prod runs."""
    added: list[float] = []
    for _ in range(SUBMITS // 2):
        for key in (DEV, PROD):
            judged, plain = bench.run(key, **{"dagster/sensor_name": "s"}), bench.run(key)
            added.append(bench.submit(judged) - bench.submit(plain, judged=False))
            for run in (judged, plain):
                bench.instance.report_run_canceled(run)
    return statistics.median(added) * 1000


def release_seconds(bench: Bench) -> float:
    """The longest time from a decision to the start of its run."""
    longest = 0.0
    with bench.daemon():
        for number in range(RELEASES):
            run = bench.run(PROD, **{"dagster/image": f"image:{number}"})
            bench.submit(run)
            time.sleep(0.3 * number)
            decided = time.monotonic()
            approve(bench, run)
            release(bench.instance, [run.run_id])
            longest = max(longest, bench.started(run) - decided)
    return longest


def wait_seconds(bench: Bench) -> float:
    """How long a dev run waits in the queue, at moments spread over the daemon's interval; the mean."""
    waits: list[float] = []
    with bench.daemon():
        for number in range(WAITS):
            time.sleep(0.37 * number)
            run = bench.run(DEV)
            bench.submit(run)
            queued = time.monotonic()
            waits.append(bench.started(run) - queued)
    return statistics.mean(waits)


def measure(folder: Path) -> dict[str, float]:
    """Every figure."""
    with opened(folder) as bench:
        first = bench.run(PROD)
        bench.submit(first)
        store_grants(bench, approve(bench, first), GRANTS)
        submitted, released, alone = submit_ms(bench), release_seconds(bench), wait_seconds(bench)
        hold(bench, HELD)
        behind = wait_seconds(bench)
    return {
        "submit_ms": round(submitted, 1),
        "release_s": round(released, 1),
        "queue_ratio": round(behind / alone, 2),
        "append_per_s": round(append_per_second()),
        "verify_1m_s": round(verify_1m_seconds(), 1),
    }


def main() -> None:
    """Measure and print."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        for name, value in measure(Path(folder)).items():
            print(f"{name}={value}")  # noqa: T201


if __name__ == "__main__":
    # dagster.yaml names this module's launcher: there must be one module, under its own name.
    from benchmarks import bench_approvals

    bench_approvals.main()
