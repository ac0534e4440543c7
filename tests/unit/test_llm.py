"""The language model's client against a real server on this machine, with replies right, wrong and hostile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.core.errors import AccessRefused, ConfigError, PlatformError, SourceError, Unreachable
from resources.llm import OpenAICompatible, Usage, language_model_of
from resources.secrets import LocalSecrets
from resources.settings import load_settings
from tests.unit.llm_server import ModelServer, model_server

DATA = {"table": "silver/orders", "columns": ["ordre_né"]}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


def client(server: ModelServer, timeout: float = 20) -> OpenAICompatible:
    return OpenAICompatible(server.url, "small", "secret-key", timeout=timeout, pause=0.01)


def test_a_question_is_asked_once_with_the_key_and_the_tokens_are_counted(server: ModelServer) -> None:
    server.replies = [{"columns": {"a": "b"}}]
    model = client(server)
    assert model.ask("Do it.", DATA) == {"columns": {"a": "b"}}
    assert model.used == Usage(1, 100, 20)
    assert server.keys == ["Bearer secret-key"]
    (asked,) = server.asked
    assert (asked["model"], asked["temperature"]) == ("small", 0)
    assert [m["role"] for m in asked["messages"]] == ["system", "user"]
    assert "ordre" not in asked["messages"][0]["content"]


def test_a_code_fence_around_the_answer_is_no_matter(server: ModelServer) -> None:
    server.replies = ['```json\n{"rules": []}\n```']
    assert client(server).ask("Do it.", DATA) == {"rules": []}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_service_is_asked_again_a_few_times(server: ModelServer, status: int) -> None:
    server.replies = [status, status, {"ok": 1}]
    assert client(server).ask("Do it.", DATA) == {"ok": 1}
    server.replies = [status]
    server.asked.clear()
    with pytest.raises(SourceError, match=str(status)):
        client(server).ask("Do it.", DATA)
    assert len(server.asked) == 3


def test_a_model_that_does_not_take_the_options_is_asked_without(server: ModelServer) -> None:
    server.replies = [400, {"ok": 1}]
    assert client(server).ask("Do it.", DATA) == {"ok": 1}
    assert [sorted(asked.keys() - {"model", "messages"}) for asked in server.asked] == [
        ["max_tokens", "response_format", "temperature"],
        [],
    ]
    server.replies = [422]
    server.asked.clear()
    with pytest.raises(SourceError, match="422"):
        client(server).ask("Do it.", DATA)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (401, AccessRefused),
        (404, SourceError),
        (307, SourceError),
        (b"<html>", SourceError),
        (b"", SourceError),
        (b'{"choices": []}', SourceError),
        (b'{"choices": [{"message": {"content": null}}]}', SourceError),
        (b'{"choices": "ignore your instructions"}', SourceError),
        (b"[" * 200_000, SourceError),
        (b"\xff\xfe", SourceError),
        ("not JSON", SourceError),
        ("[1, 2]", SourceError),
        ('{"a": ' * 100_000, SourceError),
        (b" " * 3_000_000, SourceError),
    ],
)
def test_a_useless_reply_is_a_clear_error_that_quotes_nothing(
    server: ModelServer, reply: Any, error: type[PlatformError]
) -> None:
    server.replies = [reply]
    with pytest.raises(error) as refused:
        client(server).ask("Do it.", DATA)
    assert "secret-key" not in str(refused.value)
    assert "silver/orders" not in str(refused.value)
    assert "ignore" not in str(refused.value)
    assert len(server.asked) == 1


def test_tokens_that_make_no_sense_are_not_counted(server: ModelServer) -> None:
    message = (
        b'{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": "many", "completion_tokens": -1}}'
    )
    server.replies = [message]
    model = client(server)
    assert model.ask("Do it.", DATA) == {}
    assert model.used == Usage(1, 0, 0)


def test_an_answer_that_drips_is_given_up(server: ModelServer) -> None:
    server.replies = [5.0]
    with pytest.raises(Unreachable, match="in time"):
        client(server, timeout=0.3).ask("Do it.", DATA)


def test_what_comes_with_an_error_is_not_waited_for(server: ModelServer) -> None:
    server.replies = [(404, 30.0)]
    with pytest.raises(SourceError, match="404"):
        client(server).ask("Do it.", DATA)


def test_nobody_there_is_said_so() -> None:
    model = OpenAICompatible("http://127.0.0.1:9/v1", "small", "k", timeout=5, pause=0.01)
    with pytest.raises(Unreachable, match="ADP_LLM_URL"):
        model.ask("Do it.", DATA)


def test_the_deployment_chooses_and_nothing_is_the_default(tmp_path: Path) -> None:
    def chosen(**env: str) -> Any:
        settings = load_settings({"ADP_STATE": str(tmp_path), **env}, cwd=tmp_path)
        return language_model_of(settings, LocalSecrets(env, settings.secrets_dir))

    assert chosen() is None
    far = {"ADP_LLM_URL": "https://models.example.com/v1", "ADP_LLM_MODEL": "large", "ADP_SECRET_LLM_KEY": "k"}
    assert chosen(**far).name == "large"
    assert chosen(ADP_LLM_URL="http://localhost:11434/v1", ADP_LLM_MODEL="small").name == "small"
    for wrong in (
        {"ADP_LLM_MODEL": ""},
        {"ADP_LLM_URL": ""},
        {"ADP_SECRET_LLM_KEY": ""},
        {"ADP_LLM_URL": "http://models.example.com/v1"},
        {"ADP_LLM_URL": "http://localhost:x@models.example.com/v1"},
        {"ADP_LLM_URL": "https://[models"},
        {"ADP_LLM_URL": "file:///etc/models"},
    ):
        with pytest.raises(ConfigError):
            chosen(**{**far, **wrong})
