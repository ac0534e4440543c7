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
from typing import Literal, cast

from agents.core.catalog import ENVIRONMENTS
from agents.core.errors import ConfigError
from resources.settings_groups import CatalogSettings, Smtp
from resources.settings_values import FILE, PREFIX, Values, from_environment, from_file, suggest
from resources.settings_values import read_yaml as read_yaml

Profile = Literal["local", "azure"]
LOCATION = "agentic-data-platform"
POLICIES = Path(__file__).parents[1] / "agents" / "policies"
COLD = "cold"
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
    "lake_cold": "root of the cold tier, where retention archives rows",
    "connections": "connections file",
    "store_url": "sqlite:///FILE or postgresql://...",
    "environments": "environments this code location loads, comma separated",
    "extensions": "modules with a team's own agents and tools, comma separated",
    "components": "allow or deny components of other types in the specs folder: they run code",
    "port": "port of the web server",
    "base_url": "address people reach the web server at, for links",
    "catalog": "folder of the cached catalog",
    "notify_webhook": "name of the secret that holds the default webhook's URL",
    "smtp_host": "mail server; no mail is sent without one",
    "smtp_port": "port of the mail server",
    "smtp_sender": "sender of mails",
    "smtp_user": "user at the mail server; the password is the secret SMTP_PASSWORD",
    "policies": "folder of the owner's Cedar policies, instead of the shipped ones",
    "approvers": "file of the people who may approve, with their groups and roles",
    "pending_hours": "hours after which an undecided request expires, which means no",
    "grant_days": "days for which an approval lets unchanged refreshes pass",
    "escalate_hours": "hours after which an undecided request is told to the next group",
    "escalate_groups": "groups that are told of an undecided request, one after the other, comma separated",
    "price_compute_hour": "USD for an hour of compute",
    "price_storage_gb_month": "USD for a gigabyte stored for a month",
    "user_header": "header in which the proxy names the user; none: no proxy",
    "groups_header": "header in which the proxy names the user's groups",
    "role_groups": "the proxy's group for each role: engineer=data-eng,admin=platform-admins",
    "key_vault": "address of the Azure Key Vault that holds secrets: https://NAME.vault.azure.net",
    "names": "who finds names in texts: azure (AI Language), spacy:<model>; none without",
    "language_endpoint": "address of Azure AI Language; its key is the secret LANGUAGE_KEY",
    "unity_catalog": "address of the Databricks workspace whose Unity Catalog is told what columns hold",
    "unity_table": "a table's full name there; the default is {environment}.{layer}.{table}",
    "purview": "address of the Microsoft Purview account that is told: https://NAME.purview.azure.com",
    "purview_type": "type of its entities; the default is azure_datalake_gen2_path",
    "purview_name": "their qualified name; the default is {url}; with {column} each column is an entity",
    "acl_readers": "object id of the Entra group that may read tables without personal data in clear text",
    "acl_personal": "object id of the Entra group that may read all tables of the lake",
    "llm_url": "OpenAI-compatible address of a language model: https://...; its key is the secret LLM_KEY",
    "llm_model": "name of the language model at llm_url",
    "local_user": "who works at this computer, where no proxy says it",
}
ROLES = ("viewer", "engineer", "approver", "admin")


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
    lake_cold: str = ""
    environments: tuple[str, ...] = ENVIRONMENTS
    extensions: tuple[str, ...] = ()
    components: str = "deny"
    port: int = 3000
    base_url: str = "http://localhost:3000"
    catalog_dir: Path = Path()
    notify_webhook: str = ""
    smtp: Smtp = field(default_factory=Smtp)
    policies: Path = POLICIES
    approvers_file: Path = Path()
    pending_hours: float = 72
    grant_days: float = 90
    escalate_hours: float = 8
    escalate_groups: tuple[str, ...] = ("platform",)
    price_compute_hour: float | None = None
    price_storage_gb_month: float | None = None
    user_header: str = ""
    groups_header: str = ""
    role_groups: Mapping[str, str] = field(default_factory=dict[str, str])
    local_user: str = ""
    key_vault: str = ""
    names: str = ""
    language_endpoint: str = ""
    catalogs: CatalogSettings = field(default_factory=CatalogSettings)
    llm_url: str = ""
    llm_model: str = ""

    @property
    def secrets_dir(self) -> Path:
        """Folder with one file a secret."""
        return self.state_dir / "secrets"

    @property
    def ledger_head(self) -> Path:
        """File that holds the ledger's last hash, outside the store."""
        return self.state_dir / "ledger.head"

    @property
    def keys_dir(self) -> Path:
        """Folder of the keys that sign grants and encrypt secrets, where the secrets hold none."""
        return self.state_dir / "keys"


