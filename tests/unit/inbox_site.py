"""A deployment's inbox without its processes: a Dagster instance, the platform's store, and what the sensor does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from agents.core.approval import ApprovalRequest, Choice, Effects, Facts, Requester, RunFacts
from platform_defs.approvals_asset import approvals_asset, decide_job
from resources.holding import APPROVAL, PENDING
from resources.inbox import DECIDE, INBOX, PARTITIONS, decision_config, newest, shown
from resources.platform import Platform
from resources.settings import LOCATION, load_settings
from resources.store_goals import tables
from sensors.approvals import approvals_sensor

KEY = dg.AssetKey(INBOX)
PEOPLE = """
people:
  - {name: anna, groups: [platform], roles: [approver]}
  - {name: ben, groups: [governance], roles: [approver]}
"""
ORDERS = "prod/bronze/orders"
SPEC = "sha256:" + "1" * 64


def queued_run(job: str, tags: Mapping[str, str]) -> DagsterRun:
    """A run that waits in the queue."""
    server = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1, location_name=LOCATION)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(server, "__repository__"), job)
    return DagsterRun(job, status=DagsterRunStatus.QUEUED, tags=dict(tags), remote_job_origin=origin)


class Site:
    """Everything over one folder and one Dagster instance."""

    def __init__(self, folder: Path, instance: DagsterInstance, **settings: str) -> None:
        (folder / "approvers.yaml").write_text(PEOPLE)
        env = {"ADP_STATE": str(folder), **settings}
        self.platform = Platform.of(load_settings(env, cwd=folder), env)
        self.platform.keys.create()
        self.instance = instance
        self.sensor = approvals_sensor(self.platform)
        defs = dg.Definitions(assets=[approvals_asset(self.platform)], jobs=[decide_job()], sensors=[self.sensor])
        self.defs = defs
        self.repository = defs.get_repository_def()

    def hold(
        self,
        asset: str = ORDERS,
        spec: str = SPEC,
        *,
        known: bool = True,
        job: str = "__ASSET_JOB",
        goal: str = "",
        **tags: str,
    ) -> str:
        """A run as the coordinator leaves it when it is held; its id."""
        run_id = self.instance.add_run(queued_run(job, {APPROVAL: PENDING, **tags})).run_id
        effects = Effects("prod", ("write_data",), {asset: spec})
        facts = RunFacts(run_id, job, effects, Requester("dora", known), Facts(pii="none"), goal)
        assert self.platform.approvals.submit(facts).verdict == "ask"
        return run_id

    def request(self, run_id: str) -> ApprovalRequest:
        found = self.platform.approvals.request_of_run(run_id)
        assert found is not None
        return found

    def say(
        self, request: str, who: str = "anna", choice: Choice = "approve", note: str = "", run_id: str = ""
    ) -> None:
        person = self.platform.people.find(who)
        assert person is not None
        self.platform.approvals.decide(request, choice, person, note=note, run_id=run_id)

    def tick(self, cursor: str | None = None) -> str:
        """One tick of the sensor; what it says it did."""
        with dg.build_sensor_context(
            instance=self.instance, cursor=cursor, repository_def=self.repository, sensor_name="approvals"
        ) as context:
            told = self.sensor.evaluate_tick(context)
        assert told.run_requests == []
        return told.skip_message or ""

    def run(self, partition: str, run_id: str, **config: Any) -> dg.ExecuteInProcessResult:
        """The run of a decision, after the coordinator took it."""
        return self.defs.resolve_job_def(DECIDE).execute_in_process(
            decision_config("approve", **config),
            instance=self.instance,
            partition_key=partition,
            run_id=run_id,
            raise_on_error=False,
        )

    def paint(self, partition: str, event: type[Any] = dg.AssetMaterialization, **metadata: Any) -> None:
        """Report an event as somebody with access to Dagster's storage would."""
        self.instance.report_runless_asset_event(event(KEY, partition=partition, metadata=metadata))

    def partitions(self) -> list[str]:
        return sorted(self.instance.get_dynamic_partitions(PARTITIONS))

    def decided(self) -> set[str]:
        return set(self.instance.get_materialized_partitions(KEY))

    def card(self, partition: str) -> dict[str, Any]:
        """Metadata of the partition's newest evidence."""
        return self._newest(partition, DagsterEventType.ASSET_OBSERVATION)

    def end(self, partition: str) -> dict[str, Any]:
        """Metadata of the partition's newest materialization."""
        return self._newest(partition, DagsterEventType.ASSET_MATERIALIZATION)

    def _newest(self, partition: str, kind: DagsterEventType) -> dict[str, Any]:
        return shown(self.instance, kind, newest(self.instance, kind).get(partition))[1]

    def events(self) -> int:
        """How many events the inbox has."""
        fetches = (self.instance.fetch_materializations, self.instance.fetch_observations)
        return sum(len(fetch(KEY, limit=1000).records) for fetch in fetches)

    def status(self, run_id: str) -> DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def move(self, run_id: str, *events: str) -> None:
        """What Dagster's daemon and the run's worker report of a run."""
        for kind in events:
            event = dg.DagsterEvent(kind, "run")
            self.instance.report_dagster_event(event, run_id)

    def messages(self, run_id: str) -> str:
        return "\n".join(entry.message for entry in self.instance.all_logs(run_id))

    def overdue(self, request: str) -> None:
        """Let a request's time run out."""
        requests = tables().requests
        with self.platform.store.database().write() as connection:
            connection.execute(requests.update().where(requests.c.id == request).values(expires=1.0))
