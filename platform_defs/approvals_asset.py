"""The inbox: asset `platform/approvals`, one partition a request. Materializing one is deciding it.

The word is said, checked and acted on when the run is submitted (see `coordinator`): there name and code are verified,
and a refusal is shown at once. What runs here reads from the store what became of it, and decides nothing.
"""

from collections.abc import Iterator
from typing import Any, get_args

import dagster as dg

from agents.core.approval import ApprovalRequest, Choice
from agents.core.errors import PlatformError
from resources.inbox import CARD, DECIDE, INBOX, PARTITIONS, Facts, request_id
from resources.platform import Platform
from sensors.inbox import decided, facts_of


def config_of(proxy: bool) -> dict[str, dg.Field]:
    """What a decision needs. Required fields make "Materialize..." open the Launchpad."""
    choice = dg.Enum("decision", [dg.EnumValue(name) for name in get_args(Choice)])
    if proxy:
        name, code = (dg.Field(str, default_value="", description="The proxy says who you are") for _ in range(2))
    else:
        name = dg.Field(str, description="Your name, as you are enrolled")
        code = dg.Field(str, description="The six digits that your authenticator shows; each is good once")
    note = dg.Field(str, default_value="", description="Reaches the requester")
    return {
        "decision": dg.Field(choice, description="approve, reject or revoke"),
        "name": name,
        "code": code,
        "note": note,
    }


def approvals_asset(platform: Platform) -> dg.AssetsDefinition:
    """The asset over the deployment's store."""

    @dg.asset(
        key=list(INBOX),
        partitions_def=dg.DynamicPartitionsDefinition(name=PARTITIONS),
        config_schema=config_of(bool(platform.settings.user_header)),
        output_required=False,
        group_name="platform",
        description="What waits for a decision: missing waits, materialized is decided, failed was a refused attempt. "
        "The evidence is on the partition's Events; materialize the partition to approve, reject or revoke.",
    )
    def approvals(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        try:
            request, facts = spoken(platform, request_id(context.partition_key), context.run_id)
            card = decided(request) if not request.open else platform.approvals.card(request.id)
        except PlatformError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        metadata = {CARD: dg.MetadataValue.md(card), **facts}
        # The newest observation is what the inbox shows first: it must not be the evidence of before the decision.
        context.log_event(dg.AssetObservation(context.asset_key, partition=context.partition_key, metadata=metadata))
        if request.open:
            context.log.info(f"{request.id} waits for further approvals")
        else:
            yield dg.MaterializeResult(metadata=metadata)

    return approvals


def decide_job() -> dg.JobDefinition | Any:
    """`decide`: the same as materializing a partition, with an address that fills in the Launchpad."""
    return dg.define_asset_job(
        DECIDE,
        selection=dg.AssetSelection.assets(dg.AssetKey(INBOX)),
        executor_def=dg.in_process_executor,
        description="Approve, reject or revoke a request: pick its partition, give your name and code.",
    )


def spoken(platform: Platform, request: str, run_id: str) -> tuple[ApprovalRequest, Facts]:
    """A request and the word that this run said on it, from the store. Failure when the store knows of none."""
    found = platform.approvals.request(request)
    words = [word for word in found.decisions if word.run_id == run_id]
    if not words:
        raise dg.Failure(
            f"this run decided nothing: the store knows of no decision on {request} by it. It was started around the "
            "platform's own webserver, or without the platform's run coordinator",
            allow_retries=False,
        )
    return found, facts_of(found) | {"decision": words[-1].choice, "by": words[-1].who, "note": words[-1].note}