def environment() -> Mapping[str, str]:
    """The process environment; nobody else reads it."""
    return os.environ


def load_settings(env: Mapping[str, str] | None = None, *, cwd: Path | None = None) -> Settings:
    """Settings from the environment and `adp.yaml`. Raises ConfigError naming the key, where it stands and the fix."""
    env = environment() if env is None else env
    cwd = (cwd or Path.cwd()).absolute()
    project = _project(cwd)
    values = Values({**from_file(project, KEYS), **from_environment(env, cwd, KEYS, OTHERS)}, KEYS)
    profile = values.choice("profile", "local", ("local", "azure"))
    state = values.path("state", project / ".adp")
    port = values.port("port", 3000)
    environments = values.names("environments", ENVIRONMENTS)
    _known_environments(values, environments)
    roots = _lake_roots(values, profile, state, environments)
    return Settings(
        profile=cast(Profile, profile),
        project=project,
        state_dir=state,
        specs_dir=values.path("specs", _specs(project, state)),
        lake_roots={name: root for name, root in roots.items() if name != COLD},
        lake_cold=roots.get(COLD, ""),
        connections_file=values.path("connections", _connections(project, state)),
        store_url=_store_url(values, state),
        environments=environments,
        extensions=values.names("extensions", ()),
        components=values.choice("components", "deny", ("allow", "deny")),
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
        policies=values.path("policies", POLICIES),
        approvers_file=values.path("approvers", project / "approvers.yaml"),
        pending_hours=values.number("pending_hours", 72),
        grant_days=values.number("grant_days", 90),
        escalate_hours=values.number("escalate_hours", 8),
        escalate_groups=values.names("escalate_groups", ("platform",)),
        price_compute_hour=values.amount("price_compute_hour"),
        price_storage_gb_month=values.amount("price_storage_gb_month"),
        user_header=values.text("user_header", "").lower(),
        groups_header=values.text("groups_header", "").lower(),
        role_groups=values.pairs("role_groups", ROLES),
        local_user=values.text("local_user", "") or _account(env),
        key_vault=values.text("key_vault", ""),
        names=values.text("names", ""),
        language_endpoint=values.text("language_endpoint", ""),
        catalogs=_catalogs(values),
        llm_url=values.text("llm_url", ""),
        llm_model=values.text("llm_model", ""),
    )


def _catalogs(values: Values) -> CatalogSettings:
    given = {key: values.text(key, "") for key in KEYS if key.startswith(("unity_", "purview", "acl_"))}
    given["unity"] = given.pop("unity_catalog")
    return CatalogSettings(**{key: value for key, value in given.items() if value})


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


def _account(env: Mapping[str, str]) -> str:
    """The name of the operating system's user; its number where it has no name."""
    named = next((env[name] for name in ("LOGNAME", "USER", "USERNAME") if env.get(name)), "")
    if named or not hasattr(os, "getuid"):
        return named or "local"
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def _lake_roots(values: Values, profile: str, state: Path, environments: tuple[str, ...]) -> dict[str, str]:
    roots: dict[str, str] = {}
    for name in (*ENVIRONMENTS, COLD):
        key = f"lake_{name}"
        given = values.text(key, "")
        if name == COLD and profile == "azure" and not given:
            continue  # only retention needs it, and says so
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
                    fix="give each environment and the cold tier a root of its own",
                )


def _store_url(values: Values, state: Path) -> str:
    url = values.text("store_url", f"sqlite:///{state / 'store.db'}")
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ConfigError(
            "unknown kind of store", where=values.where("store_url"), fix=f"give {KEYS['store_url']}"
        )  # the value stays out: it may hold a password
    return url


def _known_environments(values: Values, environments: tuple[str, ...]) -> None:
    for name in environments:
        if name not in ENVIRONMENTS:
            raise ConfigError(
                f"unknown environment {name!r}", where=values.where("environments"), fix=suggest(name, ENVIRONMENTS)
            )
