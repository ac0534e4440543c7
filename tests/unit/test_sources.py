"""Connections, the catalog and its cache, watermarks as text."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.errors import ConfigError, SourceError, UnknownSource, Unreachable
from resources.sources import Sources, from_text, to_text


def nothing(name: str) -> str | None:
    return None


def sources_in(folder: Path, text: str, cache: Path | None = None) -> Sources:
    file = folder / "connections.yaml"
    file.write_text(text, "utf-8")
    return Sources(file, nothing, cache)


def database(path: Path, script: str) -> None:
    db = sqlite3.connect(path)
    db.executescript(script)
    db.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connections: [{name: a, kind: sqlite, url: x.db, descripton: y}]", "did you mean 'description'"),
        ("connection: []", "did you mean 'connections'"),
        ("connections: [{name: a, kind: oracle, url: x}]", "unknown kind 'oracle'"),
        ("connections: [{name: a, kind: sqlite}]", "url is missing"),
        ("connections: [{name: a, kind: sqlite, url: 5}]", "url must be text"),
        ("connections: [{name: a, kind: sqlite, url: x}, {name: a, kind: sqlite, url: y}]", "taken twice"),
        ("connections: {a: 1}", "must be a list"),
        ("connections: [1]", "expected a mapping"),
        ("connections: [\n  {name: a", "not valid YAML"),
        ("connections: [{name: a, kind: sqlserver, url: x, stand_in: mysql}]", "unknown stand_in"),
        ("connections: [{name: a, kind: sqlite, url: x, tables: {a: 1}}]", "tables must be a list"),
    ],
)
def test_a_wrong_connections_file_is_refused_with_the_place_and_a_fix(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        sources_in(tmp_path, text).names()
    assert "connections.yaml" in caught.value.where
    assert caught.value.fix


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@host/db",
        "mysql://me:hunter2@host:1/db?x=1",
        "mssql://host/db?password=hunter2",
        "postgresql://me:hunter2@[::1/db",
    ],
)
def test_a_password_in_the_file_is_refused_without_repeating_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="holds a password") as caught:
        sources_in(tmp_path, f"connections: [{{name: a, kind: postgresql, url: '{url}'}}]").names()
    assert "hunter2" not in str(caught.value)
    assert "${secret:" in caught.value.fix


def test_a_password_by_reference_is_fine(tmp_path: Path) -> None:
    text = "connections: [{name: a, kind: postgresql, url: 'postgresql://me:${secret:PW}@h/db'}]"
    assert sources_in(tmp_path, text).names() == ["a"]


def test_a_secret_that_is_not_set_is_named(tmp_path: Path) -> None:
    sources = sources_in(tmp_path, "connections: [{name: a, kind: postgresql, url: '${env:NOT_THERE}'}]")
    with pytest.raises(ConfigError, match="NOT_THERE is not set"):
        sources.check("a")


def test_a_secret_with_an_unusable_url_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text("connections: [{name: a, kind: mysql, url: '${secret:U}'}]")
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        Sources(file, {"U": "postgresql://me:hunter2@h/db"}.get).check("a")
    assert "hunter2" not in str(caught.value)


def test_no_file_means_no_connections(tmp_path: Path) -> None:
    assert Sources(tmp_path / "none.yaml", nothing).catalog().connections == {}


def test_one_unreachable_source_hides_no_other(tmp_path: Path) -> None:
    database(tmp_path / "a.db", "CREATE TABLE t (id integer PRIMARY KEY)")
    sources = sources_in(
        tmp_path, "connections: [{name: good, kind: sqlite, url: a.db}, {name: gone, kind: sqlite, url: none.db}]"
    )
    catalog = sources.catalog()
    assert [*catalog.connections["good"].tables] == ["t"]
    assert catalog.connections["gone"].tables == {}
    assert list(sources.problems()) == ["gone"]
    with pytest.raises(Unreachable):
        sources.check("gone")


def test_the_catalog_is_kept_on_disk_until_the_source_changes(tmp_path: Path) -> None:
    text, file = "connections: [{name: a, kind: sqlite, url: a.db}]", tmp_path / "a.db"
    database(file, "CREATE TABLE one (id integer)")
    cache = tmp_path / "cache"
    assert [*sources_in(tmp_path, text, cache).catalog().connections["a"].tables] == ["one"]
    database(file, "CREATE TABLE two (id integer)")
    assert [*sources_in(tmp_path, text, cache).catalog().connections["a"].tables] == ["one", "two"]
    file.unlink()
    gone = sources_in(tmp_path, text, cache)
    assert [*gone.catalog(refresh=True).connections["a"].tables] == ["one", "two"]
    assert "no file" in gone.problems()["a"]


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    text = "connections: [{name: a, kind: sqlite, url: a.db}]"
    database(tmp_path / "a.db", "CREATE TABLE one (id integer)")
    sources_in(tmp_path, text, tmp_path / "cache").catalog()
    for file in (tmp_path / "cache").iterdir():
        file.write_text("{broken")
    assert [*sources_in(tmp_path, text, tmp_path / "cache").catalog().connections["a"].tables] == ["one"]


def test_filters_choose_tables_by_pattern(tmp_path: Path) -> None:
    database(tmp_path / "a.db", "CREATE TABLE sales_a (x); CREATE TABLE sales_b (x); CREATE TABLE other (x)")
    sources = sources_in(tmp_path, "connections: [{name: a, kind: sqlite, url: a.db, tables: ['sales_*']}]")
    assert [*sources.catalog().connections["a"].tables] == ["sales_a", "sales_b"]
    with pytest.raises(UnknownSource):
        sources.table("a", "other")


def test_unknown_names_come_with_the_nearest(tmp_path: Path) -> None:
    database(tmp_path / "a.db", 'CREATE TABLE "sales.orders" (x); CREATE TABLE "sales.customers" (x)')
    sources = sources_in(tmp_path, "connections: [{name: sqlserver-sales, kind: sqlite, url: a.db}]")
    with pytest.raises(UnknownSource) as caught:
        sources.table("sqlserver-sale", "x")
    assert caught.value.fields["candidates"] == ["sqlserver-sales"]
    with pytest.raises(UnknownSource, match=r"sales\.orders"):
        sources.table("sqlserver-sales", "orders_table")
    with pytest.raises(SourceError, match="since needs"):
        sources.read("sqlserver-sales", "sales.orders", since="1")


@given(
    st.one_of(
        st.integers(-(2**63), 2**63 - 1).map(lambda v: (v, pa.int64())),
        st.dates().map(lambda v: (v, pa.date32())),
        st.datetimes().map(lambda v: (v, pa.timestamp("us"))),
        st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)).map(
            lambda v: (v.replace(tzinfo=timezone(timedelta(hours=5, minutes=30))), pa.timestamp("us", "UTC"))
        ),
        st.decimals(allow_nan=False, allow_infinity=False, places=4).map(lambda v: (v, pa.decimal128(38, 4))),
        st.text().map(lambda v: (v, pa.string())),
        st.binary().map(lambda v: (v, pa.binary())),
        st.floats(allow_nan=False).map(lambda v: (v, pa.float64())),
    )
)
def test_a_watermark_survives_its_text(pair: tuple[object, pa.DataType]) -> None:
    value, kind = pair
    back = from_text(to_text(value), kind)
    assert back == value
    assert to_text(back) == to_text(value)


def test_watermark_texts_are_as_documented() -> None:
    assert to_text(date(2026, 1, 31)) == "2026-01-31"
    assert to_text(datetime(2026, 1, 31, 1)) == "2026-01-31T01:00:00.000000"
    assert to_text(datetime(2026, 1, 31, 1, tzinfo=UTC)) == "2026-01-31T01:00:00.000000+00:00"
    assert to_text(Decimal("12.50")) == "12.50"
    with pytest.raises(SourceError, match="boolean"):
        to_text(True)
    with pytest.raises(SourceError, match="no int64"):
        from_text("2026-01-31", pa.int64())
