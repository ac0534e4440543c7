"""Every GraphQL mutation of the web: who may, in whose name; an unknown one is refused.

Dagster checks permissions inside most of them. Here each is checked before its resolver runs, so that one without a
check, or one that a new version of Dagster adds, is no way around the roles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from dagster._core.definitions.selector import SensorSelector
from dagster._core.workspace.permissions import Permissions
from dagster_graphql.schema.errors import GrapheneUnauthorizedError
from graphql import GraphQLError, GraphQLField, GraphQLResolveInfo, GraphQLSchema, GraphQLUnionType, get_named_type

from platform_defs.web_roles import USER_TAG, RequestContext

if TYPE_CHECKING:
    from graphql import GraphQLFieldResolver

# None: refused, whoever asks. "": harmless, everybody may.
MUTATIONS: Mapping[str, Permissions | str | None] = {
    "launchPipelineExecution": Permissions.LAUNCH_PIPELINE_EXECUTION,
    "launchRun": Permissions.LAUNCH_PIPELINE_EXECUTION,
    "launchMultipleRuns": Permissions.LAUNCH_PIPELINE_EXECUTION,
    "launchPipelineReexecution": Permissions.LAUNCH_PIPELINE_REEXECUTION,
    "launchRunReexecution": Permissions.LAUNCH_PIPELINE_REEXECUTION,
    "startSchedule": Permissions.START_SCHEDULE,
    "stopRunningSchedule": Permissions.STOP_RUNNING_SCHEDULE,
    "resetSchedule": Permissions.START_SCHEDULE,
    "scheduleDryRun": Permissions.SCHEDULE_DRY_RUN,
    "startSensor": Permissions.EDIT_SENSOR,
    "stopSensor": Permissions.EDIT_SENSOR,
    "resetSensor": Permissions.EDIT_SENSOR,
    "setSensorCursor": Permissions.UPDATE_SENSOR_CURSOR,
    "sensorDryRun": Permissions.SENSOR_DRY_RUN,
    "terminatePipelineExecution": Permissions.TERMINATE_PIPELINE_EXECUTION,
    "terminateRun": Permissions.TERMINATE_PIPELINE_EXECUTION,
    "terminateRuns": Permissions.TERMINATE_PIPELINE_EXECUTION,
    "deletePipelineRun": Permissions.DELETE_PIPELINE_RUN,
    "deleteRun": Permissions.DELETE_PIPELINE_RUN,
    "reloadRepositoryLocation": Permissions.RELOAD_REPOSITORY_LOCATION,
    "reloadWorkspace": Permissions.RELOAD_WORKSPACE,
    "shutdownRepositoryLocation": None,
    "wipeAssets": Permissions.WIPE_ASSETS,
    "reportRunlessAssetEvents": Permissions.REPORT_RUNLESS_ASSET_EVENTS,
    "reportAssetCheckEvaluations": Permissions.REPORT_RUNLESS_ASSET_EVENTS,
    "launchPartitionBackfill": Permissions.LAUNCH_PARTITION_BACKFILL,
    "resumePartitionBackfill": Permissions.LAUNCH_PARTITION_BACKFILL,
    "reexecutePartitionBackfill": Permissions.LAUNCH_PARTITION_BACKFILL,
    "cancelPartitionBackfill": Permissions.CANCEL_PARTITION_BACKFILL,
    "addDynamicPartition": Permissions.EDIT_DYNAMIC_PARTITIONS,
    "deleteDynamicPartitions": Permissions.EDIT_DYNAMIC_PARTITIONS,
    "setAppManagedComponent": Permissions.EDIT_APP_MANAGED_COMPONENTS,
    "deleteAppManagedComponent": Permissions.EDIT_APP_MANAGED_COMPONENTS,
    "refreshComponentState": Permissions.REFRESH_COMPONENT_STATE,
    "setAutoMaterializePaused": Permissions.TOGGLE_AUTO_MATERIALIZE,
    "setConcurrencyLimit": Permissions.EDIT_CONCURRENCY_LIMIT,
    "deleteConcurrencyLimit": Permissions.EDIT_CONCURRENCY_LIMIT,
    "freeConcurrencySlotsForRun": Permissions.EDIT_CONCURRENCY_LIMIT,
    "freeConcurrencySlots": Permissions.EDIT_CONCURRENCY_LIMIT,
    "logTelemetry": "",
    "setNuxSeen": "",
}
_Tags = list[Mapping[str, str]]


def guard(schema: GraphQLSchema) -> None:
    """Put every mutation of this schema behind the roles, and its runs under the name of who launched them."""
    if schema.mutation_type:
        for name, field in schema.mutation_type.fields.items():
            field.resolve = _guarded(name, field)


def _guarded(name: str, field: GraphQLField) -> GraphQLFieldResolver:
    resolve = cast(Callable[..., Any], field.resolve)

    def resolver(root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        context = cast(RequestContext, info.context)
        if refused := _refusal(name, context, arguments):
            return _unauthorized(field, refused)
        _attribute(arguments, context.get_viewer_tags())
        return resolve(root, info, **arguments)

    return resolver


def _refusal(name: str, context: RequestContext, arguments: Mapping[str, Any]) -> str:
    """Why this person may not do this; empty when they may."""
    needed = MUTATIONS.get(name)
    if needed is None:
        return "Nobody may do this over the web"
    if isinstance(needed, Permissions) and not context.may(needed):
        return str(context.permissions[needed].disabled_reason)
    if (
        name == "setSensorCursor"
        and arguments.get("cursor") is not None
        and _by_daemon(context, arguments["sensor_selector"])
    ):
        return "The daemon keeps this cursor itself: one that it cannot read would stop every refresh by schedule"
    backfill = arguments.get("backfillId") if name == "resumePartitionBackfill" else None
    if name == "reexecutePartitionBackfill":
        backfill = (arguments.get("reexecutionParams") or {}).get("parentRunId")
    return _not_own(context, str(backfill)) if backfill else ""


def _by_daemon(context: RequestContext, selector: Mapping[str, Any]) -> bool:
    """Whether a sensor is one of declarative automation: the daemon dies of a cursor that it did not write."""
    sensor = context.get_sensor(SensorSelector.from_graphql_input(selector))
    return sensor is not None and sensor.sensor_type.is_handled_by_asset_daemon


def _not_own(context: RequestContext, backfill_id: str) -> str:
    """A backfill goes on under the name of who launched it: nobody starts it again in another's name."""
    found = context.instance.get_backfill(backfill_id)
    if found is None or found.tags.get(USER_TAG) == context.who.name:
        return ""
    return "Somebody else launched this backfill: launch one of your own, in your name"


