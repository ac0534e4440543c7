"""The platform: everything outside, bundled as one plain object. Each part opens when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from agents.core.catalog import Catalog, LakeTable
from agents.core.errors import ConfigError
from resources.production import ProductionGuard, base_of
from resources.settings import Settings, environment

if TYPE_CHECKING:
    from agents.core.policy import Policy
    from resources.access import Access
    from resources.approvals import Approvals
    from resources.approvals_policy import Policies
    from resources.catalogs import Catalog as OutsideCatalog
    from resources.erasures import Erasures
    from resources.identity import People
    from resources.keys import Keys
    from resources.lake import Lake
    from resources.ledger import Ledger
    from resources.llm import LanguageModel
    from resources.masking_keys import MaskingKeys
    from resources.measurements import Measurements
    from resources.notifier import Notifier
    from resources.personal import PersonalData
    from resources.secrets import Secrets
    from resources.sources import Sources
    from resources.specs_repo import SpecsRepo
    from resources.store import Store

# Secrets that open the lake in Azure, by the name under which object stores know them. None set: managed identity.
AZURE_STORAGE: Mapping[str, str] = {
    "AZURE_STORAGE_ACCOUNT_NAME": "account_name",
    "AZURE_STORAGE_ACCOUNT_KEY": "account_key",
    "AZURE_STORAGE_SAS_TOKEN": "sas_token",
    "AZURE_CLIENT_ID": "client_id",
    "AZURE_CLIENT_SECRET": "client_secret",
    "AZURE_TENANT_ID": "tenant_id",
}


@dataclass(frozen=True)
class Platform:
    """What agents, assets and sensors work with. A plain object: nobody can change its parts from the Launchpad."""

    settings: Settings
    run_id: str = ""
    _env: Mapping[str, str] = field(default_factory=environment, repr=False, compare=False)
    personal: PersonalData | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings, env: Mapping[str, str] | None = None) -> Platform:
        """The platform of these settings; secrets are looked up in `env`, or the process environment."""
        return cls(settings, "", environment() if env is None else env)

    def in_run(self, run_id: str) -> Platform:
        """The same, as this run sees it: its writes in production stand under the run's lease."""
        return replace(self, run_id=run_id)

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets of the environment and the state folder, then those of the vault where there is one."""
        from resources.secrets import LocalSecrets

        local = LocalSecrets(self._env, self.settings.secrets_dir)
        if not self.settings.key_vault:
            return local
        from resources.secrets_vault import KeyVaultSecrets

        return KeyVaultSecrets(self.settings.key_vault, local)

    @cached_property
    def lake(self) -> Lake:
        """The Delta tables of every environment."""
        from resources.lake import Lake

        options = storage_options(self.settings, self.secrets)
        guard = ProductionGuard(lambda: self.approvals, self.run_id)
        return Lake(self.settings.lake_roots, storage_options=options, guard=guard)

    @cached_property
    def cold(self) -> Lake:
        """The cold tier: tables as in the lake, with what retention archived. ConfigError where none is set."""
        from resources.lake import Lake

        root = self.settings.lake_cold
        if not root:
            raise ConfigError("there is no cold tier to archive to", where="ADP_LAKE_COLD", fix="give its root")
        roots = {name: f"{root}/{name}" for name in self.settings.lake_roots}
        options = storage_options(self.settings, self.secrets)
        return Lake(roots, storage_options=options, guard=ProductionGuard(lambda: self.approvals, self.run_id))

    @cached_property
    def sources(self) -> Sources:
        """The source systems of the connections file."""
        from resources.sources import Sources

        return Sources(self.settings.connections_file, self.secrets.get, self.settings.catalog_dir)

    @cached_property
    def store(self) -> Store:
        """Goals, plans and their runs."""
        from resources.store import Store

        return Store(self.settings.store_url)

    @cached_property
    def ledger(self) -> Ledger:
        """The audit records, in the same store."""
        from resources.ledger import Ledger

        return Ledger(self.store, self.settings.ledger_head)

    @cached_property
    def measurements(self) -> Measurements:
        """What each refresh of a table measured, in the same store."""
        from resources.measurements import Measurements

        return Measurements(self.store)

    @cached_property
    def erasures(self) -> Erasures:
        """Erased people who must not come back, in the same store."""
        from resources.erasures import Erasures

        return Erasures(self.store)

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """The model that may suggest; None where the deployment has none."""
        from resources.llm import language_model_of

        return language_model_of(self.settings, self.secrets)

    @cached_property
    def keys(self) -> Keys:
        """The keys that sign grants and encrypt secrets; a worker holds none that sign."""
        from resources.keys import Keys

        return Keys(self.secrets, self.settings.keys_dir)

    @cached_property
    def masking_keys(self) -> MaskingKeys:
        """The keys of pseudonyms and tokens, from the secrets."""
        from resources.masking_keys import MaskingKeys

        return MaskingKeys(self.secrets)

    @cached_property
    def people(self) -> People:
        """Who may do what: the approvers file, the store, the proxy's groups."""
        from resources.identity import People

        settings = self.settings
        own = settings.state_dir / "approvers.yaml"
        return People(
            self.store, settings.approvers_file, self.keys, self.ledger, otherwise=own, role_groups=settings.role_groups
        )

    @cached_property
    def _policies(self) -> Policies:
        from resources.approvals_policy import Policies

        return Policies(self.settings.policies)

    def policy(self) -> Policy:
        """The policies as their files stand now. Raises ConfigError when they cannot be used."""
        return self._policies()

    @cached_property
    def approvals(self) -> Approvals:
        """Requests, grants and leases, in the same store."""
        from resources.approvals import Approvals, Limits

        s = self.settings
        limits = Limits(
            pending_hours=s.pending_hours,
            grant_days=s.grant_days,
            escalate_hours=s.escalate_hours,
            escalate_groups=s.escalate_groups,
        )
        return Approvals(self.store, self.ledger, self.policy, self.keys, self.people, limits=limits)

    @cached_property
    def access(self) -> Access:
        """Who may read personal data in clear text, and the record that somebody did."""
        from resources.access import Access

        return Access(self.approvals, self._policies, self.people, self.ledger)

    def releases(self, environment: str) -> SpecsRepo:
        """What an environment runs where a promotion pinned it: `<product>/<environment>.yaml`."""
        from resources.specs_repo import SpecsRepo

        return SpecsRepo(self.settings.specs_dir, environment=environment)

    @cached_property
    def specs(self) -> SpecsRepo:
        """The products' defs.yaml."""
        from resources.specs_repo import SpecsRepo

        return SpecsRepo(self.settings.specs_dir)

    @cached_property
    def notifier(self) -> Notifier:
        """Log, webhooks and mail."""
        from resources.notifier import ChannelNotifier

        return ChannelNotifier(self.secrets, self.settings.smtp, webhook=self.settings.notify_webhook)

    @cached_property
    def outside_catalogs(self) -> list[OutsideCatalog]:
        """The catalogs that are told what tables hold; none unless settings name one."""
        from resources.catalogs import catalogs_of

        return catalogs_of(self.settings.catalogs, self.secrets)

    def catalog(self, environment: str = "dev") -> Catalog:
        """All that a goal can name: every connection, and the lake's tables in one environment.

        A quarantine and a log belong to their table and are not named apart from it.
        """
        lake: dict[str, LakeTable] = {}
        for table in self.lake.tables(environment):
            snapshot = self.lake.snapshot(table) if base_of(table) is None else None
            if snapshot is not None:
                columns = {column.name: str(column.type).lower() for column in snapshot.schema}
                lake[table.asset] = LakeTable(table.asset, columns)
        return Catalog(self.sources.catalog().connections, lake)


class Run(Protocol):
    """The run that a process works for."""

    @property
    def run_id(self) -> str: ...


def open_platform(settings: Settings, run: Run | None = None, personal: PersonalData | None = None) -> Platform:
    """The platform as one run sees it; `run` is None outside of runs, `personal` finds personal data."""
    return Platform(settings, run.run_id if run else "", personal=personal)


def storage_options(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """How delta-rs opens the lake: nothing for folders, what the secrets hold in Azure."""
    if settings.profile == "local":
        return {}
    return {option: value for name, option in AZURE_STORAGE.items() if (value := secrets.get(name))}
