"""Settings: the one place where the environment is read.

Each key of `KEYS` is an environment variable `ADP_<KEY>` and a line of an optional `adp.yaml` in the project
folder; the environment wins. A relative path is taken from the working folder when the environment names it,
and from the project folder when `adp.yaml` does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from agents.core.catalog import ENVIRONMENTS
from agents.core.errors import ConfigError

Profile = Literal["local", "azure"]
LOCATION = "agentic-data-platform"
FILE = "adp.yaml"
PREFIX = "ADP_"
SECRET_PREFIX = "ADP_SECRET_"
# Not settings of a deployment: secrets, and what the benchmarks read.
OTHERS = (SECRET_PREFIX, "ADP_BENCH_")
KEYS: Mapping[str, str] = {
    "profile": "local or azure",
    "state": "folder of the deployment's state",
    "specs": "folder of the products' defs.yaml",
    "lake_dev": "root of the dev lake: a folder, file:// or abfss://",
    "lake_staging": "root of the staging lake",
    "lake_prod": "root of the prod lake",
    "connections": "connections file",
    "store_url": "sqlite:///FILE or postgresql://...",
    "environments": "environments this code location loads, comma separated",
    "extensions": "modules with a team's own agents and tools, comma separated",
    "port": "port of the web server",
    "base_url": "address people reach the web server at, for links",
    "catalog": "folder of the cached catalog",
    "notify_webhook": "name of the secret that holds the default webhook's URL",
    "smtp_host": "mail server; no mail is sent without one",
    "smtp_port": "port of the mail server",
    "smtp_sender": "sender of mails",
    "smtp_user": "user at the mail server; the password is the secret SMTP_PASSWORD",
}


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server; an empty host means that no mail is sent."""

    host: str = ""
    port: int = 587
    sender: str = "adp@localhost"
    user: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that differs between deployments; paths are absolute."""

    profile: Profile
    project: Path
    state_dir: Path
    specs_dir: Path
    lake_roots: Mapping[str, str]
    connections_file: Path
    store_url: str = field(repr=False)
    environments: tuple[str, ...] = ENVIRONMENTS
    extensions: tuple[str, ...] = ()
    port: int = 3000
    base_url: str = "http://localhost:3000"
    catalog_dir: Path = Path()
    notify_webhook: str = ""
    smtp: Smtp = field(default_factory=Smtp)

    @property
    def secrets_dir(self) -> Path:
        """Folder with one file a secret."""
        return self.state_dir / "secrets"

    @property
    def ledger_head(self) -> Path:
        """File that holds the ledger's last hash, outside the store."""
        return self.state_dir / "ledger.head"


def environment() -> Mapping[str, str]:
    """The process environment; nobody else reads it."""
    return os.environ


