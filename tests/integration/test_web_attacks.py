"""Attacks on the web: foreign pages, forged names, painted history, rights that somebody does not have."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dagster import DagsterInstance
from dagster._core.execution.backfill import BulkActionStatus
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from platform_defs.web_mutations import MUTATIONS
from tests.integration.web_site import BIN, SECRET, WHERE, Site, prepare, serving

LAUNCH_JOB = (
    'mutation { launchPipelineExecution(executionParams: {selector: {repositoryLocationName: "small",'
    ' repositoryName: "__repository__", jobName: "job"}}) { __typename } }'
)
PROXY = {"ADP_USER_HEADER": "X-User", "ADP_GROUPS_HEADER": "X-Groups", "ADP_ROLE_GROUPS": "engineer=data-eng"}
VERSION = "{ version }"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Without a proxy: whoever sits at this computer."""
    with serving(tmp_path_factory.mktemp("local") / "state") as site:
        yield site


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Behind a proxy."""
    with serving(tmp_path_factory.mktemp("behind") / "state", ADP_SECRET_PROXY_SECRET=SECRET, **PROXY) as site:
        yield site


def test_a_link_runs_nothing(local: Site) -> None:
    before = local.runs()
    for accept in ("*/*", "text/html", "application/json"):
        answer = httpx.get(f"{local.url}/graphql", params={"query": LAUNCH_JOB}, headers={"accept": accept})
        assert "LaunchRunSuccess" not in answer.text
    assert local.runs() == before


@pytest.mark.parametrize(
    "content",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/plain; application/json",
        "text/plain;charset=application/json",
        "multipart/form-data; boundary=application/json",
        "application/graphql",
        "application/jsonp",
        "",
    ],
)
def test_what_a_foreign_form_can_send_is_not_taken(local: Site, content: str) -> None:
    before = local.runs()
    body = json.dumps({"query": LAUNCH_JOB})
    headers = {"content-type": content} if content else {}
    for url in (f"{local.url}/graphql", f"{local.url}/graphql?" + str(httpx.QueryParams(query=LAUNCH_JOB))):
        assert httpx.post(url, content=body, headers=headers).status_code == 415
    form = httpx.post(f"{local.url}/graphql", data={"query": LAUNCH_JOB})
    files = httpx.post(f"{local.url}/graphql", files={"query": (None, LAUNCH_JOB)})
    assert {form.status_code, files.status_code} == {415}
    assert local.runs() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"origin": "http://["},
        {"origin": "file://"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=lambda headers: next(iter(headers.values())),
)
def test_a_foreign_page_is_refused(local: Site, headers: dict[str, str]) -> None:
    before = local.runs()
    assert local.post(LAUNCH_JOB, **headers).status_code == 403
    assert local.runs() == before


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '[{"query": "{ version }"}]',
        "null",
        '"x"',
        "{",
        "",
        '{"query": 5}',
        "{}",
        '{"query": "x", "variables": 3}',
    ],
)
def test_what_is_no_query_is_refused_and_breaks_nothing(local: Site, body: str) -> None:
    answer = httpx.post(f"{local.url}/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_our_own_page_and_programs_are_served(local: Site) -> None:
    assert local.post(VERSION, origin=local.url, **{"sec-fetch-site": "same-origin"}).status_code == 200
    assert local.post(VERSION).status_code == 200
    named = local.url.replace("127.0.0.1", "localhost")
    assert httpx.post(f"{named}/graphql", json={"query": VERSION}, headers={"origin": named}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "localhost.evil", "["])
def test_a_name_that_was_pointed_at_this_machine_is_not_served(local: Site, host: str) -> None:
    """DNS rebinding: the browser believes it speaks to the evil page's own site."""
    assert local.post(LAUNCH_JOB, host=host, origin=f"http://{host}").status_code == 421
    assert httpx.get(local.url, headers={"host": host}).status_code == 421


def socket(site: Site, **headers: str) -> Any:
    return connect(
        f"{site.url.replace('http', 'ws')}/graphql",
        subprotocols=["graphql-ws"],  # type: ignore[list-item]
        additional_headers={**site.headers, **headers},
        proxy=None,
    )


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}])
def test_a_foreign_page_opens_no_websocket(local: Site, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, socket(local, **headers):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "query",
    [LAUNCH_JOB, VERSION, "subscription A { capturedLogs(logKey: []) { cursor } } " + LAUNCH_JOB, "mutation {"],
    ids=["mutation", "query", "mutation beside a subscription", "nonsense"],
)
def test_nothing_but_subscriptions_runs_over_the_websocket(local: Site, query: str) -> None:
    before = local.runs()
    with socket(local, origin=local.url) as opened:
        opened.send(json.dumps({"type": "connection_init"}))
        assert json.loads(opened.recv(10))["type"] == "connection_ack"
        opened.send(json.dumps({"type": "start", "id": "1", "payload": {"query": query}}))
        assert json.loads(opened.recv(10))["type"] == "error"
    assert local.runs() == before


