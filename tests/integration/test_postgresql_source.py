"""Reads from a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from agents.core.errors import AccessRefused, SourceError, UnknownSource, Unreachable
from resources.sources import Sources, to_text
from tests.integration.servers import PASSWORD, PASSWORD_IN_URL, Server, postgresql
from tests.integration.sources_of import rss_growth, sources_of


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    with postgresql() as running:
        yield running


@pytest.fixture
def run(server: Server) -> Generator[Callable[[str], None]]:
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS "Odd ""schéma" CASCADE')
        yield lambda sql: (db.execute(sql), None)[1]


@pytest.fixture
def sources(server: Server, tmp_path: Path) -> Sources:
    return sources_of(tmp_path, "postgresql", server.url)


def table_of(sources: Sources, name: str, **read: object) -> pa.Table:
    with sources.read("db", name, **read) as stream:  # type: ignore[arg-type]
        return pa.Table.from_batches(stream, stream.schema)


def test_every_common_type_arrives_exactly(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN price AS numeric(10, 3)")
    run("""CREATE TABLE kinds (i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric(12, 2),
      nn numeric, b bool, tx text, vc varchar(10), by bytea, d date, tm time, ts timestamp, tz timestamptz, iv interval,
      u uuid, j json, jb jsonb, a int[], aa text[][], m mood, p price, mo money, ip inet, big numeric(60, 5), o oid)""")
    run("""INSERT INTO kinds VALUES (-1, 2, 9223372036854775807, 1.5, 0.1, 1234567890.12, 123456789.123456789, true,
      'Zoë''s', 'v', '\\x0001ff', '2024-02-29', '03:04:05.123456', '2024-02-29 23:59:59.999999',
      '2024-03-01 00:30:00.000001+02',
      '1 day 02:00', '7f0a1b9c-0000-4000-8000-000000000001', '{"a": 1}', '{"b": [1, 2]}', '{1,NULL,3}',
      '{{"x","y"}}', 'sad',
      12.345, 12.34, '10.0.0.1', 1234567890123456789012345678901234567890.12345, 4294967295)""")
    run("INSERT INTO kinds SELECT (NULL::kinds).*")
    table = table_of(sources, "public.kinds")
    row, nulls = table.to_pylist()
    assert set(nulls.values()) == {None}
    assert row == {
        "i2": -1, "i4": 2, "i8": 9223372036854775807, "f4": 1.5, "f8": 0.1, "n": Decimal("1234567890.12"),
        "nn": Decimal("123456789.123456789000000000"), "b": True, "tx": "Zoë's", "vc": "v", "by": b"\x00\x01\xff",
        "d": date(2024, 2, 29), "tm": "03:04:05.123456", "ts": datetime(2024, 2, 29, 23, 59, 59, 999999),
        "tz": datetime(2024, 2, 29, 22, 30, 0, 1, tzinfo=UTC), "iv": "1 day 02:00:00",
        "u": "7f0a1b9c-0000-4000-8000-000000000001", "j": '{"a": 1}', "jb": '{"b": [1, 2]}', "a": "[1,null,3]",
        "aa": '[["x","y"]]', "m": "sad", "p": Decimal("12.345"), "mo": Decimal("12.3400"), "ip": "10.0.0.1/32",
        "big": "1234567890123456789012345678901234567890.12345", "o": 4294967295,
    }  # fmt: skip
    assert table.schema.field("tz").type == pa.timestamp("us", "UTC")
    assert table.schema.field("n").type == pa.decimal128(12, 2)


def test_what_no_lake_type_holds_is_null_and_said(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE odd (n numeric(8, 2), nn numeric, t timestamptz, d date)")
    run("INSERT INTO odd VALUES ('NaN', 1e30, 'infinity', '-infinity'), (1.25, 0.1, '2024-01-01Z', '0044-03-15 BC')")
    with sources.read("db", "public.odd") as stream:
        rows = pa.Table.from_batches(stream, stream.schema).to_pylist()
    assert rows[0] == {"n": None, "nn": None, "t": None, "d": None}
    assert rows[1]["n"] == Decimal("1.25")
    assert rows[1]["nn"] == Decimal("0.1")
    assert {warning.split(":")[0] for warning in stream.warnings} == {"n", "nn", "t", "d"}


def test_catalog_has_types_keys_estimates_and_comments(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz, tags text[]); COMMENT ON TABLE orders IS 'Sales'")
    run("CREATE TABLE uniq (a int, b int NOT NULL, UNIQUE (a, b), UNIQUE (b)); CREATE TABLE loose (x int)")
    run("CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at)")
    run("CREATE TABLE parts_1 PARTITION OF parts DEFAULT")
    run("INSERT INTO orders SELECT g, now() FROM generate_series(1, 1000) g")
    run("ANALYZE orders; CREATE VIEW seen AS TABLE orders")
    tables = sources.catalog().connections["db"].tables
    assert sorted(tables) == ["public.loose", "public.orders", "public.parts", "public.seen", "public.uniq"]
    orders = tables["public.orders"]
    assert (orders.key, orders.rows, orders.description) == (("id",), 1000, "Sales")
    assert orders.columns == {"id": "bigint", "at": "timestamptz", "tags": "text[]"}
    assert tables["public.uniq"].key == ("b",)
    assert tables["public.loose"].key == ()


def test_names_with_spaces_quotes_and_unicode(run: Callable[[str], None], sources: Sources) -> None:
    run('CREATE SCHEMA "Odd ""schéma"; CREATE TABLE "Odd ""schéma"."my \'táble.x" ("a ""b" int, "ü;--" timestamptz)')
    run('INSERT INTO "Odd ""schéma"."my \'táble.x" VALUES (1, \'2024-01-01Z\'), (2, \'2024-01-02Z\')')
    name = "Odd \"schéma.my 'táble.x"
    assert table_of(sources, name).column('a "b').to_pylist() == [1, 2]
    later = table_of(sources, name, watermark="ü;--", since="2024-01-02T00:00:00.000000+00:00")
    assert later.column('a "b').to_pylist() == [2]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", "(1), (2), (3)"),
        ("date", "('2024-01-01'), ('2024-01-02'), ('2024-01-03')"),
        ("timestamp", "('2024-01-01 00:00:00.000001'), ('2024-01-01 00:00:00.000002'), ('2024-01-01 00:00:00.000003')"),
        ("timestamptz", "('2024-01-01 00:00+05'), ('2024-01-01 00:00+04'), ('2024-01-01 00:00+03')"),
        ("numeric(10, 2)", "(0.01), (0.02), (0.03)"),
        ("text", "('a''\\'), ('b\\''x'), ('c')"),
    ],
)
def test_incremental_reads_start_at_the_watermark(
    run: Callable[[str], None], sources: Sources, kind: str, values: str
) -> None:
    run(f"CREATE TABLE t (w {kind}); INSERT INTO t VALUES {values}, (NULL)")
    everything = table_of(sources, "public.t").column("w").to_pylist()
    assert len(everything) == 4
    second = everything[1]
    again = table_of(sources, "public.t", watermark="w", since=to_text(second)).column("w").to_pylist()
    assert again == everything[1:3]


def test_an_empty_table_has_its_schema(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE empty (a int, b numeric(5, 1), c uuid)")
    table = table_of(sources, "public.empty")
    assert table.num_rows == 0
    assert table.schema.types == [pa.int32(), pa.decimal128(5, 1), pa.string()]


def test_a_missing_table_names_the_nearest(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE customer_orders (a int)")
    with pytest.raises(UnknownSource) as caught:
        sources.read("db", "public.customer_order")
    assert caught.value.fields["candidates"] == ["public.customer_orders"]
    with pytest.raises(SourceError, match="no column 'zz'"):
        sources.read("db", "public.customer_orders", watermark="zz")


def test_bare_and_differently_cased_names_are_understood(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE orders (a int)")
    assert sources.table("db", "Orders").name == "public.orders"


def test_wrong_password_missing_database_and_no_server_are_told_apart(server: Server, tmp_path: Path) -> None:
    wrong = server.url.replace(PASSWORD_IN_URL, "wr0ng-one")
    for url, error in (
        (wrong, AccessRefused),
        (server.url.replace("/postgres", "/nowhere"), UnknownSource),
        ("postgresql://adp:wr0ng-one@127.0.0.1:1/postgres", Unreachable),
    ):
        sources = sources_of(tmp_path, "postgresql", url)
        with pytest.raises(error) as caught:
            sources.check("db")
        assert caught.value.fix
        assert "wr0ng-one" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert "db" in sources.catalog().connections
        assert "db" in sources.problems()


def test_a_table_one_may_not_read_is_refused(run: Callable[[str], None], server: Server, tmp_path: Path) -> None:
    run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest1'; CREATE TABLE shut (a int)")
    run("GRANT USAGE ON SCHEMA public TO guest")
    url = server.url.replace(f"adp:{PASSWORD_IN_URL}", "guest:guest1")
    with pytest.raises(AccessRefused, match=r"public\.shut"):
        sources_of(tmp_path, "postgresql", url).read("db", "public.shut")


def test_a_read_is_one_snapshot(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE t AS SELECT g AS id, repeat('x', 200) AS pad FROM generate_series(1, 300000) g")
    with sources.read("db", "public.t") as stream:
        batches = iter(stream)
        rows = next(batches).num_rows
        run("DELETE FROM t WHERE id > 250000")
        rows += sum(batch.num_rows for batch in batches)
    assert rows == 300_000


def test_memory_stays_bounded(run: Callable[[str], None], sources: Sources) -> None:
    run("CREATE TABLE big AS SELECT g AS id, repeat('x', 200) AS pad FROM generate_series(1, 1500000) g")
    with sources.read("db", "public.big", batch_rows=20_000) as stream:
        largest = 0
        with rss_growth() as growth:
            rows = 0
            for batch in stream:
                rows += batch.num_rows
                largest = max(largest, batch.num_rows)
    assert rows == 1_500_000
    assert largest <= 20_000
    assert growth.megabytes < 200  # the table has 330 MB
