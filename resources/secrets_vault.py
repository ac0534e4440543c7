"""Secrets from Azure Key Vault. What the environment or the state folder says goes before: a vault is asked last.

A vault's names have letters, digits and dashes alone: `MASKING_KEY` is the secret `MASKING-KEY` there. Signing in is
left to Azure's own order: environment, workload or managed identity, then a developer's login.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents.core.errors import ConfigError
from resources.secrets import Secrets

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient

KEPT_SECONDS = 300.0  # a secret that was replaced in the vault is seen after so long


class KeyVaultSecrets(Secrets):
    """`local` first, then the vault at `url`. `options` go to Azure's client; `credential` is what signs in."""

    def __init__(
        self,
        url: str,
        local: Secrets,
        *,
        credential: Any = None,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ) -> None:
        super().__init__()
        self._url, self._local, self._credential, self._options = url, local, credential, options
        self._clock = clock
        self._kept: dict[str, tuple[float, str | None]] = {}
        self._opened: SecretClient | None = None

    def put(self, name: str, value: str) -> None:
        """Store a new version of the secret in the vault. Raises ConfigError when it refuses."""
        self._asked(lambda client: client.set_secret(_vaulted(name), value))
        self._kept[name] = (self._clock(), value)

    def _find(self, name: str) -> str | None:
        found = self._local.get(name)
        if found:
            return found
        at, kept = self._kept.get(name, (float("-inf"), None))
        if self._clock() - at < KEPT_SECONDS:
            return kept
        value = self._asked(lambda client: client.get_secret(_vaulted(name)).value)
        self._kept[name] = (self._clock(), value)
        return value

    def _asked(self, ask: Callable[[SecretClient], Any]) -> Any:
        """The vault's answer, None where it has no such secret."""
        client = self._client()
        from azure.core import exceptions as azure

        try:
            return ask(client)
        except azure.ResourceNotFoundError:
            return None
        except azure.ClientAuthenticationError as error:
            fix = "give the identity of this process the role Key Vault Secrets User"
            raise ConfigError("the vault does not let this process in", where=self._url, fix=fix) from error
        except azure.HttpResponseError as error:
            what = f"the vault answers {error.status_code or 'nothing that can be read'}"
            raise ConfigError(what, where=self._url, fix="see the vault's access policies and log") from error
        except azure.AzureError as error:
            what = f"the vault cannot be reached: {type(error).__name__}"
            raise ConfigError(what, where=self._url, fix="mend the address (ADP_KEY_VAULT) or the network") from error

    def _client(self) -> SecretClient:
        if self._opened is None:
            try:
                from azure.identity import DefaultAzureCredential
                from azure.keyvault.secrets import SecretClient
            except ImportError as error:
                fix = "install the extra: pip install 'agentic-data-platform[azure]'"
                raise ConfigError("Azure's client is not installed", where="ADP_KEY_VAULT", fix=fix) from error
            credential = self._credential or DefaultAzureCredential()
            self._opened = SecretClient(vault_url=self._url, credential=credential, **self._options)
        return self._opened


def _vaulted(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", name)
