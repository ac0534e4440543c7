"""Which requests get in at all, before anybody looks at who asks: our host, no foreign page, mutations as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from agents.core.errors import ConfigError
from platform_defs.web_identity import SECRET, is_loopback

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from resources.platform import Platform

SHORTEST = 24
READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further; the status follows HTTP."""

    status: int
    why: str


def refusal(conn: HTTPConnection, base_url: str) -> Refusal | None:
    """What is wrong with a request, or None.

    Host: a page of another site whose name was pointed at this machine (DNS rebinding) names its own. Origin and
    content type: a foreign page can send forms and plain text with the user's cookies, but neither our origin nor JSON.
    """
    hosts = conn.headers.getlist("host")
    if len(hosts) != 1 or not _our_host(hosts[0], urlsplit(base_url)):
        return Refusal(421, f"this host is not served here: use {base_url}")
    if conn.scope["type"] == "http" and conn.scope["method"] in READING:
        return None
    if not _same_origin(conn, hosts[0], urlsplit(base_url)):
        return Refusal(403, "another site's page sent this")
    if conn.scope["type"] == "http" and not _json(conn.headers.getlist("content-type")):
        return Refusal(415, "send application/json")
    return None


def check(platform: Platform, host: str) -> None:
    """Raise ConfigError when this address or this proxy would let people in without a name."""
    settings = platform.settings
    if settings.user_header:
        if len(platform.secrets.get(SECRET) or "") < SHORTEST:
            raise ConfigError(
                f"the proxy needs a secret of at least {SHORTEST} characters, or anybody could claim to be it",
                where=f"secret {SECRET}",
                fix="see docs/identity.md",
            )
        return
    for address, where in ((host, "--host"), (urlsplit(settings.base_url).hostname or "", "ADP_BASE_URL")):
        if not is_loopback(address):
            raise ConfigError(
                f"without a proxy that says who asks, nobody but this computer is served: {address} is not",
                where=where,
                fix="put an authenticating proxy in front and set ADP_USER_HEADER: docs/identity.md",
            )


def _our_host(host: str, base: SplitResult) -> bool:
    name = _parts(f"//{host}").hostname
    return name is not None and (is_loopback(name) or name == base.hostname)


def _same_origin(conn: HTTPConnection, host: str, base: SplitResult) -> bool:
    """Programs send no Origin; browsers always do where it matters, and nobody makes them send another."""
    if any(site != "same-origin" for site in conn.headers.getlist("sec-fetch-site")):
        return False
    origins = conn.headers.getlist("origin")
    if len(origins) > 1:
        return False
    return not origins or _our_origin(_parts(origins[0]), host, base)


def _our_origin(origin: SplitResult, host: str, base: SplitResult) -> bool:
    if (origin.scheme, origin.netloc) == (base.scheme, base.netloc):
        return True
    local = origin.hostname is not None and is_loopback(origin.hostname)
    return local and origin.scheme in ("http", "https") and origin.netloc == host.lower()


def _json(given: list[str]) -> bool:
    """One content type, and JSON it is: `text/plain; application/json` is what a foreign page may send."""
    return len(given) == 1 and given[0].partition(";")[0].strip().lower() == "application/json"


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url.lower())
    except ValueError:  # "[" without "]"
        return urlsplit("")
