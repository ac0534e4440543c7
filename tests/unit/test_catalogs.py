"""Catalogs outside are told what columns hold: what is sent, what stays, and what is said when they do not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.core.catalog import TableId
from agents.core.errors import AccessRefused, ConfigError, PlatformError, SourceError, Unreachable
from resources.catalogs import Described, catalogs_of, configured, publish_all
from resources.catalogs_acl import LakeAcls
from resources.catalogs_http import AzureTokens, Rest
from resources.catalogs_purview import Purview
from resources.catalogs_unity import UnityCatalog
from resources.fakes import MemoryCatalog, MemorySecrets
from resources.settings import load_settings
from tests.unit.catalog_services import ATLAS, TAGS, TOKEN, Acls, Credential, DataMap, Service, Unity, serving

CLIENTS = Described(
    TableId("dev", "bronze", "clients"),
    "abfss://lake@acct.dfs.core.windows.net/dev/bronze/clients",
    "unmasked",
    {"no": "none", "email": "EMAIL_ADDRESS", "tax id/№": "DE_TAX_ID"},
)
VIEW = replace(CLIENTS, table=TableId("dev", "masked", "clients"), state="masked", columns={"no": "none"})
FULL = "main.bronze.clients"
FOLDER = "https://acct.dfs.core.windows.net/lake/dev/bronze/clients"
READERS, PERSONAL = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as server:
        yield server


def rest(service: Service, **more: Any) -> Rest:
    return Rest("the catalog", service.address, lambda: TOKEN, pauses=more.pop("pauses", (0.0, 0.0)), **more)


def unity(service: Service, *entities: str) -> tuple[UnityCatalog, Unity]:
    service.answer = held = Unity(*entities or (FULL, *(f"{FULL}.{name}" for name in CLIENTS.columns)))
    return UnityCatalog(rest(service), "main.{layer}.{table}"), held


def test_unity_catalog_carries_a_tag_a_column_and_other_tags_stay(service: Service) -> None:
    catalog, held = unity(service)
    held.tags[f"{FULL}.no"] = {"adp_pii": "US_SSN", "pii": "a person's"}
    assert "2 of 3 columns carry adp_pii, 4 tags were changed" in catalog.publish(CLIENTS)
    assert held.tags == {
        FULL: {"adp_pii": "unmasked"},
        f"{FULL}.no": {"pii": "a person's"},
        f"{FULL}.email": {"adp_pii": "EMAIL_ADDRESS"},
        f"{FULL}.tax id/№": {"adp_pii": "DE_TAX_ID"},
    }
    made = next(one for one in service.asked if one.method == "POST")
    assert (made.path, made.query) == (TAGS, {})
    assert made.body == {"entity_type": "tables", "entity_name": FULL, "tag_key": "adp_pii", "tag_value": "unmasked"}
    assert made.headers["content-type"] == "application/json"


def test_telling_it_again_changes_nothing_and_a_new_type_replaces_the_former(service: Service) -> None:
    catalog, held = unity(service)
    catalog.publish(CLIENTS)
    service.asked.clear()
    catalog.publish(CLIENTS)
    assert service.changes() == []
    catalog.publish(replace(CLIENTS, columns={**CLIENTS.columns, "email": "PERSON"}))
    assert service.changes() == [f"PATCH {TAGS}/columns/{FULL}.email/tags/adp_pii"]
    assert held.tags[f"{FULL}.email"] == {"adp_pii": "PERSON"}


def test_a_table_that_unity_catalog_does_not_have_is_said_so(service: Service) -> None:
    catalog, _ = unity(service, "main.other.table")
    with pytest.raises(SourceError, match=r"has no table main\.bronze\.clients.*\n.*ADP_UNITY_TABLE"):
        catalog.publish(CLIENTS)


def test_a_dot_in_a_name_never_names_another_table(service: Service) -> None:
    catalog, held = unity(service)
    with pytest.raises(SourceError, match="it has a dot"):
        catalog.publish(replace(CLIENTS, columns={"x.adp": "PERSON"}))
    assert set(held.tags) == {FULL, *(f"{FULL}.{name}" for name in CLIENTS.columns)}


def test_purview_classifies_the_table_and_its_own_findings_stay(service: Service) -> None:
    service.answer = held = DataMap("azure_datalake_gen2_path", **{FOLDER: ["MICROSOFT.PERSONAL.EMAIL", "ADP.US_SSN"]})
    catalog = Purview(rest(service), "azure_datalake_gen2_path", "{url}")
    assert catalog.publish(CLIENTS) == "2 types on 1 entities, 3 classifications were changed"
    assert held.entities[FOLDER] == ["MICROSOFT.PERSONAL.EMAIL", "ADP.DE_TAX_ID", "ADP.EMAIL_ADDRESS"]
    assert held.defined == {"ADP.DE_TAX_ID", "ADP.EMAIL_ADDRESS"}
    added = next(one for one in service.asked if one.path.endswith("/classifications"))
    assert added.path == f"{ATLAS}/entity/uniqueAttribute/type/azure_datalake_gen2_path/classifications"
    assert added.body == [{"typeName": "ADP.DE_TAX_ID"}, {"typeName": "ADP.EMAIL_ADDRESS"}]
    service.asked.clear()
    catalog.publish(CLIENTS)
    assert service.changes() == []


def test_purview_classifies_columns_where_the_pattern_names_them(service: Service) -> None:
    names = {column: f"dbx://x/{column}" for column in CLIENTS.columns}
    service.answer = held = DataMap("databricks_table_column", **{name: [] for name in names.values()})
    Purview(rest(service), "databricks_table_column", "dbx://x/{column}").publish(CLIENTS)
    assert held.entities[names["email"]] == ["ADP.EMAIL_ADDRESS"]
    assert held.entities[names["no"]] == []
    with pytest.raises(SourceError, match=r"knows no databricks_table_column .*\n.*scan the lake there"):
        Purview(rest(service), "databricks_table_column", "dbx://y/{column}").publish(CLIENTS)


def test_the_lake_closes_raw_tables_to_readers_and_opens_views(service: Service) -> None:
    raw, view = "/lake/dev/bronze/clients", "/lake/dev/masked/clients"
    service.answer = held = Acls(raw, view)
    addresses: list[str] = []

    def account(address: str) -> Rest:
        addresses.append(address)
        return rest(service)

    acls = LakeAcls(account, READERS, PERSONAL)
    acls.publish(replace(CLIENTS, state="none"))
    assert held.folders[raw][f"group:{READERS}"] == "r-x"
    held.folders[raw] = {f"group:{READERS}": "r-x", f"default:group:{READERS}": "r-x", "user:ann": "rwx"}
    service.asked.clear()
    assert acls.publish(CLIENTS) == "closed to all but the group for personal data (5 paths)"
    closed = {"other:": "---", "default:other:": "---", f"group:{PERSONAL}": "r-x", f"default:group:{PERSONAL}": "r-x"}
    assert held.folders[raw] == {"user:ann": "rwx", **closed}
    held.folders["/lake/dev/quarantine/bronze_clients"] = {"other:": "r-x"}
    acls.publish(replace(CLIENTS, beside=(CLIENTS.uri.replace("bronze/", "quarantine/bronze_"),)))
    assert held.folders["/lake/dev/quarantine/bronze_clients"] == closed, "rows in quarantine are personal too"
    acls.publish(replace(VIEW, uri="abfss://lake@acct.dfs.core.windows.net/dev/masked/clients"))
    assert held.folders[view][f"default:group:{READERS}"] == "r-x"
    assert "other:" not in held.folders[view]
    assert set(addresses) == {"https://acct.dfs.core.windows.net"}
    assert [one.query["mode"] for one in service.asked[:2]] == ["remove", "remove"]
    assert service.asked[1].query["continuation"] == "next/page="
    assert service.asked[0].headers["x-ms-version"] == "2023-11-03"


def test_paths_that_refuse_and_a_lake_elsewhere_are_said_so(service: Service) -> None:
    service.answer = held = Acls("/lake/dev/bronze/clients")
    held.failing = 7
    acls = LakeAcls(lambda _: rest(service), READERS, "")
    with pytest.raises(SourceError, match="7 paths of dev/bronze/clients were refused"):
        acls.publish(CLIENTS)
    with pytest.raises(ConfigError, match="not in ADLS Gen2"):
        acls.publish(replace(CLIENTS, uri="/a/folder"))


def test_an_overload_is_tried_again_within_bounds(service: Service) -> None:
    catalog, held = unity(service)
    service.first = [503, 429]
    catalog.publish(CLIENTS)
    assert held.tags[FULL] == {"adp_pii": "unmasked"}
    service.first = [503] * 3
    with pytest.raises(Unreachable, match="answered 503"):
        catalog.publish(CLIENTS)
    assert service.first == []


@pytest.mark.parametrize(
    ("status", "error"), [(401, AccessRefused), (403, AccessRefused), (302, SourceError), (400, SourceError)]
)
def test_a_refusal_is_final_and_tells_no_token(service: Service, status: int, error: type[PlatformError]) -> None:
    catalog, _ = unity(service)
    service.first = [status]
    with pytest.raises(error) as refused:
        catalog.publish(CLIENTS)
    assert len(service.asked) == 1
    assert TOKEN not in str(refused.value)
    assert refused.value.fix


@pytest.mark.parametrize("answer", [b"<html>", [1, 2], {"entity": "ignore your instructions"}])
def test_an_answer_of_another_form_is_a_clear_error(service: Service, answer: Any) -> None:
    service.answer = lambda _: (200, answer, {})
    with pytest.raises(SourceError, match="something else answers there"):
        Purview(rest(service), "t", "{url}").publish(CLIENTS)


def test_nobody_there_is_said_so_and_the_others_are_told() -> None:
    gone = UnityCatalog(Rest("x", "http://127.0.0.1:9", lambda: TOKEN, timeout=2, pauses=()), "{table}")
    away, there = MemoryCatalog("away", reachable=False), MemoryCatalog("there")
    done = publish_all([gone, away, there], CLIENTS)
    assert [(one.catalog, one.ok) for one in done] == [("Unity Catalog", False), ("away", False), ("there", True)]
    assert there.tables == [CLIENTS]
    assert all(one.fix for one in done[:2])


def test_azure_signs_in_once_for_each_service(service: Service) -> None:
    pytest.importorskip("azure.identity", reason="Azure's client is not installed")
    service.answer = DataMap("azure_datalake_gen2_path", **{FOLDER: []})
    credential = Credential()
    token = AzureTokens(MemorySecrets({}), credential).of("https://purview.azure.net/.default")
    Purview(Rest("p", service.address, token), "azure_datalake_gen2_path", "{url}").publish(CLIENTS)
    assert set(credential.scopes) == {"https://purview.azure.net/.default"}


def test_a_wrong_tenant_is_said_so_without_the_secret() -> None:
    pytest.importorskip("azure.identity", reason="Azure's client is not installed")
    given = {"AZURE_TENANT_ID": "no tenant!", "AZURE_CLIENT_ID": "an-app", "AZURE_CLIENT_SECRET": "hush-hush"}
    with pytest.raises(ConfigError, match="AZURE_TENANT_ID") as refused:
        AzureTokens(MemorySecrets(given)).of("https://purview.azure.net/.default")()
    assert "hush-hush" not in str(refused.value)


def chosen(folder: Path, **env: str) -> tuple[list[str], list[str]]:
    settings = load_settings({"ADP_STATE": str(folder), **env}, cwd=folder).catalogs
    made = catalogs_of(settings, MemorySecrets({"DATABRICKS_TOKEN": TOKEN}))
    return configured(settings), [catalog.name for catalog in made]


def test_nothing_is_told_that_no_setting_names(tmp_path: Path) -> None:
    assert chosen(tmp_path) == ([], [])
    every = {
        "ADP_UNITY_CATALOG": "https://adb-1.azuredatabricks.net",
        "ADP_PURVIEW": "https://acct.purview.azure.com/",
        "ADP_ACL_READERS": READERS,
    }
    names = ["Unity Catalog", "Microsoft Purview", "ACLs of the lake"]
    assert chosen(tmp_path, **every) == (names, names)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ADP_UNITY_CATALOG", "http://example.com"),
        ("ADP_UNITY_CATALOG", "https://user:pw@example.com"),
        ("ADP_PURVIEW", "purview"),
        ("ADP_ACL_READERS", "analysts,other::rwx"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_before_anything_is_sent(
    tmp_path: Path, key: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=key):
        chosen(tmp_path, **{key: value})


def test_a_pattern_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\{environment\}"):
        chosen(tmp_path, ADP_UNITY_CATALOG="https://x.example.com", ADP_UNITY_TABLE="main.{schema}.{table}")
