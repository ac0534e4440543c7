"""Secrets from Azure Key Vault: Azure's own client against a vault's REST interface on loopback."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agents.core.errors import ConfigError
from resources.fakes import MemorySecrets
from resources.masking_keys import MaskingKeys, with_new_version
from resources.secrets_vault import KEPT_SECONDS, KeyVaultSecrets

pytest.importorskip("azure.keyvault.secrets", reason="Azure's client is not installed")
TOKEN = "a-token-of-the-fake"


class Signed(NamedTuple):
    token: str
    expires_on: int


class Credential:
    """Signs in without a network."""

    def get_token(self, *scopes: str, **_: Any) -> Signed:
        return Signed(TOKEN, int(time.time()) + 3600)


@dataclass
class Vault:
    """Get and set secret, and the challenge that the real one begins with."""

    url: str = ""
    certificate: Path = Path()
    secrets: dict[str, list[str]] = field(default_factory=dict)
    status: int = 0
    asked: list[str] = field(default_factory=list)

    def client(self, **more: Any) -> KeyVaultSecrets:
        return KeyVaultSecrets(
            self.url,
            more.pop("local", MemorySecrets({})),
            credential=Credential(),
            connection_verify=str(self.certificate),
            verify_challenge_resource=False,
            retry_total=0,
            **more,
        )

    def answer(self, method: str, path: str, token: str, body: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
        name = path.split("?")[0].strip("/").split("/")[1]
        self.asked.append(f"{method} {name}")
        if token != f"Bearer {TOKEN}":
            challenge = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"'
            return 401, {"WWW-Authenticate": challenge}, {}
        if self.status:
            return self.status, {}, {"error": {"code": "Forbidden", "message": "no"}}
        if method == "PUT":
            self.secrets.setdefault(name, []).append(json.loads(body)["value"])
        if name not in self.secrets:
            return 404, {}, {"error": {"code": "SecretNotFound", "message": "not found"}}
        versions = self.secrets[name]
        return 200, {}, {"value": versions[-1], "id": f"{self.url}/secrets/{name}/{len(versions)}", "attributes": {}}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    fake = Vault(certificate=tmp_path / "vault.pem")

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = fake.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = _reply  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: the tests say what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(fake.certificate))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    fake.url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


def _certificate(file: Path) -> Path:
    """A key and a certificate for loopback, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(text + made.public_bytes(pem))
    return file


def test_a_masking_key_lies_in_the_vault_and_is_replaced_there(vault: Vault) -> None:
    secrets = vault.client()
    secrets.put("MASKING_KEY", with_new_version(None, "MASKING_KEY"))
    assert list(vault.secrets) == ["MASKING-KEY"]
    first = MaskingKeys(vault.client()).derived("", "hash", 32)
    secrets.put("MASKING_KEY", with_new_version(secrets.get("MASKING_KEY"), "MASKING_KEY"))
    keys = MaskingKeys(vault.client())
    assert keys.version() == 2
    assert keys.derived("", "hash", 32, version=1) == first


def test_what_the_environment_says_goes_before_and_is_not_asked_for(vault: Vault) -> None:
    vault.secrets["CRM-URL"] = ["in the vault"]
    assert vault.client(local=MemorySecrets({"CRM_URL": "nearer"})).get("CRM_URL") == "nearer"
    assert vault.asked == []
    assert vault.client().get("CRM_URL") == "in the vault"


def test_an_answer_is_kept_for_minutes_and_then_asked_for_again(vault: Vault) -> None:
    now = [0.0]
    secrets = vault.client(clock=lambda: now[0])
    assert secrets.get("CRM_URL") is None
    vault.secrets["CRM-URL"] = ["there now"]
    assert secrets.get("CRM_URL") is None
    now[0] = KEPT_SECONDS + 1
    assert secrets.get("CRM_URL") == "there now"
    assert "there now" not in secrets.redact("it is there now")


@pytest.mark.parametrize(("status", "said"), [(403, "answers 403"), (500, "answers 500")])
def test_a_vault_that_refuses_is_told_without_its_secrets(vault: Vault, status: int, said: str) -> None:
    vault.secrets["CRM-URL"] = ["top-secret"]
    vault.status = status
    with pytest.raises(ConfigError, match=said) as told:
        vault.client().get("CRM_URL")
    assert vault.url in str(told.value)
    assert "top-secret" not in str(told.value)


def test_a_vault_that_cannot_be_reached_is_told(vault: Vault) -> None:
    gone = KeyVaultSecrets("https://127.0.0.1:1", MemorySecrets({}), credential=Credential(), retry_total=0)
    with pytest.raises(ConfigError, match="cannot be reached"):
        gone.get("CRM_URL")
