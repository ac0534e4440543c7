"""connections.yaml: the source systems, their addresses by secret or environment variable, never a password."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from agents.core.catalog import KINDS
from agents.core.errors import ConfigError

Secrets = Callable[[str], str | None]
LOCAL_KINDS = ("sqlite", "duckdb", "files")
_KEYS = ("name", "kind", "url", "description", "schemas", "tables", "stand_in")
_REFERENCE = re.compile(r"\$\{(env|secret):([^}]+)\}")
_SECRET_WORDS = re.compile(r"pass(word|wd)?|pwd|token|secret|key|sig", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One entry: `kind` is what the planner sees, `engine` what the rows are read with (they differ for a stand-in)."""

    name: str
    kind: str
    url: str = field(repr=False)
    where: str
    base: Path
    description: str = ""
    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    stand_in: str | None = None

    @property
    def engine(self) -> str:
        """The engine that reads it."""
        return self.stand_in or self.kind

    def resolve(self, secrets: Secrets) -> str:
        """The address with its references filled in; ConfigError names the one that is not set."""

        def fill(match: re.Match[str]) -> str:
            value = secrets(match[2].strip())
            if not value:
                what = "environment variable" if match[1] == "env" else "secret"
                raise ConfigError(
                    f"{what} {match[2]} is not set", where=self.where, fix=f"set {match[2]}", name=match[2]
                )
            return value

        return _REFERENCE.sub(fill, self.url)

    def path(self, secrets: Secrets) -> Path:
        """The file or folder of a local engine; relative paths count from the connections file."""
        text = self.resolve(secrets)
        for prefix in (f"{self.engine}:///", f"{self.engine}://", "file://"):
            if text.startswith(prefix):
                text = text.removeprefix(prefix)
                break
        return self.base / Path(text).expanduser()

    def located(self, secrets: Secrets) -> ServerUrl:
        """The parts of a server's address."""
        return ServerUrl.parse(self.resolve(secrets), self)


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """A server's address. `repr` and `str` leave the password out."""

    host: str
    port: int
    database: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, url: str, config: ConnectionConfig) -> ServerUrl:
        """From `scheme://user:password@host:port/database?option=value`; `+driver` in the scheme is ignored."""
        ports = {"postgresql": 5432, "mysql": 3306, "sqlserver": 1433}
        aliases = {"postgres": "postgresql", "mariadb": "mysql", "mssql": "sqlserver"}
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _bad_url(config) from None
        scheme = parts.scheme.split("+")[0].lower()
        if aliases.get(scheme, scheme) != config.engine or not host:
            raise _bad_url(config)
        return cls(
            host,
            port or ports[config.engine],
            unquote(parts.path.lstrip("/")),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


def _bad_url(config: ConnectionConfig) -> ConfigError:
    example = f"{config.engine}://user:password@host:port/database"
    return ConfigError("the URL cannot be used", where=config.where, fix=f"give it the form {example}")


def load_connections(path: Path) -> dict[str, ConnectionConfig]:
    """The entries of a connections file by name. No file: no connections. ConfigError names file, entry and key."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        return {}
    try:
        data: object = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        spot = f"{path}:{line + 1}" if isinstance(line, int) else str(path)
        raise ConfigError("is not valid YAML", where=spot, fix="mend the YAML there") from None
    root = _mapping(data or {}, str(path))
    _known(root, ("connections",), str(path))
    entries = root.get("connections") or []
    if not isinstance(entries, list):
        raise ConfigError("connections must be a list", where=str(path), fix="start each entry with `- name:`")
    found: dict[str, ConnectionConfig] = {}
    for number, entry in enumerate(entries, 1):
        config = _entry(_mapping(entry, f"{path}: entry {number}"), path, number)
        if config.name in found:
            raise ConfigError("the name is taken twice", where=config.where, fix="rename one of the two entries")
        found[config.name] = config
    return found


def _entry(entry: Mapping[str, object], path: Path, number: int) -> ConnectionConfig:
    name = entry.get("name")
    where = f"{path}: {name or f'entry {number}'}"
    _known(entry, _KEYS, where)
    texts = {key: _text(entry, key, where) for key in ("name", "kind", "url", "description", "stand_in")}
    for key in ("name", "kind", "url"):
        if not texts[key]:
            raise ConfigError(f"{key} is missing", where=where, fix=f"add `{key}:`")
    if texts["kind"] not in KINDS:
        raise ConfigError(f"unknown kind {texts['kind']!r}", where=where, fix=f"use one of {', '.join(KINDS)}")
    if texts["stand_in"] and texts["stand_in"] not in LOCAL_KINDS:
        raise ConfigError("unknown stand_in", where=where, fix=f"use one of {', '.join(LOCAL_KINDS)}")
    config = ConnectionConfig(texts["name"], texts["kind"], texts["url"], where, path.resolve().parent)
    _no_password(config)
    return replace(
        config,
        description=texts["description"],
        schemas=_patterns(entry, "schemas", where),
        tables=_patterns(entry, "tables", where),
        stand_in=texts["stand_in"] or None,
    )


def _no_password(config: ConnectionConfig) -> None:
    """Refuse a password written into the file: it would reach version control."""
    try:
        parts = urlsplit(_REFERENCE.sub("x", config.url))
        secret = bool(parts.password) and not _REFERENCE.search(_netloc_password(config.url))
    except ValueError:
        parts, secret = SplitResult("", "", "", "", ""), "@" in config.url
    query = [key for key, value in parse_qsl(parts.query) if _SECRET_WORDS.search(key) and value != "x"]
    if secret or query:
        raise ConfigError(
            "the URL holds a password",
            where=f"{config.where}: url",
            fix="put the URL into a secret or an environment variable and write ${secret:NAME} or ${env:NAME}",
        )


def _netloc_password(url: str) -> str:
    authority = url.split("://", 1)[-1].rsplit("@", 1)[0]
    return authority.split(":", 1)[-1] if not authority.startswith("${") else authority


def _known(entry: Mapping[str, object], allowed: tuple[str, ...], where: str) -> None:
    from resources.sources.introspect import nearest

    for key in entry:
        if key not in allowed:
            near = nearest(key, allowed, 1) or [allowed[0]]
            raise ConfigError(f"unknown key {key!r}", where=where, fix=f"did you mean {near[0]!r}?", key=key)


def _text(entry: Mapping[str, object], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConfigError(f"{key} must be text", where=where, fix=f"put the value of {key} in quotes")
    return value.strip()


def _patterns(entry: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    value = entry.get(key) or []
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise ConfigError(f"{key} must be a list of names or patterns", where=where, fix=f"write {key}: [name, pre*]")
    return tuple(str(item) for item in values)


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(
            f"expected a mapping, found {type(value).__name__}", where=where, fix="use `key: value` lines"
        )
    return {str(key): item for key, item in value.items()}
