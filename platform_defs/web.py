"""`adp web`: Dagster's own UI, for people with names and roles."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_webserver.webserver import DagsterWebserver
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from agents.core.errors import Denied, PlatformError
from platform_defs.web_identity import identify
from platform_defs.web_mutations import guard
from platform_defs.web_requests import Refusal, check, refusal
from platform_defs.web_roles import ProcessContext, RequestContext

if TYPE_CHECKING:
    from graphene import Schema
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from starlette.websockets import WebSocket

    from resources.platform import Platform

OPEN = ("/server_info",)  # health checks come without name and by any address; it tells versions alone
POLL_MS = 2000
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NO_FRAMES = "frame-ancestors 'none'"
log = logging.getLogger("adp.web")


class PlatformWebserver(DagsterWebserver[ProcessContext, RequestContext]):
    """Dagster's webserver with mutations behind roles, read-only websockets, and nothing reported by REST."""

    def build_graphql_schema(self) -> Schema:
        schema = super().build_graphql_schema()
        guard(schema.graphql_schema)
        return schema

    async def graphql_http_endpoint(self, request: Request) -> Any:
        """GET shows GraphiQL and runs nothing: a link or an image of another site is a GET too."""
        if request.method == "GET" and "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("send queries by POST", status_code=405, headers={"Allow": "POST"})
        if request.method == "POST" and (wrong := await _unreadable(request)):
            return PlainTextResponse(wrong, status_code=400)
        return await super().graphql_http_endpoint(request)

    async def execute_graphql_subscription(self, websocket: WebSocket, *args: Any, query: str, **kwargs: Any) -> Any:
        """Only subscriptions: mutations go by POST, where they are told apart from a foreign page's."""
        try:
            operations = [one for one in parse(query).definitions if isinstance(one, OperationDefinitionNode)]
        except GraphQLError as error:
            return None, error.formatted
        if any(one.operation is not OperationType.SUBSCRIPTION for one in operations):
            return None, GraphQLError("only subscriptions are answered here").formatted
        return await super().execute_graphql_subscription(websocket, *args, query=query, **kwargs)

    async def report_asset_materialization_endpoint(self, request: Request) -> JSONResponse:
        return _reported()

    async def report_asset_check_endpoint(self, request: Request) -> JSONResponse:
        return _reported()

    async def report_asset_observation_endpoint(self, request: Request) -> JSONResponse:
        return _reported()

    def make_csp_header(self, nonce: str) -> str:
        return f"{super().make_csp_header(nonce).rstrip('; ')}; {NO_FRAMES}"


async def _unreadable(request: Request) -> str:
    """Why a body is no GraphQL query; empty where it may be one. The body is kept for who reads it next."""
    try:
        body: object = await request.json()
    except ValueError:  # no JSON, or no UTF-8
        return "the body is not JSON"
    if not isinstance(body, dict):
        return 'send one query as {"query": ..., "variables": ...}; lists of queries are not taken'
    query, variables = body.get("query"), body.get("variables")
    if not isinstance(query, str):
        return "the query is missing, or no text"
    return "" if variables is None or isinstance(variables, dict | str) else "the variables are no object"


def _reported() -> JSONResponse:
    return JSONResponse({"error": "Nobody reports events from outside: runs write them"}, status_code=403)


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """What every request passes first: the right address, no foreign page, somebody known; then Dagster's `app`."""

    app: ASGIApp
    platform: Platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        conn = HTTPConnection(scope)
        refused = None if scope["path"] in OPEN else await self._refusal(conn)
        safe = self._safe(send) if scope["type"] == "http" else send
        if refused is None:
            return await self.app(scope, receive, safe)
        log.warning("refused %s %r: %s", scope.get("method", "websocket"), scope["path"], refused.why)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        return await _answer(refused)(scope, receive, safe)

    async def _refusal(self, conn: HTTPConnection) -> Refusal | None:
        settings = self.platform.settings
        if refused := refusal(conn, settings.base_url):
            return refused
        try:
            await run_in_threadpool(identify, conn, settings, self.platform.secrets, self.platform.people, guarded=True)
        except Denied as error:
            return Refusal(401, str(error))
        except PlatformError as error:  # a broken approvers file, a store that is away: nobody is known then
            return Refusal(503, str(error))
        return None

    def _safe(self, send: Send) -> Send:
        https = self.platform.settings.base_url.startswith("https:")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", NO_FRAMES)
                if https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return sending


def _answer(refused: Refusal) -> Response:
    return PlainTextResponse(refused.why, status_code=refused.status)


def serve(
    platform: Platform, home: Path, workspace: Path, host: str, port: int, *, tls: tuple[Path, Path] | None = None
) -> None:
    """Serve until stopped. `home` is DAGSTER_HOME, `tls` certificate and key. Raises ConfigError as `check` does."""
    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.version import __version__

    check(platform, host)
    logging.basicConfig(format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
    with DagsterInstance.from_config(str(home)) as instance:
        instance.optimize_for_webserver(statement_timeout=15_000, pool_recycle=3600, max_overflow=20)
        target = WorkspaceFileTarget([str(workspace)])
        with ProcessContext(instance, workspace_load_target=target, version=__version__) as process:
            app = PlatformWebserver(process, live_data_poll_rate=POLL_MS).create_asgi_app()
            uvicorn.run(
                FrontDoor(app, platform),
                host=host,
                port=port,
                log_level="warning",
                lifespan="off",
                proxy_headers=False,  # X-Forwarded-For would let anybody say where they come from
                server_header=False,
                timeout_graceful_shutdown=3,
                ssl_certfile=str(tls[0]) if tls else None,
                ssl_keyfile=str(tls[1]) if tls else None,
            )
