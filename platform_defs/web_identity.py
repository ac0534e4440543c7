"""Who asks over HTTP: what the authenticating proxy vouches for, or the person at this computer."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.core.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from starlette.requests import HTTPConnection

    from resources.identity import People, Person, Role
    from resources.secrets import Secrets
    from resources.settings import Settings

SECRET = "PROXY_SECRET"
SECRET_HEADER = "x-adp-proxy-secret"
EASY_AUTH = "x-ms-client-principal"
MARK = "adp.who"  # key of the connection's scope, which clients cannot reach
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Who:
    """Who speaks over one connection, and as what.

    `known`: somebody vouches for the name. `person`: whom the proxy vouches for; None means that a decision needs name
    and code. `roles` are what the web lets them do, with or without a person.
    """

    name: str
    known: bool
    person: Person | None = None
    roles: frozenset[Role] = frozenset()


NOBODY = Who("", known=False)


def identify(
    conn: object | None, settings: Settings, secrets: Secrets, people: People, *, guarded: bool = False
) -> Who:
    """Who asks over this connection; `NOBODY` when it is no HTTP connection at all. Raises Denied: see `_proxied`.

    Without a proxy it is the local user, and known only over the platform's own webserver, which turns away what other
    sites and machines send (`guarded`): Dagster's own would take a foreign page for the person at the keyboard.
    """
    from starlette.requests import HTTPConnection

    if not isinstance(conn, HTTPConnection):
        return NOBODY
    scope: MutableMapping[str, Any] = conn.scope
    if isinstance(found := scope.get(MARK), Who):
        return found
    who = _proxied(conn, settings, secrets, people) if settings.user_header else _local(conn, settings, guarded)
    scope[MARK] = who
    return who


def _local(conn: HTTPConnection, settings: Settings, guarded: bool) -> Who:
    if conn.client is None or not is_loopback(conn.client.host):
        raise Denied("another machine asks, and no proxy says who it is", where="web", fix="see docs/identity.md")
    # Elsewhere than on a person's own computer, the name of the account that runs the server says nothing of who asks.
    if settings.profile == "local":
        return Who(settings.local_user, known=guarded, roles=frozenset({"admin"}))
    return Who(settings.local_user, known=False, roles=frozenset({"engineer"}))


def _proxied(conn: HTTPConnection, settings: Settings, secrets: Secrets, people: People) -> Who:
    """The person that the proxy names. Raises Denied for anything but one right secret and one name.

    Of two headers of one name, one is the attacker's: no choice between them is right.
    """
    expected, given = secrets.get(SECRET) or "", conn.headers.getlist(SECRET_HEADER)
    same = len(given) == 1 and hmac.compare_digest(given[0].encode(), expected.encode())
    if not expected or not same:
        raise Denied("the request did not come through the proxy", where="web", fix="see docs/identity.md")
    name = _text(_one(conn.headers.getlist(settings.user_header), settings.user_header))
    if not name or "," in name or len(name) > LONGEST or not name.isprintable():
        raise Denied("the proxy names no user, or more than one", where=settings.user_header)
    person = people.from_proxy(name, _groups(conn, settings.groups_header))
    if not person.roles:
        raise Denied("this account was revoked", where="web", fix="ask an admin")
    return Who(person.name, known=True, person=person, roles=person.roles)


def _groups(conn: HTTPConnection, header: str) -> frozenset[str]:
    given = conn.headers.getlist(header) if header else []
    if not given:
        return frozenset()
    text = _one(given, header)
    names = _claims(text) if header == EASY_AUTH else _text(text).split(",")
    return frozenset(name for each in names if (name := each.strip()))


def _claims(encoded: str) -> list[str]:
    """Groups and roles of Azure Easy Auth's principal: base64 of JSON. Raises Denied when it is something else."""
    try:
        principal: Mapping[str, Any] = json.loads(base64.b64decode(encoded, validate=True))
        kinds = {"groups", "roles", str(principal.get("role_typ") or "roles")}
        return [str(claim["val"]) for claim in principal.get("claims") or () if claim["typ"] in kinds]
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Denied("the principal cannot be read", where=EASY_AUTH) from error


def _one(given: list[str], header: str) -> str:
    if len(given) != 1:
        raise Denied(f"expected the header once, got it {len(given)} times", where=header)
    return given[0]


def _text(value: str) -> str:
    """Header values arrive as Latin-1; proxies send UTF-8. Raises Denied for what is neither ASCII nor UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8").strip()
    except UnicodeError as error:
        raise Denied("a header is not UTF-8", where="web") from error


def is_loopback(host: str) -> bool:
    """Whether a host name or address, as a URL or a socket has it, is this machine itself."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
