"""Unity Catalog, Purview and ADLS Gen2 on loopback: each checks what it is sent and keeps what it holds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "a-token-of-the-fake"
TAGS = "/api/2.1/unity-catalog/entity-tag-assignments"
ATLAS = "/datamap/api/atlas/v2"


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Reply = tuple[int, Any, dict[str, str]]


class Service(ThreadingHTTPServer):
    """Answers as its `answer` says, after the statuses in `first`; keeps what it was asked."""

    answer: Callable[[Asked], Reply]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.first: list[int] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def changes(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked if one.method != "GET"]


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def _reply(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = json.loads(sent) if sent else None
        asked = Asked(self.command, parts.path, query, {k.lower(): v for k, v in self.headers.items()}, body)
        self.server.asked.append(asked)
        if self.server.first:
            status, answer, headers = self.server.first.pop(0), {"message": TOKEN}, {}
        elif asked.headers.get("authorization") != f"Bearer {TOKEN}":
            status, answer, headers = 401, {}, {}
        else:
            status, answer, headers = self.server.answer(asked)
        text = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = _reply  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@contextmanager
def serving() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Unity:
    """Tags of the entities that it knows."""

    def __init__(self, *entities: str) -> None:
        self.tags: dict[str, dict[str, str]] = {entity: {} for entity in entities}

    def __call__(self, asked: Asked) -> Reply:
        if asked.method == "POST" and asked.path == TAGS:
            body = asked.body
            if body["entity_name"] not in self.tags:
                return 404, {"error_code": "NOT_FOUND"}, {}
            if body["tag_key"] in self.tags[body["entity_name"]]:
                return 409, {"error_code": "ALREADY_EXISTS"}, {}
            self.tags[body["entity_name"]][body["tag_key"]] = body["tag_value"]
            return 200, body, {}
        kind, entity, word, key = map(unquote, asked.path.removeprefix(f"{TAGS}/").split("/"))
        held = self.tags.get(entity, {})
        if kind not in ("tables", "columns") or word != "tags" or key not in held:
            return 404, {"error_code": "NOT_FOUND"}, {}
        if asked.method == "PATCH":
            if asked.query != {"update_mask": "tag_value"}:
                return 400, {}, {}
            held[key] = asked.body["tag_value"]
        if asked.method == "DELETE":
            del held[key]
            return 200, {}, {}
        return 200, {"entity_type": kind, "entity_name": entity, "tag_key": key, "tag_value": held[key]}, {}


class DataMap:
    """Purview's: entities of one type with their classifications, which must be defined first."""

    def __init__(self, kind: str, **entities: list[str]) -> None:
        self.kind, self.entities = kind, entities
        self.defined: set[str] = set()

    def __call__(self, asked: Asked) -> Reply:
        if asked.query.get("api-version") != "2023-09-01":
            return 400, {}, {}
        path = unquote(asked.path).removeprefix(ATLAS)
        if path.startswith("/types/"):
            return self._types(asked, path)
        base = f"/entity/uniqueAttribute/type/{self.kind}"
        held = self.entities.get(asked.query.get("attr:qualifiedName", ""))
        if held is None or not path.startswith(base):
            return 404, {"errorCode": "ATLAS-404-00-009"}, {}
        if asked.method == "GET":
            return 200, {"entity": {"classifications": [{"typeName": name} for name in held]}}, {}
        if asked.method == "POST" and path == f"{base}/classifications":
            names = [one["typeName"] for one in asked.body]
            if set(names) & set(held) or not set(names) <= self.defined:
                return 400, {"errorCode": "ATLAS-400-00-01A"}, {}
            held += names
            return 204, None, {}
        held.remove(path.removeprefix(f"{base}/classification/"))
        return 204, None, {}

    def _types(self, asked: Asked, path: str) -> Reply:
        if asked.method == "POST":
            self.defined |= {one["name"] for one in asked.body["classificationDefs"]}
            return 200, asked.body, {}
        return (200, {}, {}) if path.rpartition("/")[2] in self.defined else (404, {}, {})


class Acls:
    """ADLS Gen2: keeps entries by folder, two pages a change."""

    def __init__(self, *folders: str) -> None:
        self.folders: dict[str, dict[str, str]] = {folder: {} for folder in folders}
        self.failing = 0

    def __call__(self, asked: Asked) -> Reply:
        folder = self.folders.get(unquote(asked.path))
        if asked.method != "PATCH" or asked.query.get("action") != "setAccessControlRecursive":
            return 400, {}, {}
        if folder is None:
            return 404, {}, {}
        if not asked.query.get("continuation"):
            return 200, _counts(1, 3, 0), {"x-ms-continuation": "next/page="}
        for entry in asked.headers["x-ms-acl"].split(","):
            if asked.query["mode"] == "remove":
                folder.pop(entry, None)
            else:
                who, _, may = entry.rpartition(":")
                folder[who] = may
        return 200, _counts(1, 0, self.failing), {}


def _counts(folders: int, files: int, failures: int) -> dict[str, int]:
    return {"directoriesSuccessful": folders, "filesSuccessful": files, "failureCount": failures}


class Signed(NamedTuple):
    token: str
    expires_on: int


class Credential:
    """Signs in without a network; keeps the scopes."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> Signed:
        self.scopes += scopes
        return Signed(TOKEN, int(time.time()) + 3600)
