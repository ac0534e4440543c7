"""The contracts sensor: what a contract kept from landing becomes a proposal that people decide on.

What a refresh brought beyond its contract breaks no promise: the quality sensor sees it in what was measured, and asks
here for a goal of the quality agent that promises it too, as a further minor version.

It changes nothing: it submits a goal whose run is held until somebody approves it. The same proposal is the same goal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster import (
    DagsterEvent,
    DefaultSensorStatus,
    RunFailureSensorContext,
    SensorDefinition,
    run_failure_sensor,
)

from agents.core.catalog import TableId
from agents.core.errors import PlatformError
from agents.tools.contracts import contract_from, proposal, proposal_key, standing_of
from agents.tools.ready import submit_ready
from agents.tools.replaying import declared
from assets.kinds.keys import op_name
from assets.kinds.promises import described
from resources.orchestrator import readers_in
from resources.platform import Platform
from sensors.failures import tables_of

WHO = "automation:contracts"


def contracts_sensor(platform: Platform) -> SensorDefinition:
    """The sensor over runs that failed because a contract would have been broken."""

    @run_failure_sensor(
        name="contracts",
        minimum_interval_seconds=10,
        default_status=DefaultSensorStatus.RUNNING,
        description="Asks people whether a contract may change that kept data from landing, and names its readers.",
    )
    def contracts(context: RunFailureSensorContext) -> None:
        tables = {op_name(table): table for table in tables_of(context.instance, context.dagster_run.run_id)}
        for event in context.get_step_failure_events():
            table = tables.get(str(event.step_key).partition("[")[0])
            if table is not None and (found := described(told(event))):
                try:
                    graph = context.repository_def.asset_graph if context.repository_def else None
                    readers = [str(reader) for reader in readers_in(graph, table)] if graph else []
                    context.log.info(propose(platform, table, *found, readers))
                except PlatformError as error:
                    context.log.warning(f"{table}: {error}")

    return contracts


def told(event: DagsterEvent) -> Mapping[str, Any]:
    """The metadata with which a step failed, as plain values."""
    data = event.step_failure_data.user_failure_data
    return {name: value.value for name, value in data.metadata.items()} if data else {}


def propose(
    platform: Platform, table: TableId, contract: Mapping[str, Any], changes: Sequence[str], readers: Sequence[str]
) -> str:
    """Submit the goal. What is blocked in production is decided where specs are built, and promoted from there."""
    new = contract_from(contract)
    place = table._replace(environment="dev") if table.environment == "prod" else table
    if declared(platform, place).contract == new:
        return f"{table}: contract {new.version} is in force in {place.environment}; promote it"
    inputs = proposal(table.asset, new, changes, readers)
    text = f"Contract {new.version} of {table.asset}: {'; '.join(changes)}"
    steps = [("quality", "amend", inputs)]
    goal = submit_ready(platform, text, place.environment, steps, proposal_key(table, new), WHO)
    return f"{goal}: people are asked whether contract {new.version} of {table} may come"


def promise_more(platform: Platform, table: TableId) -> str:
    """Submit the goal that raises the contract by what came; empty where nothing is to be promised.

    The same contract is asked for once: who takes it back by hand is not overruled by the next refresh. Production
    gets its contract from where specs are built.
    """
    place = table._replace(environment="dev") if table.environment == "prod" else table
    found = standing_of(platform, place)
    if found.contract is None or not found.found or found.breaking:
        return ""
    text = f"Contract {found.proposed.version} of {table.asset}: {'; '.join(map(str, found.found))}"
    steps = [("quality", "contract", {"asset": table.asset})]
    return submit_ready(platform, text, place.environment, steps, proposal_key(place, found.proposed), WHO)
