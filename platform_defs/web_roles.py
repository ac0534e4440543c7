"""What each role may do in the UI, and the request context that says so to Dagster."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagster._core.storage.tags import REPORTING_USER_TAG
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.permissions import LOCATION_SCOPED_PERMISSIONS, PermissionResult, Permissions
from starlette.requests import HTTPConnection

from platform_defs.web_identity import MARK, NOBODY, Who

if TYPE_CHECKING:
    from resources.identity import Role

USER_TAG = "user"  # under which Dagster's UI shows who launched
DECIDE = frozenset({Permissions.LAUNCH_PIPELINE_EXECUTION})
WORK = DECIDE | {
    Permissions.LAUNCH_PIPELINE_REEXECUTION,
    Permissions.START_SCHEDULE,
    Permissions.STOP_RUNNING_SCHEDULE,
    Permissions.SCHEDULE_DRY_RUN,
    Permissions.EDIT_SENSOR,
    Permissions.SENSOR_DRY_RUN,
    Permissions.UPDATE_SENSOR_CURSOR,
    Permissions.TERMINATE_PIPELINE_EXECUTION,
    Permissions.RELOAD_REPOSITORY_LOCATION,
    Permissions.RELOAD_WORKSPACE,
    Permissions.LAUNCH_PARTITION_BACKFILL,
    Permissions.CANCEL_PARTITION_BACKFILL,
    Permissions.TOGGLE_AUTO_MATERIALIZE,
}
# What stands in none of these is denied to everybody: it paints over history, or undoes what holds runs.
MAY: Mapping[Role, frozenset[Permissions]] = {
    "viewer": frozenset(),
    "approver": DECIDE,
    "engineer": WORK,
    "admin": WORK,
}


class RequestContext(WorkspaceRequestContext):
    """One request: the workspace as it was when the request came, and what the asking person may do in it."""

    @cached_property
    def who(self) -> Who:
        """Who asks; nobody, who may do nothing, where the request did not pass the front door."""
        found = self.source.scope.get(MARK) if isinstance(self.source, HTTPConnection) else None
        return found if isinstance(found, Who) else NOBODY

    def may(self, permission: Permissions) -> bool:
        """Whether one of the person's roles has the permission."""
        return any(permission in MAY[role] for role in self.who.roles)

    @property
    def permissions(self) -> Mapping[str, PermissionResult]:
        return {permission: self._result(permission) for permission in Permissions}

    def permissions_for_location(self, *, location_name: str) -> Mapping[str, PermissionResult]:
        return {
            permission: self._result(permission)
            for permission in Permissions
            if permission in LOCATION_SCOPED_PERMISSIONS
        }

    def get_viewer_tags(self) -> dict[str, str]:
        return {USER_TAG: self.who.name} if self.who.name else {}

    def get_reporting_user_tags(self) -> dict[str, str]:
        return {REPORTING_USER_TAG: self.who.name} if self.who.name else {}

    @property
    def show_instance_config(self) -> bool:
        """Whether the UI shows dagster.yaml: those who only look need not know where storage lies."""
        return self.may(Permissions.RELOAD_WORKSPACE)

    def _result(self, permission: Permissions) -> PermissionResult:
        if self.may(permission):
            return PermissionResult(enabled=True, disabled_reason=None)
        roles = ", ".join(role for role, allowed in MAY.items() if permission in allowed)
        reason = f"Needs the role {roles}" if roles else "Nobody may do this: it would change what approvals rest on"
        return PermissionResult(enabled=False, disabled_reason=reason)


class ProcessContext(WorkspaceProcessContext):
    """Dagster's workspace of a webserver, with requests of ours."""

    def create_request_context(self, source: Any | None = None) -> RequestContext:
        return RequestContext(
            instance=self.instance,
            current_workspace=self.get_current_workspace(),
            process_context=self,
            version=self.version,
            source=source,
            read_only=False,
        )