def load_settings(env: Mapping[str, str] | None = None, *, cwd: Path | None = None) -> Settings:
    """Settings from the environment and `adp.yaml`. Raises ConfigError naming the key, where it stands and the fix."""
    env = environment() if env is None else env
    cwd = (cwd or Path.cwd()).absolute()
    project = _project(cwd)
    values = _Values({**_from_file(project), **_from_environment(env, cwd)})
    profile = values.choice("profile", "local", ("local", "azure"))
    state = values.path("state", project / ".adp")
    port = values.port("port", 3000)
    environments = values.names("environments", ENVIRONMENTS)
    _known_environments(values, environments)
    return Settings(
        profile=cast(Profile, profile),
        project=project,
        state_dir=state,
        specs_dir=values.path("specs", _specs(project, state)),
        lake_roots=_lake_roots(values, profile, state, environments),
        connections_file=values.path("connections", _connections(project, state)),
        store_url=_store_url(values, state),
        environments=environments,
        extensions=values.names("extensions", ()),
        port=port,
        base_url=values.text("base_url", f"http://localhost:{port}").rstrip("/"),
        catalog_dir=values.path("catalog", state / "catalog"),
        notify_webhook=values.text("notify_webhook", ""),
        smtp=Smtp(
            values.text("smtp_host", ""),
            values.port("smtp_port", 587),
            values.text("smtp_sender", "adp@localhost"),
            values.text("smtp_user", ""),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """One setting as written: where it stands, and the folder a relative path starts from."""

    raw: object
    where: str
    base: Path


class _Values:
    """The settings that were given, read with their types."""

    def __init__(self, given: Mapping[str, _Value]) -> None:
        self._given = given

    def where(self, key: str) -> str:
        found = self._given.get(key)
        return found.where if found else PREFIX + key.upper()

    def text(self, key: str, default: str) -> str:
        found = self._given.get(key)
        if found is None:
            return default
        if not isinstance(found.raw, str | int | float) or isinstance(found.raw, bool):
            raise ConfigError("expected a text", where=found.where, fix=f"give {KEYS[key]}")
        return str(found.raw).strip() or default

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise ConfigError(f"unknown value {value!r}", where=self.where(key), fix=_suggest(value, allowed))
        return value

    def names(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        found = self._given.get(key)
        if found is None:
            return default
        parts = cast(list[object], found.raw) if isinstance(found.raw, list) else str(found.raw or "").split(",")
        return tuple(dict.fromkeys(text for part in parts if (text := str(part).strip()))) or default

    def port(self, key: str, default: int) -> int:
        value = self.text(key, str(default))
        if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
            raise ConfigError(f"{value!r} is not a port", where=self.where(key), fix="give a number from 1 to 65535")
        return int(value)

    def path(self, key: str, default: Path) -> Path:
        value = self.text(key, "")
        return self.resolve(key, value) if value else default

    def resolve(self, key: str, value: str) -> Path:
        return Path(os.path.normpath(self._given[key].base / Path(value).expanduser()))


def _from_environment(env: Mapping[str, str], cwd: Path) -> dict[str, _Value]:
    names = [name for name in env if name.startswith(PREFIX) and not name.startswith(OTHERS)]
    found: dict[str, _Value] = {}
    for name in names:
        key = name[len(PREFIX) :].lower()
        if key not in KEYS or name != PREFIX + key.upper():
            known = tuple(PREFIX + known.upper() for known in KEYS)
            raise ConfigError(f"unknown setting {name}", where="environment", fix=_suggest(name, known))
        if env[name].strip():
            found[key] = _Value(env[name], name, cwd)
    return found


def _from_file(project: Path) -> dict[str, _Value]:
    path = project / FILE
    if not path.is_file():
        return {}
    data = read_yaml(path)
    for key in data:
        if key not in KEYS:
            raise ConfigError(f"unknown setting {key!r}", where=str(path), fix=_suggest(str(key), tuple(KEYS)))
    return {str(key): _Value(raw, f"{path}: {key}", project) for key, raw in data.items() if raw is not None}


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


def _project(cwd: Path) -> Path:
    """The nearest folder upwards that holds `adp.yaml` or the platform's code; else the working folder."""
    for folder in (cwd, *cwd.parents):
        if (folder / FILE).is_file() or (folder / "platform_defs" / "definitions.py").is_file():
            return folder
    return cwd


def _specs(project: Path, state: Path) -> Path:
    """The specs of the state folder once a deployment made some there: a clone stays clean; else the clone's."""
    own, code = state / "specs" / "defs", project / "platform_defs"
    return own if own.is_dir() or not code.is_dir() else code / "defs"


def _connections(project: Path, state: Path) -> Path:
    """The project's file where there is one; else the one of the state folder, which a demo wrote."""
    named, own = project / "connections.yaml", state / "connections.yaml"
    return own if own.is_file() and not named.is_file() else named


def _lake_roots(values: _Values, profile: str, state: Path, environments: tuple[str, ...]) -> dict[str, str]:
    roots: dict[str, str] = {}
    for name in ENVIRONMENTS:
        key = f"lake_{name}"
        given = values.text(key, "")
        if not given and profile == "azure" and name in environments:
            raise ConfigError(
                f"profile azure needs the root of the {name} lake",
                where=PREFIX + key.upper(),
                fix="give abfss://<container>@<account>.dfs.core.windows.net/<path>",
            )
        if "://" in given:
            roots[name] = given.rstrip("/")
        else:
            roots[name] = str(values.resolve(key, given) if given else state / "lake" / name)
    _apart(roots)
    return roots


def _apart(roots: Mapping[str, str]) -> None:
    """Two environments on one root would let a dev run write prod's tables."""
    folders = {name: root.removeprefix("file://").rstrip("/") + "/" for name, root in roots.items()}
    for name, root in folders.items():
        for other, inside in folders.items():
            if name != other and inside.startswith(root):
                raise ConfigError(
                    f"the {other} lake lies inside the {name} lake",
                    where=f"{PREFIX}LAKE_{other.upper()}",
                    fix="give each environment a root of its own",
                )


def _store_url(values: _Values, state: Path) -> str:
    url = values.text("store_url", f"sqlite:///{state / 'store.db'}")
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ConfigError(
            "unknown kind of store", where=values.where("store_url"), fix=f"give {KEYS['store_url']}"
        )  # the value stays out: it may hold a password
    return url


def _known_environments(values: _Values, environments: tuple[str, ...]) -> None:
    for name in environments:
        if name not in ENVIRONMENTS:
            raise ConfigError(
                f"unknown environment {name!r}", where=values.where("environments"), fix=_suggest(name, ENVIRONMENTS)
            )


def _suggest(word: str, known: tuple[str, ...]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
