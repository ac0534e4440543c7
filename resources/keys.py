"""The deployment's keys: one signs grants and leases, one encrypts what the store keeps secret.

In production the secret SIGNING_KEY is given to webserver and daemon alone; every other process has
SIGNING_PUBLIC_KEY and can only verify. Without these secrets the keys lie in files of the state folder, which only
their owner may read. A key is 32 bytes in URL-safe base64.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.core.digest import canonical_json
from agents.core.errors import ConfigError, StateError
from resources.secrets import Secrets

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNING_KEY, SIGNING_PUBLIC_KEY, ENCRYPTION_KEY = "SIGNING_KEY", "SIGNING_PUBLIC_KEY", "ENCRYPTION_KEY"
_FILES: Mapping[str, str] = {
    SIGNING_KEY: "signing.key",
    SIGNING_PUBLIC_KEY: "signing.pub",
    ENCRYPTION_KEY: "encryption.key",
}
_SCHEME = "ed25519:"


class Keys:
    """Signs, verifies, encrypts and decrypts, as far as this process holds the keys.

    SIGNING_PUBLIC_KEY and ENCRYPTION_KEY may list several keys, separated by commas or lines, so that keys can be
    replaced: every public key is believed, and the first encryption key encrypts while all of them decrypt.
    """

    def __init__(self, secrets: Secrets, folder: Path) -> None:
        self._secrets, self._folder = secrets, folder
        self._private: Ed25519PrivateKey | None = None
        self._trusted: tuple[Ed25519PublicKey, ...] = ()

    def create(self) -> None:
        """Make the key files that are missing; never overwrites, and leaves alone what a secret holds."""
        if not self._signing_by_secret() and (self._path(SIGNING_KEY).exists() or not self._has(SIGNING_PUBLIC_KEY)):
            self._write(SIGNING_KEY, os.urandom(32))
            self._write(SIGNING_PUBLIC_KEY, _raw(self._signer().public_key()))
        if not self._secrets.get(ENCRYPTION_KEY):
            self._write(ENCRYPTION_KEY, os.urandom(32))

    @property
    def can_sign(self) -> bool:
        """Whether this process holds the signing key."""
        return bool(self._text(SIGNING_KEY))

    @property
    def public(self) -> str:
        """What SIGNING_PUBLIC_KEY must hold for a process that only verifies; empty where there is no key."""
        return ",".join(base64.urlsafe_b64encode(_raw(key)).decode() for key in self._public())

    def sign(self, payload: Mapping[str, Any]) -> str:
        """The signature over the payload's canonical JSON. Raises ConfigError when this process holds no key.

        A signature says nothing about what the payload is for: the payload itself must say whether it is a grant or
        a lease.
        """
        key = self._signer()
        if _raw(key.public_key()) not in {_raw(trusted) for trusted in self._public()}:
            raise ConfigError(
                "the signing key does not belong to the public key: nobody would believe it",
                where=self._where(SIGNING_PUBLIC_KEY),
                fix=f"add its public key to {SIGNING_PUBLIC_KEY}",
            )
        return _SCHEME + base64.urlsafe_b64encode(key.sign(canonical_json(payload).encode())).decode()

    def verify(self, payload: Mapping[str, Any], signature: str) -> bool:
        """Whether the signature was made for exactly this payload with a key that is believed here."""
        from cryptography.exceptions import InvalidSignature

        try:
            message = canonical_json(payload).encode()
            made = base64.b64decode(signature.removeprefix(_SCHEME), altchars=b"-_", validate=True)
        except (TypeError, ValueError):
            return False
        for key in self._public() if signature.startswith(_SCHEME) else ():
            try:
                key.verify(made, message)
            except InvalidSignature:
                continue
            return True
        return False

    def encrypt(self, text: str) -> str:
        """The text under the first encryption key."""
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, text: str) -> str:
        """What was encrypted. Raises StateError when no key here fits, without naming the text."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(text.encode()).decode()
        except InvalidToken as error:
            raise StateError(
                "an encrypted value does not open with the keys given here",
                where=self._where(ENCRYPTION_KEY),
                fix=f"put the former key behind the present one in {ENCRYPTION_KEY}",
            ) from error

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, from the first encryption key: it changes with that key."""
        return self.all_derived(purpose)[0]

    def all_derived(self, purpose: str) -> list[bytes]:
        """The same of each encryption key given here, the present one first. Raises ConfigError when there is none."""
        import hmac

        found = self._parsed(ENCRYPTION_KEY)
        if not found:
            raise ConfigError("there is no encryption key", where=self._where(ENCRYPTION_KEY), fix="`adp up` makes one")
        return [hmac.digest(key, purpose.encode(), "sha256") for key in found]

    def _signer(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if self._private is None:
            found = self._parsed(SIGNING_KEY)
            if not found:
                raise ConfigError(
                    "this process holds no signing key",
                    where=self._where(SIGNING_KEY),
                    fix="only webserver and daemon sign; `adp up` makes the key where there is none",
                )
            self._private = Ed25519PrivateKey.from_private_bytes(found[0])
        return self._private

    def _public(self) -> tuple[Ed25519PublicKey, ...]:
        """The keys whose signatures are believed. Kept once found: every judgement verifies."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if not self._trusted:
            named = self._parsed(SIGNING_PUBLIC_KEY)
            if not named and not self.can_sign:
                return ()
            raw = named or [_raw(self._signer().public_key())]
            self._trusted = tuple(Ed25519PublicKey.from_public_bytes(key) for key in raw)
        return self._trusted

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        found = self._parsed(ENCRYPTION_KEY)
        if not found:
            raise ConfigError("there is no encryption key", where=self._where(ENCRYPTION_KEY), fix="`adp up` makes one")
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in found])

    def _signing_by_secret(self) -> bool:
        """Whether secrets say who signs: then the files of the signing key count for nothing."""
        return bool(self._secrets.get(SIGNING_KEY) or self._secrets.get(SIGNING_PUBLIC_KEY))

    def _path(self, name: str) -> Path:
        return self._folder / _FILES[name]

    def _has(self, name: str) -> bool:
        return bool(self._text(name))

    def _text(self, name: str) -> str:
        by_secret = self._secrets.get(name)
        if by_secret or (name != ENCRYPTION_KEY and self._signing_by_secret()):
            return by_secret or ""
        return _read(self._path(name), private=name != SIGNING_PUBLIC_KEY)

    def _where(self, name: str) -> str:
        by_secret = self._secrets.get(name) or (name != ENCRYPTION_KEY and self._signing_by_secret())
        return f"secret {name}" if by_secret else str(self._path(name))

    def _parsed(self, name: str) -> list[bytes]:
        return [_key(text, self._where(name)) for text in self._text(name).replace(",", " ").split()]

    def _write(self, name: str, key: bytes) -> None:
        """Make the file unless it exists: whole or not at all, and the first of two processes wins."""
        if self._path(name).exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".new-") as file:  # mode 0600 from the start
            file.write(base64.urlsafe_b64encode(key) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            try:
                os.link(file.name, self._path(name))
            except FileExistsError:
                return


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()


def _key(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise ConfigError("this is no key", where=where, fix="give 32 bytes in URL-safe base64")
    return key


def _read(path: Path, *, private: bool) -> str:
    try:
        mode = path.stat().st_mode
        if private and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("other users can read this key", where=str(path), fix=f"chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("the key's file cannot be read", where=str(path), fix="check owner and content") from error
