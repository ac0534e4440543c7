"""Requests to a catalog's REST interface: signed in, tried again within bounds, errors without token or body."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import quote

from agents.core.errors import AccessRefused, ConfigError, SourceError, Unreachable
from resources.secrets import Secrets

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 30.0
PAUSES = (0.5, 2.0)  # seconds before the second and the third try
LONGEST_PAUSE = 30.0  # of what a service asks for
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_CLIENT = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")


class Answer(NamedTuple):
    """What a service said; `body` is the JSON object, empty where there is none."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


class Rest:
    """One service at `address`. A redirection is never followed: it would carry the token elsewhere."""

    def __init__(
        self,
        name: str,
        address: str,
        token: Callable[[], str],
        *,
        timeout: float = TIMEOUT_SECONDS,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._name, self._address, self._token = name, address, token
        self._timeout, self._pauses = timeout, pauses

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """The answer of status 2xx or of `expected`. Raises Unreachable, AccessRefused or SourceError."""
        import httpx

        sent = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json", **(headers or {})}
        problem, pause = "", 0.0
        for following in (*self._pauses, 0.0):
            time.sleep(pause)
            pause = following
            try:
                answer = httpx.request(
                    method, self._address + path, params=params, json=body, headers=sent, timeout=self._timeout
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = f"no answer ({type(error).__name__})"  # its text may hold the address
                continue
            if answer.status_code not in _AGAIN:
                return self._checked(answer, expected)
            problem = f"answered {answer.status_code}"
            pause = max(pause, _asked_pause(answer))
        raise Unreachable(problem, where=self._name, fix="check the address and the network, then publish again")

    def _checked(self, answer: httpx.Response, expected: Collection[int]) -> Answer:
        status = answer.status_code
        if status in (401, 403):
            fix = "let the identity of this process write there: see docs/governance.md"
            raise AccessRefused(f"does not let this process in ({status})", where=self._name, fix=fix)
        if not 200 <= status < 300 and status not in expected:
            fix = "check the settings of this catalog: see docs/governance.md"
            raise SourceError(f"answered {status}", where=self._name, fix=fix)
        found: object = None
        if answer.content and status < 300:
            try:
                found = answer.json()
            except ValueError:
                fix = "check its address: something else answers there"
                raise SourceError("the answer is not JSON", where=self._name, fix=fix) from None
        body = cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}
        return Answer(status, body, answer.headers)


class AzureTokens:
    """Signs in to Azure: by the client secret among the secrets, else as Azure's own order finds an identity."""

    def __init__(self, secrets: Secrets, credential: Any = None) -> None:
        self._secrets, self._credential = secrets, credential

    def of(self, scope: str) -> Callable[[], str]:
        """What gives a token for a scope; Azure's client keeps it until it expires."""
        return lambda: self._token(scope)

    def _token(self, scope: str) -> str:
        try:
            from azure.core.exceptions import AzureError
            from azure.identity import ClientSecretCredential, DefaultAzureCredential
        except ImportError:
            fix = "install the extra: pip install 'agentic-data-platform[azure]'"
            raise ConfigError("Azure's client is not installed", where="sign-in to Azure", fix=fix) from None
        if self._credential is None:
            tenant, client, secret = (self._secrets.get(name) for name in _CLIENT)
            try:
                given = tenant and client and secret
                made = ClientSecretCredential(tenant or "", client or "", secret or "") if given else None
            except ValueError:  # its text may hold what was given
                fix = f"correct the secret {_CLIENT[0]}"
                raise ConfigError("not the id of a tenant", where="sign-in to Azure", fix=fix) from None
            self._credential = made or DefaultAzureCredential()
        try:
            return str(self._credential.get_token(scope).token)
        except AzureError as error:
            fix = f"give this process an identity, or the secrets {', '.join(_CLIENT)}"
            what = f"Azure does not sign this process in ({type(error).__name__})"
            raise AccessRefused(what, where="sign-in to Azure", fix=fix) from None  # the cause may tell of the identity


def part(name: str) -> str:
    """A name as one part of a path: whatever is in it leads nowhere else."""
    return quote(name, safe="").replace(".", "%2E") if set(name) == {"."} else quote(name, safe="")


def _asked_pause(answer: httpx.Response) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else 0.0
