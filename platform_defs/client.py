"""A running deployment over GraphQL, as the UI speaks to it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from agents.core.catalog import TableId
from agents.core.errors import AccessRefused, ConfigError, RunFailed, Unreachable
from platform_defs.instance import LOCATION, Home
from platform_defs.web_identity import SECRET, SECRET_HEADER
from resources.platform import Platform
from resources.settings import load_settings

LAUNCH = """
mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } }
  ... on RunConfigValidationInvalid { errors { message } } ... on Error { message } } }
"""
RUN = """
query($id: ID!) { runOrError(runId: $id) { __typename ... on Run { status
  eventConnection(limit: 1000) { events { __typename
    ... on ExecutionStepFailureEvent { error { message causes { message } } }
    ... on RunFailureEvent { message error { message causes { message } } } } } } } }
"""
LOCATIONS = """
query { workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename
  ... on PythonError { message causes { message } } } } } } }
"""
ASSETS = "query { assetNodes { assetKey { path } } }"
REPOSITORY = "__repository__"
# Dagster puts the exception's class before its words.
_CLASS = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*: (?=\S)")
REFUSED = (401, 403, 415, 421, 503)


@dataclass(frozen=True, slots=True)
class Client:
    """GraphQL over HTTP; a webserver that is being restarted is waited for. `headers` say who asks."""

    url: str
    patience: float = 60
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The `data` of an answer. Raises Unreachable when nothing answers for `patience` seconds, else AccessRefused
        or RunFailed with what the webserver said.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                asked = {"query": query, "variables": dict(variables)}
                answer = httpx.post(f"{self.url}/graphql", json=asked, headers=dict(self.headers), timeout=30)
                if answer.status_code in REFUSED:
                    raise AccessRefused(answer.text, where=self.url)
                body: dict[str, Any] = answer.json()
                break
            except (httpx.HTTPError, ValueError) as error:
                if time.monotonic() > deadline:
                    raise Unreachable(
                        "the webserver does not answer", where=self.url, fix="start it: adp up"
                    ) from error
                time.sleep(0.5)
        if body.get("errors"):
            raise RunFailed(str(body["errors"][0].get("message")), where=f"{self.url}/graphql")
        return body["data"]

    def load_error(self) -> str:
        """Why the code location does not load; empty when it does."""
        for entry in self.ask(LOCATIONS, {})["workspaceOrError"].get("locationEntries") or []:
            found = entry["locationOrLoadError"] or {}
            if found.get("__typename") == "PythonError":
                return [found["message"], *(cause["message"] for cause in found["causes"])][-1].strip()
        return ""

    def tables(self) -> frozenset[TableId]:
        """The lake tables of all assets that are loaded."""
        paths = [node["assetKey"]["path"] for node in self.ask(ASSETS, {})["assetNodes"]]
        return frozenset(TableId(*path) for path in paths if len(path) == 3)

    def launch(self, job: str, run_config: Mapping[str, Any]) -> str:
        """Launch a job as the Launchpad does; the run's id."""
        selector = {"repositoryLocationName": LOCATION, "repositoryName": REPOSITORY, "jobName": job}
        params = {"selector": selector, "runConfigData": run_config}
        result = self.ask(LAUNCH, {"params": params})["launchPipelineExecution"]
        if "run" not in result:
            told = "; ".join(e["message"] for e in result.get("errors") or []) or result.get("message")
            wrong = told or self.load_error() or result["__typename"]
            raise RunFailed(f"Dagster did not take the run: {wrong}", where=job)
        return str(result["run"]["runId"])

    def status(self, run_id: str) -> tuple[str, str]:
        """Status of a run and the innermost message of its first failed step."""
        found = self.ask(RUN, {"id": run_id})["runOrError"]
        if found["__typename"] != "Run":
            return "NOT_FOUND", "no such run"
        told = ""
        for event in found["eventConnection"]["events"]:
            if error := event.get("error"):
                messages = [error["message"], *(cause["message"] for cause in error["causes"])]
                return found["status"], _CLASS.sub("", messages[-1].strip())
            told = event.get("message") or told
        return found["status"], told


def credentials(platform: Platform) -> Mapping[str, str]:
    """Headers with which a program of this deployment speaks as the local user, where a proxy names people otherwise.

    Only who can read the proxy's secret can: the operating-system user of the deployment.
    """
    settings = platform.settings
    secret = platform.secrets.get(SECRET) if settings.user_header else None
    return {SECRET_HEADER: secret, settings.user_header: settings.local_user} if secret else {}


def connect(home: Home) -> Client:
    """The client of the state folder's running deployment."""
    running = home.running()
    if not running:
        raise ConfigError("no deployment is running", where=str(home.state), fix="start one: make up (adp up)")
    return Client(running["url"], headers=credentials(Platform.of(load_settings())))