def _unauthorized(field: GraphQLField, message: str) -> GrapheneUnauthorizedError:
    """The answer that the UI knows how to show; raises GraphQLError where the mutation has no place for it."""
    output = get_named_type(field.type)
    if isinstance(output, GraphQLUnionType) and any(one.name == "UnauthorizedError" for one in output.types):
        return GrapheneUnauthorizedError(message)
    raise GraphQLError(message)


def _attribute(arguments: Mapping[str, Any], viewer: Mapping[str, str]) -> None:
    """Put the viewer's tags on the runs that these arguments would launch, in place of any such that came along."""
    many: list[MutableMapping[str, Any]] = arguments.get("executionParamsList") or []
    for params in (arguments.get("executionParams"), *many):
        if params:
            given: Mapping[str, Any] = params.get("executionMetadata") or {}
            params["executionMetadata"] = {**given, "tags": _signed(given.get("tags"), viewer)}
    if again := cast("MutableMapping[str, Any] | None", arguments.get("reexecutionParams")):
        again["extraTags"] = _signed(again.get("extraTags"), viewer)


def _signed(tags: _Tags | None, viewer: Mapping[str, str]) -> _Tags:
    kept = [tag for tag in tags or [] if tag["key"] not in viewer]
    return [*kept, *({"key": key, "value": value} for key, value in viewer.items())]
