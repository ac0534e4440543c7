"""Keys of masking, by name and version, from the secrets.

The secret holds one key a line (or comma): `<version>:<32 bytes in URL-safe base64>`. The highest version masks; the
former ones stay so that tokens made with them still open. A key never masks by itself: each method has one derived from
it (HKDF, RFC 5869), so that what one method shows tells nothing about another.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path

from agents.core.errors import ConfigError
from resources.secrets import Secrets

MASKING_KEY = "MASKING_KEY"
_LINE = re.compile(r"(\d{1,6}):(\S+)")
_BYTES = 32


class MaskingKeys:
    """Keys for pseudonyms and tokens. `name` is a secret's; empty: MASKING_KEY."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._known: dict[str, Mapping[int, bytes]] = {}

    def name(self, name: str = "") -> str:
        """The secret's name."""
        return name or MASKING_KEY

    def version(self, name: str = "") -> int:
        """The version that masks now. Raises ConfigError when there is no key of that name."""
        return max(self._versions(name))

    def derived(self, name: str, purpose: str, length: int, version: int | None = None) -> bytes:
        """The key of one purpose, of `length` bytes, in the version given or that masks now. Raises ConfigError."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        versions = self._versions(name)
        secret = versions.get(max(versions) if version is None else version)
        if secret is None:
            raise ConfigError(
                f"there is no version {version} of this key",
                where=f"secret {self.name(name)}",
                fix="put the former version back beside the present one",
            )
        return HKDF(SHA256(), length, salt=None, info=f"adp/masking/{purpose}".encode()).derive(secret)

    def _versions(self, name: str) -> Mapping[int, bytes]:
        name = self.name(name)
        if name not in self._known:
            text = self._secrets.get(name)
            if not text:
                raise ConfigError(
                    "there is no key to mask with",
                    where=f"secret {name}",
                    fix=f"make one: adp masking new-key --name {name}, or set the secret {name}",
                )
            self._known[name] = parsed(text, name)
        return self._known[name]


def parsed(text: str, name: str) -> Mapping[int, bytes]:
    """The keys by version. Raises ConfigError, which never holds any part of them."""
    found: dict[int, bytes] = {}
    for line in re.split(r"[,\s]+", text.strip()):
        match = _LINE.fullmatch(line)
        key = _decoded(match[2]) if match else b""
        if match is None or len(key) != _BYTES or int(match[1]) in found:
            what = f"a line of this key is not <version>:<{_BYTES} bytes in URL-safe base64>, each version once"
            raise ConfigError(what, where=f"secret {name}", fix="make a new version: adp masking new-key")
        found[int(match[1])] = key
    return found


def with_new_version(text: str | None, name: str) -> str:
    """The secret's text with one more version, drawn at random, which masks from now on."""
    versions = dict(parsed(text, name)) if text else {}
    versions[max(versions, default=0) + 1] = os.urandom(_BYTES)
    return "\n".join(f"{version}:{base64.urlsafe_b64encode(key).decode()}" for version, key in sorted(versions.items()))


def create_masking_key(folder: Path) -> bool:
    """Make the key of a deployment that keeps its secrets in a folder, unless there is one; whether it was made."""
    path = folder / MASKING_KEY
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(with_new_version(None, MASKING_KEY) + "\n")
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
