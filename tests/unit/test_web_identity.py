"""Who a connection belongs to: the proxy's headers, Easy Auth's principal, the person at this computer."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from agents.core.errors import AccessRefused, Denied
from platform_defs.client import Client, credentials
from platform_defs.deployment import process_environment
from platform_defs.web_identity import NOBODY, Who, identify
from platform_defs.web_requests import refusal
from resources.keys import Keys
from resources.platform import Platform
from resources.secrets import LocalSecrets
from resources.settings import load_settings

SECRET = "s" * 32
EASY = {
    "ADP_USER_HEADER": "X-MS-CLIENT-PRINCIPAL-NAME",
    "ADP_GROUPS_HEADER": "X-MS-CLIENT-PRINCIPAL",
    "ADP_ROLE_GROUPS": "engineer=Data.Engineer,approver=4f2c",
}


def platform(folder: Path, **settings: str) -> Platform:
    env = {"ADP_STATE": str(folder / "state"), "ADP_LOCAL_USER": "mia", "ADP_SECRET_PROXY_SECRET": SECRET, **settings}
    return Platform.of(load_settings(env, cwd=folder), env)


def connection(*headers: tuple[str, str], client: str | None = "127.0.0.1", **scope: object) -> HTTPConnection:
    raw = [(key.encode(), value.encode()) for key, value in headers]
    return HTTPConnection(
        {"type": "http", "method": "POST", "headers": raw, "client": (client, 1) if client else None, **scope}
    )


def who(of: Platform, conn: object, *, guarded: bool = False) -> Who:
    return identify(conn, of.settings, of.secrets, of.people, guarded=guarded)


def principal(*claims: tuple[str, str], **more: str) -> str:
    told = {"auth_typ": "aad", "claims": [{"typ": kind, "val": value} for kind, value in claims], **more}
    return base64.b64encode(json.dumps(told).encode()).decode()


def by_easy_auth(encoded: str, name: str = "ada@example.com") -> HTTPConnection:
    return connection(
        ("x-adp-proxy-secret", SECRET), ("x-ms-client-principal-name", name), ("x-ms-client-principal", encoded)
    )


def test_easy_auths_principal_gives_groups_and_roles(tmp_path: Path) -> None:
    of = platform(tmp_path, **EASY)
    typed = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    for encoded in (
        principal(("roles", "Data.Engineer"), ("groups", "4f2c"), ("name", "Data.Admin")),
        principal((typed, "Data.Engineer"), ("groups", "4f2c"), role_typ=typed),
    ):
        found = who(of, by_easy_auth(encoded))
        assert (found.name, found.known, found.roles) == ("ada@example.com", True, {"engineer", "approver"})
        assert found.person is not None
        assert found.person.groups == {"Data.Engineer", "4f2c"}


@pytest.mark.parametrize(
    "encoded",
    ["", "%%%", "bm8=", base64.b64encode(b"[1]").decode(), base64.b64encode(b'{"claims": [{}]}').decode()],
    ids=["empty", "no base64", "no JSON", "no principal", "half a claim"],
)
def test_a_principal_that_cannot_be_read_is_nobody(tmp_path: Path, encoded: str) -> None:
    with pytest.raises(Denied):
        who(platform(tmp_path, **EASY), by_easy_auth(encoded))


def test_a_proxy_without_a_secret_is_believed_by_nobody(tmp_path: Path) -> None:
    of = platform(tmp_path, **EASY, ADP_SECRET_PROXY_SECRET="")
    for given in ([], [("x-adp-proxy-secret", "")]):
        with pytest.raises(Denied):
            who(of, connection(*given, ("x-ms-client-principal-name", "ada@example.com")))


def test_the_proxys_word_is_not_asked_twice_for_one_connection(tmp_path: Path) -> None:
    of, conn = platform(tmp_path, **EASY), by_easy_auth(principal())
    assert who(of, conn) is who(of, conn)


def test_somebody_revoked_is_turned_away_though_the_proxy_lets_them_in(tmp_path: Path) -> None:
    of = platform(tmp_path, **EASY)
    of.keys.create()
    of.people.add("ada@example.com", groups=("platform",), roles=("approver",), by="test")
    assert "approver" in who(of, by_easy_auth(principal())).roles
    of.people.revoke("ada@example.com", by="test")
    with pytest.raises(Denied, match="revoked"):
        who(of, by_easy_auth(principal(("roles", "Data.Engineer"))))


def test_without_a_proxy_headers_mean_nothing_and_a_decision_needs_name_and_code(tmp_path: Path) -> None:
    found = who(platform(tmp_path), connection(("x-user", "adam")), guarded=True)
    assert (found.name, found.known, found.person) == ("mia", True, None)


def test_another_webserver_than_ours_vouches_for_nobody(tmp_path: Path) -> None:
    of = platform(tmp_path)
    assert who(of, connection()).known is False
    assert who(of, None) is NOBODY
    for client in ("10.0.0.7", None, "testclient"):
        with pytest.raises(Denied):
            who(of, connection(client=client), guarded=True)


def test_in_azure_the_servers_account_says_nothing_of_who_asks(tmp_path: Path) -> None:
    roots = {f"ADP_LAKE_{name.upper()}": str(tmp_path / name) for name in ("dev", "staging", "prod")}
    found = who(platform(tmp_path, ADP_PROFILE="azure", **roots), connection(), guarded=True)
    assert (found.known, found.roles) == (False, {"engineer"})


def test_behind_a_proxy_only_the_base_urls_pages_may_change_things() -> None:
    json_type = ("content-type", "application/json")
    for origin, status in (
        ("https://data.example.com", None),
        ("http://data.example.com", 403),
        ("https://data.example.com:8443", 403),
        ("https://data.example.com.evil.example", 403),
    ):
        conn = connection(("host", "data.example.com"), ("origin", origin), json_type)
        found = refusal(conn, "https://data.example.com")
        assert (found.status if found else None) == status, origin


def test_two_hosts_or_two_origins_are_refused() -> None:
    host, kind = ("host", "localhost:3000"), ("content-type", "application/json")
    ours = ("origin", "http://localhost:3000")
    for headers in ((host, host, kind), (kind,), (host, ours, ours, kind), (host, kind, kind)):
        assert refusal(connection(*headers), "http://localhost:3000") is not None


def test_the_code_server_and_its_runs_cannot_sign(tmp_path: Path) -> None:
    env = {"ADP_SECRET_PROXY_SECRET": SECRET, "PROXY_SECRET": SECRET, "PATH": "/bin"}
    keys = Keys(LocalSecrets({}, tmp_path), tmp_path / "keys")
    keys.create()
    given = {**env, "ADP_SECRET_SIGNING_KEY": (tmp_path / "keys" / "signing.key").read_text().strip()}
    signed = keys.sign({"grant": 1})
    for name, signs, speaks in (("code-server", False, False), ("daemon", True, False), ("webserver", True, True)):
        seen = process_environment(name, given, keys)
        inside = Keys(LocalSecrets(seen, tmp_path / "none"), tmp_path / "keys")
        assert inside.can_sign is signs
        assert inside.verify({"grant": 1}, signed)
        assert ("PROXY_SECRET" in seen, "ADP_SECRET_PROXY_SECRET" in seen) == (speaks, speaks)
        assert seen["PATH"] == "/bin"


def test_the_deployments_own_programs_speak_as_the_local_user(tmp_path: Path) -> None:
    of = platform(tmp_path, ADP_USER_HEADER="X-User")
    found = who(of, connection(*credentials(of).items()))
    assert (found.name, found.known) == ("mia", True)
    assert credentials(platform(tmp_path)) == {}
    assert SECRET not in repr(Client("http://localhost", headers=credentials(of)))


def test_a_refused_program_is_told_why(tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(401)
            self.end_headers()
            self.wfile.write(b"the request did not come through the proxy")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(AccessRefused, match="through the proxy"):
            Client(f"http://127.0.0.1:{server.server_port}").ask("{ version }", {})
        server.shutdown()
