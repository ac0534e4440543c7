"""The inbox `platform/approvals` as Dagster shows it: one partition a request.

A picture of the store, trusted for nothing.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from agents.core.approval import Choice, State
from resources.settings import LOCATION
from resources.store_goals import tables

if TYPE_CHECKING:
    from dagster import DagsterEventType, DagsterInstance

    from resources.store import Store

INBOX = ("platform", "approvals")
PARTITIONS = "approvals"
DECIDE = "decide"
OP = "__".join(INBOX)
# A request whose partition somebody painted as decided goes on under a fresh name: AR-000042~1.
FRESH = "~"
PARTITION_TAG = "dagster/partition"
CARD, DECISION, STATE = "card", "decide", "state"
PAGE = 500
Facts = Mapping[str, str | int | float]


def request_id(partition: str) -> str:
    """The request that a partition of the inbox shows."""
    return partition.partition(FRESH)[0]


def names_of(request: str) -> Iterator[str]:
    """The names its partition can have, in the order in which they are used."""
    yield request
    number = 0
    while number := number + 1:
        yield f"{request}{FRESH}{number}"


def age(partition: str) -> int:
    """Which of its request's names a partition is; -1 for one that is nobody's."""
    number = partition.partition(FRESH)[2]
    if FRESH not in partition:
        return 0
    return int(number) if number.isascii() and number.isdigit() and number == str(int(number)) else -1


def decision_config(decision: Choice, name: str = "", code: str = "", note: str = "") -> dict[str, Any]:
    """Run config of a decision."""
    return {"ops": {OP: {"config": {"decision": decision, "name": name, "code": code, "note": note}}}}


def launchpad(job_name: str, run_config: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> str:
    """Address of a job's Launchpad with config and tags filled in, relative to the UI's root."""
    import yaml

    text = yaml.safe_dump(dict(run_config), sort_keys=False)
    asked = [("config", text)]
    for number, (key, value) in enumerate((tags or {}).items()):
        asked += [(f"tags[{number}][key]", key), (f"tags[{number}][value]", value)]
    query = urllib.parse.urlencode(asked, quote_via=urllib.parse.quote)
    return f"/locations/{LOCATION}/jobs/{job_name}/playground/setup?{query}"


def decide_at(partition: str, decision: Choice = "approve") -> str:
    """Address of the Launchpad with a decision on this partition filled in, but for who decides."""
    return launchpad(DECIDE, decision_config(decision), {PARTITION_TAG: partition})


# What the store holds


def states(store: Store) -> dict[str, State]:
    """Every request's state, oldest first."""
    requests = tables().requests
    query = requests.select().with_only_columns(requests.c.id, requests.c.state).order_by(requests.c.id)
    with store.database().read() as connection:
        return {row.id: cast(State, row.state) for row in connection.execute(query)}


def requests_of_goal(store: Store, goal: str) -> list[str]:
    """The requests that were made for a goal, oldest first."""
    requests = tables().requests
    query = requests.select().with_only_columns(requests.c.id).where(requests.c.goal == goal).order_by(requests.c.id)
    with store.database().read() as connection:
        return [row.id for row in connection.execute(query)]


def held_runs(store: Store) -> list[str]:
    """Runs that wait for a decision, or for their start after it."""
    db = tables()
    waiting = (
        db.requests.select().with_only_columns(db.requests.c.id).where(db.requests.c.state.in_(("pending", "granted")))
    )
    held = (db.run_records.c.verdict == "ask", db.run_records.c.request_id.in_(waiting))
    query = db.run_records.select().with_only_columns(db.run_records.c.run_id).where(*held)
    with store.database().read() as connection:
        return [row.run_id for row in connection.execute(query)]


def recorded(store: Store, run_ids: Sequence[str]) -> set[str]:
    """Those of the runs that the store knows of."""
    runs = tables().run_records
    query = runs.select().with_only_columns(runs.c.run_id)
    found: set[str] = set()
    with store.database().read() as connection:
        for at in range(0, len(run_ids), PAGE):
            part = query.where(runs.c.run_id.in_(run_ids[at : at + PAGE]))
            found.update(row.run_id for row in connection.execute(part))
    return found


def leased_runs(store: Store) -> list[str]:
    """Runs whose lease has not ended."""
    leases = tables().leases
    query = leases.select().with_only_columns(leases.c.run_id).where(leases.c.ended.is_(False))
    with store.database().read() as connection:
        return [row.run_id for row in connection.execute(query)]


# What Dagster shows


def newest(instance: DagsterInstance, kind: DagsterEventType) -> Mapping[str, int]:
    """The storage id of each partition's newest event of this kind."""
    from dagster import AssetKey

    return instance.get_latest_storage_id_by_partition(AssetKey(INBOX), kind)


def shown(instance: DagsterInstance, kind: DagsterEventType, event: int | None) -> tuple[str, dict[str, Any]]:
    """Run and metadata of an event, as plain values; nothing where there is none."""
    from dagster import AssetKey, AssetRecordsFilter, DagsterEventType

    if event is None:
        return "", {}
    fetch = (
        instance.fetch_materializations
        if kind is DagsterEventType.ASSET_MATERIALIZATION
        else instance.fetch_observations
    )
    for record in fetch(AssetRecordsFilter(AssetKey(INBOX), storage_ids=[event]), limit=1).records:
        entry = record.event_log_entry
        left = entry.asset_materialization or entry.asset_observation
        return entry.run_id, {key: value.value for key, value in left.metadata.items()} if left else {}
    return "", {}


def show_card(instance: DagsterInstance, partition: str, card: str, facts: Facts, base_url: str) -> None:
    """Show a request's evidence, and where to decide, on its partition."""
    from dagster import AssetKey, AssetObservation, MetadataValue

    links = MetadataValue.md(links_of(partition, base_url))
    metadata = {DECISION: links, CARD: MetadataValue.md(card), **facts}
    instance.report_runless_asset_event(AssetObservation(AssetKey(INBOX), partition=partition, metadata=metadata))


def show_end(instance: DagsterInstance, partition: str, card: str, facts: Facts) -> None:
    """Show what became of a request on its partition."""
    from dagster import AssetKey, AssetMaterialization, MetadataValue

    metadata = {CARD: MetadataValue.md(card), **facts}
    instance.report_runless_asset_event(AssetMaterialization(AssetKey(INBOX), partition=partition, metadata=metadata))


def links_of(partition: str, base_url: str) -> str:
    """Where to decide, for each answer, as markdown."""
    links = {"Approve": decide_at(partition), "Reject": decide_at(partition, "reject")}
    return (
        " or ".join(f"[{name}]({base_url}{link})" for name, link in links.items()) + ": opens the Launchpad filled in"
    )
