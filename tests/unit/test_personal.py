"""What specs say of personal data decides the class that policy asks about and what the evidence card shows."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from agents.core.catalog import TableId
from agents.tools.evidence.personal import personal_data
from assets.kinds.personal import data_class
from assets.kinds.spec import Table

VIEW = (TableId("dev", "masked", "clients"),)
EMAIL: dict[str, Any] = {"email": {"pii": "EMAIL_ADDRESS"}}


def table(**more: Any) -> Table:
    entry = {"name": "clients", "layer": "bronze", "source": {"connection": "c", "table": "t"}, **more}
    return TypeAdapter(Table).validate_python(entry)


@pytest.mark.parametrize(
    ("more", "views", "found"),
    [
        ({}, (), ""),
        ({"columns": {"email": {"pii": "none"}}}, (), "none"),
        ({"columns": EMAIL}, (), "unmasked"),
        ({"columns": EMAIL}, VIEW, "masked"),
        ({"columns": EMAIL, "tags": {"pii": "none"}}, (), "unmasked"),
        ({"columns": EMAIL, "tags": {"pii": "unmasked"}}, VIEW, "unmasked"),
        ({"tags": {"pii": "masked"}}, (), "masked"),
    ],
)
def test_the_stricter_of_scan_and_tag_counts(more: dict[str, Any], views: Any, found: str) -> None:
    assert data_class(table(**more), views) == found


def test_a_card_names_each_column_and_how_readers_see_it() -> None:
    entry = {
        "columns": {**EMAIL, "phone": {"pii": "PHONE_NUMBER"}, "born": {"pii": "DATE_OF_BIRTH"}, "n": {"pii": "none"}}
    }
    view = {"masked": {"source": "bronze/clients", "columns": {"phone": {"method": "hash"}}, "drop": ["born"]}}
    names = ("n", "email", "phone", "born", "later", "_source")
    found = personal_data(entry, names, masked=True, views={"masked/clients": view})
    shown = {one.column: one.mask for one in found.found}
    assert shown == {"email": "masked by its type", "phone": "hash", "born": "dropped"}
    assert found.unseen == ("later",)
    assert {one.mask for one in personal_data(entry, names, masked=False).found} == {""}
