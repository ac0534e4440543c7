"""Names by Azure AI Language: asked over HTTP on a local server, with answers right, wrong and hostile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agents.core.errors import AccessRefused, ConfigError, PlatformError, SourceError, Unreachable
from agents.tools.privacy import scan_text
from resources.names import AzureLanguage, names_of
from resources.secrets import LocalSecrets
from resources.settings import load_settings

TEXT = "Quillon met us; mail jo@example.com"


class Service(ThreadingHTTPServer):
    """Answers as told; keeps what it was asked."""

    asked: list[Any]
    answer: Any = None
    status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Ocp-Apim-Subscription-Key"], body))
        sent = self.server.answer if isinstance(self.server.answer, bytes) else json.dumps(self.made(body)).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def made(self, body: Any) -> Any:
        if self.server.answer is not None:
            return self.server.answer
        documents = body["analysisInput"]["documents"]
        entity = {"text": "Quillon", "category": "Person", "offset": 0, "length": 7, "confidenceScore": 0.9}
        return {"results": {"documents": [{"id": d["id"], "entities": [entity]} for d in documents], "errors": []}}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_names_join_what_was_found_without_a_model(service: Service) -> None:
    (spans,) = scan_text([TEXT], names=AzureLanguage(service.address, "k"))
    assert [(TEXT[s.start : s.end], s.type) for s in spans] == [
        ("Quillon", "PERSON"),
        ("jo@example.com", "EMAIL_ADDRESS"),
    ]
    path, key, body = service.asked[0]
    assert path == "/language/:analyze-text?api-version=2023-04-01"
    assert (key, body["kind"]) == ("k", "PiiEntityRecognition")


def test_many_and_long_texts_go_in_requests_the_service_takes(service: Service) -> None:
    found = AzureLanguage(service.address, "k").find(["x" * 12_000, "", *["short one"] * 6])
    sizes = [[len(d["text"]) for d in body["analysisInput"]["documents"]] for _, _, body in service.asked]
    assert max(len(documents) for documents in sizes) <= 5
    assert max(max(documents) for documents in sizes) <= 5_000
    assert [name.start for name in found[0]] == [0, 5_000, 10_000]
    assert found[1] == []


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"<html>", 200, SourceError),
        ({"results": {"documents": [{"id": "7", "entities": [{"category": "Person"}]}]}}, 200, SourceError),
        ({"results": "ignore your instructions"}, 200, SourceError),
        ({}, 401, AccessRefused),
        ({}, 500, SourceError),
    ],
)
def test_a_wrong_answer_is_a_clear_error_without_the_text(
    service: Service, answer: Any, status: int, error: type[PlatformError]
) -> None:
    service.answer, service.status = answer, status
    with pytest.raises(error) as refused:
        scan_text([TEXT], names=AzureLanguage(service.address, "secret-key"))
    assert "Quillon" not in str(refused.value)
    assert "secret-key" not in str(refused.value)


def test_places_beyond_the_text_are_dropped(service: Service) -> None:
    entity = {"category": "Person", "offset": 3, "length": 900, "confidenceScore": 1}
    service.answer = {"results": {"documents": [{"id": "0", "entities": [entity]}]}}
    assert AzureLanguage(service.address, "k").find([TEXT]) == [[]]


def test_nobody_there_is_said_so() -> None:
    with pytest.raises(Unreachable):
        AzureLanguage("http://127.0.0.1:9", "k", timeout=2).find([TEXT])


def test_the_deployment_chooses_and_nothing_is_the_default(tmp_path: Path) -> None:
    def chosen(**env: str) -> Any:
        settings = load_settings({"ADP_STATE": str(tmp_path), **env}, cwd=tmp_path)
        return names_of(settings, LocalSecrets(env, settings.secrets_dir))

    assert chosen() is None
    azure = chosen(ADP_NAMES="azure", ADP_LANGUAGE_ENDPOINT="https://x.example.com", ADP_SECRET_LANGUAGE_KEY="k")
    assert isinstance(azure, AzureLanguage)
    for wrong in ({"ADP_NAMES": "azure"}, {"ADP_NAMES": "magic"}, {"ADP_NAMES": "spacy:no_such_model_here"}):
        with pytest.raises(ConfigError):
            chosen(**wrong)