def test_a_subscription_works(local: Site) -> None:
    run_id = local.launch()["run"]["id"]
    query = f'subscription {{ pipelineRunLogs(runId: "{run_id}") {{ __typename }} }}'
    with socket(local, origin=local.url) as opened:
        opened.send(json.dumps({"type": "start", "id": "1", "payload": {"query": query}}))
        told = json.loads(opened.recv(20))
    assert told["payload"]["data"]["pipelineRunLogs"]["__typename"] == "PipelineRunLogsSubscriptionSuccess"


def test_nobody_frames_the_ui(local: Site) -> None:
    for path in ("/", "/graphql", "/server_info", "/nowhere"):
        answer = httpx.get(f"{local.url}{path}", headers={"accept": "text/html"})
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


NAME = ("x-user", "edgar@example.com")
PROOF = ("x-adp-proxy-secret", SECRET)
FORGED: dict[str, list[tuple[str, str]]] = {
    "no header at all": [],
    "a name without the secret": [NAME],
    "a wrong secret": [("x-adp-proxy-secret", SECRET + "x"), NAME],
    "an empty secret": [("x-adp-proxy-secret", ""), NAME],
    "the secret twice": [PROOF, PROOF, NAME],
    "a wrong secret before the right one": [("x-adp-proxy-secret", "x"), PROOF, NAME],
    "two secrets in one header": [("x-adp-proxy-secret", f"{SECRET}, {SECRET}"), NAME],
    "no name": [PROOF],
    "an empty name": [PROOF, ("x-user", "")],
    "two names": [PROOF, ("x-user", "adam@example.com"), NAME],
    "the same name in two spellings of the header": [PROOF, ("X-USER", "adam@example.com"), NAME],
    "two names in one header": [PROOF, ("x-user", "adam@example.com, edgar@example.com")],
    "groups twice": [PROOF, NAME, ("x-groups", "data-eng"), ("x-groups", "admins")],
    "a name that is no text": [PROOF, ("x-user", "edgar\xff")],
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_forged_identity_sees_and_does_nothing(behind: Site, headers: list[tuple[str, str]]) -> None:
    raw = [(key.encode(), value.encode("latin-1")) for key, value in headers]
    before = behind.as_("adam").runs()
    for query in (LAUNCH_JOB, VERSION):
        assert httpx.post(f"{behind.url}/graphql", json={"query": query}, headers=raw).status_code == 401
    for path in ("/", "/graphql", "/favicon.png", "/logs/x/y.err", "/runs", "/report_asset_check/one"):
        assert httpx.get(f"{behind.url}{path}", headers=raw).status_code == 401
    assert httpx.get(f"{behind.url}/server_info").status_code == 200
    with (
        pytest.raises(InvalidStatus),
        connect(f"{behind.url.replace('http', 'ws')}/graphql", additional_headers=headers, proxy=None),
    ):
        pass
    assert behind.as_("adam").runs() == before


def test_the_proxys_groups_give_roles_and_look_alikes_get_none(behind: Site) -> None:
    assert behind.as_("stranger").launch()["__typename"] == "UnauthorizedError"
    assert behind.as_("stranger", **{"x-groups": "other,data-eng"}).launch()["__typename"] == "LaunchRunSuccess"
    assert behind.as_("stranger", **{"x-groups": "data-engineers"}).launch()["__typename"] == "UnauthorizedError"
    assert behind.as_("еdgar").launch()["__typename"] == "UnauthorizedError"


def test_who_launches_is_who_the_run_belongs_to(behind: Site, local: Site) -> None:
    for site, name in ((behind.as_("edgar"), "edgar@example.com"), (local, "mia")):
        run = site.launch({"user": "somebody else", "team": "sales"})
        tags = {tag["key"]: tag["value"] for tag in run["run"]["tags"]}
        assert tags["user"] == name
        assert tags["team"] == "sales"


def test_a_re_execution_belongs_to_who_asks_for_it(behind: Site) -> None:
    parent = behind.as_("edgar").launch()["run"]["id"]
    query = """mutation($p: ReexecutionParams) { launchRunReexecution(reexecutionParams: $p) {
      __typename ... on LaunchRunSuccess { run { tags { key value } } } ... on Error { message } } }"""
    forged = [{"key": "user", "value": "edgar@example.com"}]
    for extra in ({}, {"useParentRunTags": True}, {"extraTags": forged}):
        params = {"parentRunId": parent, "strategy": "ALL_STEPS", **extra}
        answer = behind.as_("erna").ask(query, {"p": params})["launchRunReexecution"]
        assert {tag["key"]: tag["value"] for tag in answer["run"]["tags"]}["user"] == "erna@example.com"
    several = "mutation($p: [ExecutionParams!]!) { launchMultipleRuns(executionParamsList: $p) { __typename } }"
    params = [{"selector": {**WHERE, "jobName": "job"}, "executionMetadata": {"tags": [*forged]}}]
    before = behind.as_("erna").runs()
    behind.as_("erna").ask(several, {"p": params})
    after = behind.as_("erna").runs()
    assert [after[run]["user"] for run in after.keys() - before.keys()] == ["erna@example.com"]


def test_a_backfill_keeps_the_name_of_who_launched_it(behind: Site) -> None:
    made = behind.as_("edgar").backfill({"user": "erna@example.com"})["backfillId"]
    query = "query($b: String!) { partitionBackfillOrError(backfillId: $b) { ... on PartitionBackfill { user } } }"
    assert behind.as_("vera").ask(query, {"b": made})["partitionBackfillOrError"]["user"] == "edgar@example.com"
    resume = "mutation($b: String!) { resumePartitionBackfill(backfillId: $b) { __typename ... on Error { message } } }"
    again = """mutation($b: String!) { reexecutePartitionBackfill(reexecutionParams:
      {parentRunId: $b, strategy: ALL_STEPS}) { __typename
      ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""
    for mutation in (resume, again):
        other = next(iter(behind.as_("erna").ask(mutation, {"b": made}).values()))
        assert other["__typename"] == "UnauthorizedError"
        assert "Somebody else launched" in other["message"]

    with DagsterInstance.from_config(str(behind.state / "dagster")) as instance:
        instance.update_backfill(instance.get_backfill(made).with_status(BulkActionStatus.COMPLETED_FAILED))
    done = behind.as_("edgar").ask(again, {"b": made})["reexecutePartitionBackfill"]["backfillId"]
    assert behind.as_("vera").ask(query, {"b": done})["partitionBackfillOrError"]["user"] == "edgar@example.com"


def test_a_viewer_changes_nothing_and_an_approver_launches_decisions_only(behind: Site) -> None:
    vera, anna = behind.as_("vera"), behind.as_("anna")
    assert vera.ask(VERSION)["version"]
    assert vera.launch()["__typename"] == "UnauthorizedError"
    assert vera.backfill()["__typename"] == "UnauthorizedError"
    assert anna.backfill()["__typename"] == "UnauthorizedError"
    run_id = behind.as_("edgar").launch()["run"]["id"]
    stop = f'mutation {{ terminateRun(runId: "{run_id}") {{ __typename }} }}'
    for site in (vera, anna):
        assert site.ask(stop)["terminateRun"]["__typename"] == "UnauthorizedError"
        reload = 'mutation { reloadRepositoryLocation(repositoryLocationName: "small") { __typename } }'
        assert site.ask(reload)["reloadRepositoryLocation"]["__typename"] == "UnauthorizedError"
    assert behind.as_("edgar").ask(stop)["terminateRun"]["__typename"] == "TerminateRunSuccess"


CURSOR = """mutation($s: SensorSelector!, $c: String) { setSensorCursor(sensorSelector: $s, cursor: $c) {
  __typename ... on Sensor { sensorState { typeSpecificData { ... on SensorData { lastCursor } } } }
  ... on UnauthorizedError { message } } }"""


def test_nobody_writes_a_cursor_that_the_daemon_dies_of(behind: Site) -> None:
    """Dagster's automation daemon raises at every tick on a cursor that it cannot read, and refreshes nothing then."""
    for name, cursor in (("edgar", "garbage"), ("edgar", ""), ("adam", "garbage")):
        given = {"s": {**WHERE, "sensorName": "automation"}, "c": cursor}
        answer = behind.as_(name).ask(CURSOR, given)["setSensorCursor"]
        assert answer["__typename"] == "UnauthorizedError"
        assert "The daemon keeps this cursor" in answer["message"]
    edgar = behind.as_("edgar")
    emptied = edgar.ask(CURSOR, {"s": {**WHERE, "sensorName": "automation"}})["setSensorCursor"]
    assert emptied["__typename"] == "Sensor", "which is the way out for who has one"
    own = edgar.ask(CURSOR, {"s": {**WHERE, "sensorName": "watch"}, "c": "7"})["setSensorCursor"]
    assert own["sensorState"]["typeSpecificData"]["lastCursor"] == "7"
    nowhere = edgar.ask(CURSOR, {"s": {**WHERE, "sensorName": "nosuch"}, "c": "7"})["setSensorCursor"]
    assert nowhere["__typename"] == "SensorNotFoundError"


def granted(site: Site) -> set[str]:
    """Permissions that the UI is told this person has, everywhere and in the code location."""
    everywhere = site.ask("{ permissions { permission value } }")["permissions"]
    query = "{ workspaceOrError { ... on Workspace { locationEntries { permissions { permission value } } } } }"
    here = site.ask(query)["workspaceOrError"]["locationEntries"][0]["permissions"]
    given = {one["permission"] for one in everywhere if one["value"]}
    assert {one["permission"] for one in here if one["value"]} <= given
    return given


def test_the_ui_offers_each_role_what_it_may_do(behind: Site) -> None:
    assert granted(behind.as_("vera")) == set()
    assert granted(behind.as_("anna")) == {"launch_pipeline_execution"}
    assert granted(behind.as_("edgar")) == granted(behind.as_("adam"))
    assert {"launch_partition_backfill", "edit_sensor", "reload_workspace"} <= granted(behind.as_("edgar"))
    assert "instance" in behind.as_("vera").ask("{ instance { info } }")
    assert behind.as_("vera").ask("{ instance { info } }")["instance"]["info"] is None


PAINT = {
    "wipe": 'wipeAssets(assetPartitionRanges: [{assetKey: {path: ["one"]}}])',
    "delete a run": 'deleteRun(runId: "RUN")',
    "delete a run by its former name": 'deletePipelineRun(runId: "RUN")',
    "report a materialization": (
        'reportRunlessAssetEvents(eventParams: {eventType: ASSET_MATERIALIZATION, assetKey: {path: ["platform",'
        ' "approvals"]}, partitionKeys: ["AR-000001"]})'
    ),
    "report an observation": (
        'reportRunlessAssetEvents(eventParams: {eventType: ASSET_OBSERVATION, assetKey: {path: ["one"]}})'
    ),
    "report a check": (
        'reportAssetCheckEvaluations(eventParams: {assetKey: {path: ["one"]}, checkName: "c", passed: true})'
    ),
    "add a partition": (
        'addDynamicPartition(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "small"},'
        ' partitionsDefName: "approvals", partitionKey: "AR-999999")'
    ),
    "delete partitions": (
        'deleteDynamicPartitions(repositorySelector: {repositoryName: "__repository__", repositoryLocationName:'
        ' "small"}, partitionsDefName: "approvals", partitionKeys: ["AR-000001"], wipeMaterializations: true)'
    ),
    "shut the code server down": 'shutdownRepositoryLocation(repositoryLocationName: "small")',
}
LIMITS = (
    'setConcurrencyLimit(concurrencyKey: "k", limit: 9)',
    'deleteConcurrencyLimit(concurrencyKey: "k")',
    'freeConcurrencySlots(runId: "RUN")',
    'freeConcurrencySlotsForRun(runId: "RUN")',
)


@pytest.mark.parametrize("what", PAINT)
def test_nobody_paints_over_history(behind: Site, local: Site, what: str) -> None:
    for site in (behind.as_("adam"), behind.as_("edgar"), local):
        run_id = site.launch()["run"]["id"]
        query = f"mutation {{ done: {PAINT[what].replace('RUN', run_id)} {{ __typename }} }}"
        assert site.ask(query)["done"]["__typename"] == "UnauthorizedError"
        assert run_id in site.runs()
        keys = "query($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode { partitionKeys } } }"
        found = site.ask(keys, {"k": {"path": ["platform", "approvals"]}})
        assert found["assetNodeOrError"]["partitionKeys"] == []


@pytest.mark.parametrize("what", LIMITS)
def test_nobody_moves_the_limits_that_hold_runs(local: Site, what: str) -> None:
    answer = local.post(f"mutation {{ {what} }}")
    assert answer.json().get("errors")
    found = local.ask("{ instance { concurrencyLimits { concurrencyKey } } }")["instance"]["concurrencyLimits"]
    assert found == []


@pytest.mark.parametrize("kind", ["materialization", "check", "observation"])
def test_nothing_is_reported_over_rest(behind: Site, local: Site, kind: str) -> None:
    body = {"partition": "AR-000001", "check_name": "c", "passed": True}
    for site in (behind.as_("adam"), local):
        for path in (f"/report_asset_{kind}/platform/approvals", f"/report_asset_{kind}/one"):
            sent = httpx.post(f"{site.url}{path}", json=body, headers=dict(site.headers))
            assert sent.status_code == 403
            without = httpx.post(f"{site.url}{path}?passed=true&check_name=c", headers=dict(site.headers))
            assert without.status_code in (403, 415)
    query = '{ assetOrError(assetKey: {path: ["one"]}) { ... on Asset { assetMaterializations { timestamp } } } }'
    assert local.ask(query)["assetOrError"].get("assetMaterializations") == []


def test_every_mutation_of_this_dagster_is_known(local: Site) -> None:
    """One that a new version adds is refused; this test says so, and somebody decides who may use it."""
    found = local.ask("{ __schema { mutationType { fields { name } } } }")["__schema"]["mutationType"]["fields"]
    assert {field["name"] for field in found} == set(MUTATIONS)


TYPES = """{ __schema { types { name enumValues { name } inputFields { name type { ...T } }
  fields { name type { ...T } args { name type { ...T } } } } } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }"""
ARGUMENTS: dict[str, Any] = {"String": "x", "Boolean": True, "Int": 1, "ID": "x"}


def test_a_viewer_is_refused_by_every_mutation_there_is(behind: Site) -> None:
    vera, adam = behind.as_("vera"), behind.as_("adam")
    types = {one["name"]: one for one in adam.ask(TYPES)["__schema"]["types"]}
    before = adam.runs()
    for name, needed in MUTATIONS.items():
        if needed != "":
            answer = vera.post(_least_mutation(types, name)).json()
            told = str(answer.get("errors") or answer["data"][name])
            assert "Needs the role" in told or "Nobody may do this" in told or "UnauthorizedError" in told, answer
    assert adam.runs() == before


def _least_mutation(types: dict[str, Any], name: str) -> str:
    """The mutation, valid by the schema, with nothing in it that is not asked for."""
    field = next(one for one in types["Mutation"]["fields"] if one["name"] == name)
    given = _least_fields(types, field["args"])
    output = field["type"]["ofType"] or field["type"]
    selected = "" if output["kind"] == "SCALAR" else "{ __typename }"
    return f"mutation {{ {name}{f'({given})' if given else ''} {selected} }}"


def _least_fields(types: dict[str, Any], fields: list[dict[str, Any]]) -> str:
    needed = [one for one in fields if one["type"]["kind"] == "NON_NULL"]
    return ", ".join(f"{one['name']}: {_least(types, one['type'])}" for one in needed)


def _least(types: dict[str, Any], kind: dict[str, Any]) -> str:
    if kind["kind"] == "NON_NULL":
        return _least(types, kind["ofType"])
    if kind["kind"] == "LIST":
        return "[]"
    found = types[kind["name"]]
    if kind["kind"] == "INPUT_OBJECT":
        return f"{{{_least_fields(types, found['inputFields'])}}}"
    if kind["kind"] == "ENUM":
        return str(found["enumValues"][0]["name"])
    return json.dumps(ARGUMENTS[kind["name"]])


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        (("--host", "0.0.0.0"), {}, "without a proxy"),
        ((), {"ADP_BASE_URL": "https://data.example.com"}, "without a proxy"),
        (("--host", "0.0.0.0"), {"ADP_USER_HEADER": "X-User"}, "PROXY_SECRET"),
        ((), {"ADP_USER_HEADER": "X-User", "ADP_SECRET_PROXY_SECRET": "short"}, "at least 24 characters"),
        (("--tls-cert", "c.pem"), {}, "go together"),
    ],
    ids=["another machine", "another address", "no secret", "a short secret", "half a certificate"],
)
def test_it_does_not_start_where_it_would_be_open(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], told: str
) -> None:
    env = {**prepare(tmp_path / "state"), **settings}
    done = subprocess.run(
        [BIN / "adp", "web", "--port", "1", *arguments], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    assert told in done.stderr
