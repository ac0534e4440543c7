"""Settings that belong together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server; an empty host means that no mail is sent."""

    host: str = ""
    port: int = 587
    sender: str = "adp@localhost"
    user: str = ""


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Catalogs that are told what tables hold; empty means that none is."""

    unity: str = ""
    unity_table: str = "{environment}.{layer}.{table}"
    purview: str = ""
    purview_type: str = "azure_datalake_gen2_path"
    purview_name: str = "{url}"
    acl_readers: str = ""
    acl_personal: str = ""
