"""Catalogs outside of the platform that are told what tables hold: Unity Catalog, Microsoft Purview, the lake's ACLs.

Nothing is called that no setting names. Each is told again what it knows already without harm, and of what it holds
only that is changed which the platform wrote there.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from agents.core.catalog import TableId
from agents.core.errors import ConfigError, PlatformError

if TYPE_CHECKING:
    from resources.secrets import Secrets
    from resources.settings_groups import CatalogSettings

NONE = "none"
State = Literal["none", "masked", "unmasked", "unknown"]
UNITY, PURVIEW, ACLS = "Unity Catalog", "Microsoft Purview", "ACLs of the lake"
DATABRICKS_TOKEN = "DATABRICKS_TOKEN"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Described:
    """What a table holds. `columns`: the type of personal data of each, or none; `state` is as the tag `pii` says.

    `uri` is where the lake keeps it, `beside` where rows of it lie too: its quarantine.
    """

    table: TableId
    uri: str
    state: State
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    beside: tuple[str, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether it is for those alone who may see personal data; what nobody looked at counts as such."""
        return self.state in ("unmasked", "unknown")

    @property
    def types(self) -> list[str]:
        """The types of personal data in it."""
        return sorted({pii for pii in self.columns.values() if pii != NONE})


@dataclass(frozen=True, slots=True)
class Published:
    """How one catalog took it: `said` in words, or the problem and its fix."""

    catalog: str
    ok: bool
    said: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """As step outputs keep it."""
        return asdict(self)


class Catalog(ABC):
    """One catalog."""

    name: str

    @abstractmethod
    def publish(self, table: Described) -> str:
        """Write what the table holds; in words what was done. Raises PlatformError, which never holds a token."""


def publish_all(catalogs: Sequence[Catalog], table: Described) -> list[Published]:
    """Tell every catalog; one that fails keeps no other from being told."""
    done: list[Published] = []
    for catalog in catalogs:
        try:
            done.append(Published(catalog.name, True, catalog.publish(table)))
        except PlatformError as error:
            done.append(Published(catalog.name, False, error.what, error.fix))
    return done


def configured(settings: CatalogSettings) -> list[str]:
    """The catalogs that settings name."""
    named = {UNITY: settings.unity, PURVIEW: settings.purview, ACLS: settings.acl_readers or settings.acl_personal}
    return [name for name, given in named.items() if given]


def catalogs_of(settings: CatalogSettings, secrets: Secrets) -> list[Catalog]:
    """Their clients. Raises ConfigError for a setting that cannot be right; nothing is called yet."""
    from resources.catalogs_acl import LakeAcls
    from resources.catalogs_http import AzureTokens, Rest
    from resources.catalogs_purview import Purview
    from resources.catalogs_unity import UnityCatalog

    azure = AzureTokens(secrets)
    made: list[Catalog] = []
    if settings.unity:
        given = secrets.get(DATABRICKS_TOKEN)
        token = (lambda: given) if given else azure.of("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default")
        rest = Rest(UNITY, _address(settings.unity, "ADP_UNITY_CATALOG"), token)
        made.append(UnityCatalog(rest, _pattern(settings.unity_table, "ADP_UNITY_TABLE")))
    if settings.purview:
        rest = Rest(PURVIEW, _address(settings.purview, "ADP_PURVIEW"), azure.of("https://purview.azure.net/.default"))
        made.append(Purview(rest, settings.purview_type, _pattern(settings.purview_name, "ADP_PURVIEW_NAME")))
    if settings.acl_readers or settings.acl_personal:
        token = azure.of("https://storage.azure.com/.default")
        readers, personal = _group(settings.acl_readers, "READERS"), _group(settings.acl_personal, "PERSONAL")
        made.append(LakeAcls(lambda address: Rest(ACLS, address, token), readers, personal))
    return made


def _address(url: str, where: str) -> str:
    """A token is sent there: only over TLS, but for this machine."""
    if not re.fullmatch(r"https://[^\s/@?#]+/?|http://(127\.0\.0\.1|localhost)(:\d+)?/?", url):
        raise ConfigError("not an https address of a service", where=where, fix="give https://HOST, and no path")
    return url.rstrip("/")


def _pattern(pattern: str, where: str) -> str:
    known = {"environment": "e", "layer": "l", "table": "t", "column": "c", "url": "u"}
    try:
        pattern.format(**known)
    except (KeyError, IndexError, ValueError, AttributeError):
        fix = f"only {', '.join('{' + name + '}' for name in known)} are filled in"
        raise ConfigError("a pattern that cannot be filled in", where=where, fix=fix) from None
    return pattern


def _group(given: str, what: str) -> str:
    if given and not _GUID.fullmatch(given):
        raise ConfigError("not an object id", where=f"ADP_ACL_{what}", fix="give the Entra group's object id, a GUID")
    return given
