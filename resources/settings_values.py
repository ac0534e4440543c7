"""Settings as they were given: lines of `adp.yaml` and variables, read with their types."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agents.core.errors import ConfigError

FILE = "adp.yaml"
PREFIX = "ADP_"


@dataclass(frozen=True, slots=True)
class Value:
    """One setting as written: where it stands, and the folder a relative path starts from."""

    raw: object
    where: str
    base: Path


class Values:
    """The settings that were given, read with their types; `keys` says what each is for."""

    def __init__(self, given: Mapping[str, Value], keys: Mapping[str, str]) -> None:
        self._given, self._keys = given, keys

    def where(self, key: str) -> str:
        """Where the setting stands, or the variable that would give it."""
        found = self._given.get(key)
        return found.where if found else PREFIX + key.upper()

    def text(self, key: str, default: str) -> str:
        """A text; an empty one is as good as none."""
        found = self._given.get(key)
        if found is None:
            return default
        if not isinstance(found.raw, str | int | float) or isinstance(found.raw, bool):
            raise ConfigError("expected a text", where=found.where, fix=f"give {self._keys[key]}")
        return str(found.raw).strip() or default

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of the allowed words."""
        value = self.text(key, default)
        if value not in allowed:
            raise ConfigError(f"unknown value {value!r}", where=self.where(key), fix=suggest(value, allowed))
        return value

    def names(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list, or texts with commas between; each name once."""
        found = self._given.get(key)
        if found is None:
            return default
        parts = cast(list[object], found.raw) if isinstance(found.raw, list) else str(found.raw or "").split(",")
        return tuple(dict.fromkeys(text for part in parts if (text := str(part).strip()))) or default

    def pairs(self, key: str, allowed: tuple[str, ...]) -> dict[str, str]:
        """A mapping, or texts `name=value` with commas between; names are of the allowed ones, each once."""
        found = self._given.get(key)
        if found is not None and isinstance(found.raw, Mapping):
            raw = cast(Mapping[object, object], found.raw)
            given = [(str(name).strip(), str(value).strip()) for name, value in raw.items()]
        else:
            parts = [part.partition("=") for part in self.names(key, ())]
            given = [(name.strip(), value.strip()) for name, _, value in parts]
        for name, value in given:
            if name not in allowed:
                raise ConfigError(f"unknown name {name!r}", where=self.where(key), fix=suggest(name, allowed))
            if not value or [other for other, _ in given].count(name) > 1:
                raise ConfigError(f"{name} needs one value", where=self.where(key), fix=f"give {self._keys[key]}")
        return dict(given)

    def number(self, key: str, default: float) -> float:
        """A positive number."""
        value = self.amount(key)
        if value == 0:
            raise ConfigError("it must be more than nothing", where=self.where(key), fix=f"give {self._keys[key]}")
        return default if value is None else value

    def amount(self, key: str) -> float | None:
        """A number from zero on, or None where none is given."""
        text = self.text(key, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0:
            raise ConfigError(f"{text!r} is not an amount", where=self.where(key), fix=f"give {self._keys[key]}")
        return value

    def port(self, key: str, default: int) -> int:
        """A port's number."""
        value = self.text(key, str(default))
        if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
            raise ConfigError(f"{value!r} is not a port", where=self.where(key), fix="give a number from 1 to 65535")
        return int(value)

    def path(self, key: str, default: Path) -> Path:
        """An absolute path."""
        value = self.text(key, "")
        return self.resolve(key, value) if value else default

    def resolve(self, key: str, value: str) -> Path:
        """A path relative to where its setting stands."""
        return Path(os.path.normpath(self._given[key].base / Path(value).expanduser()))


def from_environment(
    env: Mapping[str, str], cwd: Path, keys: Mapping[str, str], others: tuple[str, ...]
) -> dict[str, Value]:
    """The settings among the variables; names that begin with one of `others` are none."""
    names = [name for name in env if name.startswith(PREFIX) and not name.startswith(others)]
    found: dict[str, Value] = {}
    for name in names:
        key = name[len(PREFIX) :].lower()
        if key not in keys or name != PREFIX + key.upper():
            known = tuple(PREFIX + known.upper() for known in keys)
            raise ConfigError(f"unknown setting {name}", where="environment", fix=suggest(name, known))
        if env[name].strip():
            found[key] = Value(env[name], name, cwd)
    return found


def from_file(project: Path, keys: Mapping[str, str]) -> dict[str, Value]:
    """The settings in the project's file."""
    path = project / FILE
    if not path.is_file():
        return {}
    data = read_yaml(path)
    for key in data:
        if key not in keys:
            raise ConfigError(f"unknown setting {key!r}", where=str(path), fix=suggest(str(key), tuple(keys)))
    return {str(key): Value(raw, f"{path}: {key}", project) for key, raw in data.items() if raw is not None}


def read_yaml(path: Path) -> Mapping[object, object]:
    """A YAML file of `key: value` lines. Raises ConfigError with file and line."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError("cannot be read as YAML", where=f"{path}{line}", fix="correct the file") from error
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise ConfigError("expected lines of `key: value`", where=str(path))
    return cast(Mapping[object, object], data)


def suggest(word: str, known: tuple[str, ...]) -> str:
    """What may have been meant, or all there is."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
