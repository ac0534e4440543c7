"""A language model behind an OpenAI-compatible address, where the deployment has one. It answers; it decides nothing.

What it says comes from outside like any other input: callers check it before they use it. Without a model nothing is
asked, and everything works.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from agents.core.errors import AccessRefused, ConfigError, PlatformError, SourceError, Unreachable
from resources.secrets import Secrets
from resources.settings import Settings

if TYPE_CHECKING:
    import openai

KEY = "LLM_KEY"
LONGEST = 1_000_000
"""Bytes of a reply that are read; a longer one is refused."""
_ATTEMPTS = 3
_BUSY = frozenset({408, 409, 429, 500, 502, 503, 504})
_NOT_TAKEN = frozenset({400, 422})
_OPTIONS: Mapping[str, Any] = {"temperature": 0, "max_tokens": 4_000, "response_format": {"type": "json_object"}}
"""Asked for first, and left out where a model does not take them: not every one knows them."""
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests that were made, and the tokens that the model counted for them."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.requests - other.requests,
            self.prompt_tokens - other.prompt_tokens,
            self.completion_tokens - other.completion_tokens,
        )

    def to_json(self) -> dict[str, int]:
        """The numbers by name."""
        return {
            "requests": self.requests,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }


class LanguageModel(ABC):
    """Answers in JSON. `used` counts what was asked of it so far, failed attempts included."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.used = Usage()

    @abstractmethod
    def ask(self, instructions: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The model's JSON object for instructions and the data they speak of.

        Raises Unreachable, AccessRefused or SourceError, none with a word of data or reply.
        """


class OpenAICompatible(LanguageModel):
    """The chat completions of OpenAI, Azure OpenAI (`.../openai/v1`), vLLM, Ollama and others.

    `timeout` are the seconds that one question may take with all its attempts, `pause` those before the next attempt.
    """

    def __init__(self, url: str, model: str, key: str, *, timeout: float = 60.0, pause: float = 1.0) -> None:
        super().__init__(model)
        self._url, self._key, self._timeout, self._pause = url.rstrip("/"), key, timeout, pause

    def ask(self, instructions: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        messages = [
            {"role": "system", "content": instructions},
            {"role": "user", "content": json.dumps(data, ensure_ascii=True)},
        ]
        until, options = time.monotonic() + self._timeout, _OPTIONS
        with self._client() as client:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    body = self._send(client, messages, options, until)
                except _Again as again:
                    plainer = again.status in _NOT_TAKEN
                    pause = 0.0 if plainer else self._pause * 2 ** (attempt - 1)
                    over = attempt == _ATTEMPTS or time.monotonic() + pause >= until
                    if over or (plainer and not options):
                        raise again.error from None
                    options = {} if plainer else options
                    time.sleep(pause)
                    continue
                return self._answer(body)
        raise AssertionError("the last attempt returns or raises")

    def _client(self) -> openai.OpenAI:
        try:
            import openai
        except ImportError:
            raise ConfigError(
                "the package `openai` is not installed", where="ADP_LLM_URL", fix="install the extra `llm`"
            ) from None
        # A redirect could carry what is asked to a place nobody configured; what comes with an error is not read.
        http = openai.DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [_close_failed]})
        return openai.OpenAI(base_url=self._url, api_key=self._key or "none", max_retries=0, http_client=http)

    def _send(
        self, client: openai.OpenAI, messages: list[dict[str, str]], options: Mapping[str, Any], until: float
    ) -> bytes:
        import httpx2
        import openai

        self.used += Usage(requests=1)
        try:
            with client.chat.completions.with_streaming_response.create(
                model=self.name,
                messages=cast(Any, messages),
                timeout=max(0.1, until - time.monotonic()),
                **options,
            ) as response:
                return _bounded(response.iter_bytes(), until)
        except openai.APIStatusError as error:
            raise _refusal(error.status_code) from None  # the cause holds the request
        except (openai.APITimeoutError, httpx2.TimeoutException):
            raise _Again(_unreachable("no answer in time")) from None
        except (openai.APIConnectionError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _Again(_unreachable(f"no answer ({type(error).__name__})")) from None
        except (openai.OpenAIError, UnicodeError):
            raise _unusable("the request cannot be made") from None

    def _answer(self, body: bytes) -> Mapping[str, Any]:
        """The JSON object of a reply, checked: it comes from outside."""
        try:
            reply = cast("dict[str, Any]", json.loads(body))
            self.used += _tokens(reply.get("usage"))
            answer: object = json.loads(_unfenced(reply["choices"][0]["message"]["content"]))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            raise _unusable("the reply is not of the form expected") from None
        if not isinstance(answer, dict):
            raise _unusable("the reply is not a JSON object")
        return cast("dict[str, Any]", answer)


class _Again(Exception):
    """Worth another attempt; `error` is what to say when there is none."""

    def __init__(self, error: PlatformError, status: int = 0) -> None:
        super().__init__(str(error))
        self.error, self.status = error, status


def _close_failed(response: Any) -> None:
    if response.status_code >= 300:
        response.close()


def _bounded(chunks: Iterable[bytes], until: float) -> bytes:
    """A reply in pieces, given up when it is too long or drips on for too long."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LONGEST:
            raise _unusable(f"the reply is longer than {LONGEST:,} bytes")
        if time.monotonic() > until:
            raise _unreachable("no answer in time")
    return bytes(body)


def _unfenced(text: str) -> str:
    """JSON as it is, or out of the code fence that some models put around it."""
    text = text.strip()
    return text.partition("\n")[2].rpartition("```")[0] if text.startswith("```") else text


def _tokens(usage: object) -> Usage:
    found = cast("dict[str, object]", usage) if isinstance(usage, dict) else {}
    numbers = [found.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (n if isinstance(n, int) and 0 <= n < 10**9 else 0 for n in numbers)
    return Usage(0, prompt, completion)


def _refusal(status: int) -> PlatformError | _Again:
    if status in (401, 403):
        return AccessRefused("the key is refused", where="language model", fix=f"renew the secret {KEY}")
    error = _unusable(f"answered {status}")
    return _Again(error, status) if status in _BUSY | _NOT_TAKEN else error


def _unreachable(what: str) -> Unreachable:
    return Unreachable(what, where="language model", fix="check ADP_LLM_URL, and that the service runs")


def _unusable(what: str) -> SourceError:
    return SourceError(what, where="language model", fix="check ADP_LLM_URL and ADP_LLM_MODEL, or unset both")


def language_model_of(settings: Settings, secrets: Secrets) -> LanguageModel | None:
    """The model of the deployment; None where none is set. Raises ConfigError where it is set by half."""
    url, model = settings.llm_url, settings.llm_model
    if not url and not model:
        return None
    if not model:
        raise ConfigError("a language model's address without its name", where="ADP_LLM_MODEL", fix="give the name")
    scheme, host = _place(url)
    local = host in _LOCAL
    if not host or scheme not in (("https", "http") if local else ("https",)):
        raise ConfigError(
            "a language model needs an https address", where="ADP_LLM_URL", fix="give https://..., or a local address"
        )
    key = secrets.get(KEY) or ""
    if not key and not local:
        raise ConfigError("the language model's key is missing", where="ADP_LLM_URL", fix=f"set the secret {KEY}")
    return OpenAICompatible(url, model, key)


def _place(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""
