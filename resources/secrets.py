"""Secrets: passwords, keys and webhook addresses, by name."""

from __future__ import annotations

import re
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path

from agents.core.errors import ConfigError
from resources.scrub import MASK, scrub_text
from resources.settings import SECRET_PREFIX

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_SHORTEST = 4  # masking a shorter value would blacken ordinary words


class Secrets(ABC):
    """Where secrets come from. What was handed out is remembered, so that it can be masked in texts."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def get(self, name: str) -> str | None:
        """The secret's value, or None when there is none of that name."""
        value = self._find(name)
        if value:
            self._given.add(value)
        return value or None

    def redact(self, text: str) -> str:
        """The text without any value that was handed out, and without what looks like a secret."""
        return redact(text, self._given)

    def put(self, name: str, value: str) -> None:
        """Store a secret under a name, in the place of one that is there. Raises ConfigError where that cannot be."""
        raise ConfigError("secrets cannot be written here", where=f"secret {name}", fix="write it where it is kept")

    @abstractmethod
    def _find(self, name: str) -> str | None: ...


class LocalSecrets(Secrets):
    """`ADP_SECRET_<NAME>`, else the file `<folder>/<name>` (mode 0600), else the environment variable `<name>`."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        super().__init__()
        self._env, self._folder = env, folder

    def _find(self, name: str) -> str | None:
        if not _NAME.fullmatch(name):
            raise ConfigError("a secret's name has letters, digits, _ . and - alone", where="secrets", fix="rename it")
        explicit = SECRET_PREFIX + re.sub(r"\W", "_", name).upper()
        return self._env.get(explicit) or self._from_file(name) or self._env.get(name)

    def _from_file(self, name: str) -> str | None:
        path = self._folder / name
        if not path.is_file():
            return None
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError("other users can read this secret", where=str(path), fix=f"chmod 600 {path}")
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                "the secret's file cannot be read", where=str(path), fix="check owner and content"
            ) from error

    def put(self, name: str, value: str) -> None:
        """Write a secret's file, readable by its owner alone; one that is there is replaced as a whole."""
        if not _NAME.fullmatch(name):
            raise ConfigError("a secret's name has letters, digits, _ . and - alone", where="secrets", fix="rename it")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, prefix=".", delete=False, encoding="utf-8") as file:
            file.write(value)  # made with mode 0600
        Path(file.name).replace(self._folder / name)


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without the given values, and without what looks like a secret."""
    for secret in sorted((s for s in secrets if len(s) >= _SHORTEST), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return scrub_text(text, emails=False)
